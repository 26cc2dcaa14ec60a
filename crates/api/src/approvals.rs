//! The page on which a person decides about a call. It holds nothing: it asks for an API key, reads the approval with it,
//! and sends the decision. So whoever decides is whom the key names, and the link that leads here gives nobody anything.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use portcullis_schemas::Error;
use portcullis_schemas::ids::ApprovalId;

use crate::docs::STYLESHEET;
use crate::problem::Failure;

/// Path of the page.
pub(crate) const PAGE: &str = "/approvals/{approval_id}";
/// Path of its script.
pub(crate) const SCRIPT: &str = "/approvals/page.js";
/// The script.
pub(crate) const JS: &str = include_str!("../templates/approval.js");

/// Our own script may run, and speak with this server alone.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "approval.html")]
struct Page<'a> {
    approval: &'a str,
    stylesheet: &'static str,
    script: &'static str,
}

/// The path of the page of one approval.
pub(crate) fn page_of(approval: &str) -> String {
    PAGE.replace("{approval_id}", approval)
}

/// Where the approval itself is read.
pub(crate) fn resource_of(approval: &str) -> String {
    format!("/integrations/approvals/{approval}")
}

/// Answers [`PAGE`]. The same for every approval, whether there is one or not.
pub(crate) async fn page(Path(approval): Path<String>) -> Response {
    if approval.parse::<ApprovalId>().is_err() {
        return Failure::from(Error::not_found("approval")).into_response();
    }
    let page = Page { approval: &approval, stylesheet: STYLESHEET, script: SCRIPT };
    let Ok(text) = page.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    (headers, text).into_response()
}

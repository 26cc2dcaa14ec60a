//! The page on which a person begins to connect an account, the one that an authorization server sends a browser back to, and
//! the document that tells it who we are (OAuth Client ID
//! Metadata Document). The page holds nothing and changes nothing by itself: it asks for the API key that began the attempt,
//! and completes it with that. So nobody can have another log in for them.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::{HeaderValue, StatusCode};
use portcullis_schemas::Error;
use portcullis_schemas::ids::ServerId;
use portcullis_spine::Spine;
use portcullis_spine::options::{CALLBACK, CLIENT_DOCUMENT};
use serde_json::{Value, json};

use crate::approvals::POLICY;
use crate::docs::STYLESHEET;
use crate::problem::Failure;

/// Path of the script of the page that begins.
pub(crate) const BEGIN_SCRIPT: &str = "/connections/begin.js";
/// That script.
pub(crate) const BEGIN_JS: &str = include_str!("../templates/connect.js");
/// Path of the page's script.
pub(crate) const SCRIPT: &str = "/connections/page.js";
/// The script.
pub(crate) const JS: &str = include_str!("../templates/connection.js");

#[derive(Template)]
#[template(path = "connection.html")]
struct Page {
    stylesheet: &'static str,
    script: &'static str,
}

#[derive(Template)]
#[template(path = "connect.html")]
struct BeginPage<'a> {
    server: &'a str,
    stylesheet: &'static str,
    script: &'static str,
}

/// The pages, and the document where this server serves it itself.
pub(crate) fn routes(spine: &Spine) -> Router {
    let of_server = format!("{CALLBACK}/{{server_id}}");
    let router = Router::new()
        .route("/connections/{server_id}", get(begin))
        .route(CALLBACK, get(page))
        .route(&of_server, get(page));
    match document(spine) {
        None => router,
        Some(document) => router.route(CLIENT_DOCUMENT, get(move || async move { answer(document) })),
    }
}

/// The same for every attempt. What the browser came with is in the address that it asks for: it is not looked at here, nor
/// logged, and goes on to nobody, since the page refers nowhere. A code is good once, and for who has the verifier.
async fn page() -> Response {
    shown(&Page { stylesheet: STYLESHEET, script: SCRIPT })
}

/// The same for every server, whether there is one or not.
async fn begin(Path(server): Path<String>) -> Response {
    if server.parse::<ServerId>().is_err() {
        return Failure::from(Error::not_found("server")).into_response();
    }
    shown(&BeginPage { server: &server, stylesheet: STYLESHEET, script: BEGIN_SCRIPT })
}

fn shown(page: &impl Template) -> Response {
    let Ok(text) = page.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, text).into_response()
}

/// Who we are. `None` while the operator has not said under which `https` origin we are reached, or has another serve it.
fn document(spine: &Spine) -> Option<Value> {
    let options = spine.options();
    let id = options.client_id().filter(|_| options.client_document.is_none())?;
    Some(json!({
        "client_id": id,
        "client_name": "Portcullis",
        "client_uri": options.public_url,
        "redirect_uris": [options.callback()?],
        "application_type": "web",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }))
}

fn answer(document: Value) -> Response {
    ([(CACHE_CONTROL, HeaderValue::from_static("max-age=300"))], Json(document)).into_response()
}

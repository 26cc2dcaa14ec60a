//! What tells a client how to come by an access token: the metadata of this resource (RFC 9728) and the challenges of
//! refusals (RFC 6750 section 3, RFC 9728 section 5.1). Nothing of it is there unless the operator lets tokens in.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use portcullis_schemas::api_keys::tokens::TokenSettings;
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::integrations::toolsets::ToolsetName;
use portcullis_schemas::operation::Authority;
use portcullis_schemas::principal::Scope;
use portcullis_schemas::{Error, ErrorKind};
use portcullis_spine::Spine;
use serde_json::{Value, json};

use crate::agents::MOUNT;
use crate::problem::Failure;

/// Where the metadata of a resource is: this, and then the resource's path (RFC 9728 section 3.1).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The routes of the metadata. That of a toolset does not say whether there is one, since nobody is known here.
pub(crate) fn metadata(spine: &Spine) -> Router {
    let Some(settings) = spine.options().tokens.clone() else { return Router::new() };
    let whole = document(&settings, "", &[Scope::Invoke, Scope::Read, Scope::Admin]);
    let toolset = move |Path(name): Path<String>| async move {
        match ToolsetName::new(name.as_str()) {
            Ok(_) => answer(document(&settings, &format!("{MOUNT}{name}"), &[Scope::Invoke])),
            Err(_) => Failure::from(Error::not_found("toolset")).into_response(),
        }
    };
    Router::new()
        .route(WELL_KNOWN, get(move || async move { answer(whole) }))
        .route(&format!("{WELL_KNOWN}{MOUNT}{{toolset}}"), get(toolset))
}

/// How a refusal tells its caller what token would do.
#[derive(Debug)]
pub(crate) struct Challenge<'a> {
    pub(crate) spine: &'a Spine,
    /// The path of the resource, as in [`Spine::authenticate_at`].
    pub(crate) path: &'a str,
    /// What the operation asks for.
    pub(crate) authority: Authority,
}

impl Challenge<'_> {
    /// The header, for refusals that a better token would mend.
    pub(crate) fn header(&self, kind: ErrorKind, code: Code) -> Option<HeaderValue> {
        let settings = self.spine.options().tokens.as_ref()?;
        let error = match kind {
            ErrorKind::Unauthenticated => "",
            ErrorKind::Denied if code == codes::AUTHORITY_DENIED => "error=\"insufficient_scope\", ",
            _ => return None,
        };
        let TokenSettings { resource, scope_prefix, .. } = settings;
        let (path, scope) = (self.path, self.authority.as_str());
        let text = format!(
            "Bearer {error}scope=\"{scope_prefix}{scope}\", resource_metadata=\"{resource}{WELL_KNOWN}{path}\""
        );
        // The path may hold anything; then the challenge is the plain one.
        HeaderValue::from_str(&text).ok().filter(|_| !path.contains(['"', '\\']))
    }
}

fn document(settings: &TokenSettings, path: &str, scopes: &[Scope]) -> Value {
    let scopes: Vec<String> =
        scopes.iter().map(|scope| format!("{}{scope}", settings.scope_prefix)).collect();
    let issuers: Vec<&str> = settings.issuers.iter().map(|issuer| issuer.issuer.as_str()).collect();
    json!({
        "resource": format!("{}{path}", settings.resource),
        "authorization_servers": issuers,
        "scopes_supported": scopes,
        "bearer_methods_supported": ["header"],
        "resource_name": "Portcullis",
    })
}

fn answer(document: Value) -> Response {
    ([(CACHE_CONTROL, HeaderValue::from_static("max-age=300"))], Json(document)).into_response()
}

//! Liveness and readiness, for whoever runs the process. They need no key and tell no detail.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use portcullis_schemas::codes;
use portcullis_schemas::{Error, ErrorKind, PortError};
use portcullis_spine::{Ports, Spine};

use crate::problem::Failure;

pub(crate) const LIVE: &str = "/healthz";
pub(crate) const READY: &str = "/readyz";

/// Longer than the ledger's own limit for a write; what takes longer is not ready.
const LONGEST: Duration = Duration::from_secs(2);

pub(crate) fn is_probe(parts: &Parts) -> bool {
    matches!(parts.uri.path(), LIVE | READY)
}

/// The process runs and answers.
pub(crate) async fn live() -> Response {
    answer("{\"status\":\"alive\"}")
}

/// A call could be recorded and a store read now.
pub(crate) async fn ready(spine: Spine) -> Response {
    match tokio::time::timeout(LONGEST, look(spine.ports())).await {
        Ok(Ok(())) => answer("{\"status\":\"ready\"}"),
        Ok(Err(error)) => Failure::from(not_ready().with_source(error)).into_response(),
        Err(_) => Failure::from(not_ready().with_internal("no answer within 2 s")).into_response(),
    }
}

fn answer(json: &'static str) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], json).into_response()
}

async fn look(ports: &Ports) -> Result<(), PortError> {
    ports.ledger.ready().await?;
    ports.store.read().await.map(drop)
}

fn not_ready() -> Error {
    Error::new(ErrorKind::Unavailable, codes::STORE_UNAVAILABLE, "it cannot be served now: retry later")
}

//! Liveness and readiness, for whoever runs the process. They need no key and tell no detail.

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use portcullis_schemas::codes;
use portcullis_schemas::{Error, ErrorKind, PortError};
use portcullis_spine::{Ports, Spine};
use tokio::sync::Mutex;

use crate::problem::Failure;

pub(crate) const LIVE: &str = "/healthz";
pub(crate) const READY: &str = "/readyz";

/// Longer than the ledger's own limit for a write; what takes longer is not ready.
const LONGEST: Duration = Duration::from_secs(2);
/// How long a look holds.
const HOLDS: Duration = Duration::from_millis(500);

pub(crate) fn is_probe(parts: &Parts) -> bool {
    matches!(parts.uri.path(), LIVE | READY)
}

/// The process runs and answers.
pub(crate) async fn live() -> Response {
    answer("{\"status\":\"alive\"}")
}

/// A call could be recorded and a store read now.
pub(crate) async fn ready(spine: Spine, readiness: Arc<Readiness>) -> Response {
    if spine.is_closing() {
        let message = "this process is about to end: send nothing more here";
        return Failure::from(Error::new(ErrorKind::Unavailable, codes::SHUTTING_DOWN, message))
            .into_response();
    }
    match tokio::time::timeout(LONGEST, readiness.look(spine.ports())).await {
        Ok(Ok(())) => answer("{\"status\":\"ready\"}"),
        Ok(Err(error)) => Failure::from(error).into_response(),
        Err(_) => Failure::from(not_ready().with_internal("no answer within 2 s")).into_response(),
    }
}

/// The last look. One probe looks at a time, and what it saw holds for [`HOLDS`]: looking writes to the ledger and
/// needs no key, so that a flood of probes must not crowd out the records of calls.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    last: Mutex<Option<(Duration, bool)>>,
}

impl Readiness {
    async fn look(&self, ports: &Ports) -> Result<(), Error> {
        let mut last = self.last.lock().await;
        let age = |at| ports.clock.monotonic().saturating_sub(at);
        match *last {
            Some((at, true)) if age(at) < HOLDS => return Ok(()),
            Some((at, false)) if age(at) < HOLDS => return Err(not_ready().with_internal("seen just before")),
            _ => {}
        }
        let looked = look(ports).await;
        *last = Some((ports.clock.monotonic(), looked.is_ok()));
        looked.map_err(|error| not_ready().with_source(error))
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

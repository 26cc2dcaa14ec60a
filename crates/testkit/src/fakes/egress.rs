//! An egress that opens nothing: it judges by a list of origins and answers from a script.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use portcullis_schemas::egress::{Egress, EgressBody, EgressError, EgressRequest, EgressResponse};
use portcullis_schemas::ids::TenantId;
use serde_json::Value;

use crate::lock::locked;

/// An answer of the script.
#[derive(Clone, Debug)]
pub struct ScriptedResponse {
    status: u16,
    headers: Vec<(String, String)>,
    chunks: VecDeque<Result<Bytes, EgressError>>,
}

impl ScriptedResponse {
    /// Status, headers (lower-case names) and the body's pieces; a failed piece ends the body.
    pub fn new(status: u16, headers: &[(&str, &str)], chunks: Vec<Result<Bytes, EgressError>>) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self { status, headers: headers.iter().map(owned).collect(), chunks: chunks.into() }
    }

    /// A JSON answer in one piece.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, &[("content-type", "application/json")], vec![Ok(Bytes::from(body.to_string()))])
    }
}

/// An [`Egress`] that lets a list of origins through and refuses all others by the rule `origin`.
#[derive(Debug)]
pub struct ScriptedEgress {
    origins: Vec<String>,
    answers: Mutex<VecDeque<Result<ScriptedResponse, EgressError>>>,
    requests: Mutex<Vec<(TenantId, EgressRequest)>>,
}

impl ScriptedEgress {
    /// Lets exactly these origins through, written as `https://mcp.example`.
    pub fn allowing(origins: &[&str]) -> Self {
        let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
        Self { origins, answers: Mutex::default(), requests: Mutex::default() }
    }

    /// Answers the next request that is let through with this.
    pub fn answer(&self, response: ScriptedResponse) {
        locked(&self.answers).push_back(Ok(response));
    }

    /// Fails the next request that is let through with this.
    pub fn fail(&self, error: EgressError) {
        locked(&self.answers).push_back(Err(error));
    }

    /// The requests that were let through, in order.
    pub fn requests(&self) -> Vec<(TenantId, EgressRequest)> {
        locked(&self.requests).clone()
    }

    fn judged(&self, url: &str) -> Result<String, EgressError> {
        let is_of = |origin: &String| {
            url.strip_prefix(origin).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match self.origins.iter().find(|origin| is_of(origin)) {
            Some(origin) if url.len() == origin.len() => Ok(format!("{url}/")),
            Some(_) => Ok(url.to_owned()),
            None => Err(EgressError::refused("origin")),
        }
    }
}

#[async_trait]
impl Egress for ScriptedEgress {
    async fn send(&self, tenant: &TenantId, request: EgressRequest) -> Result<EgressResponse, EgressError> {
        self.judged(&request.url)?;
        locked(&self.requests).push((tenant.clone(), request));
        let next = locked(&self.answers).pop_front();
        let response =
            next.unwrap_or_else(|| panic!("ScriptedEgress: the script holds no further answer"))?;
        let ScriptedResponse { status, headers, chunks } = response;
        Ok(EgressResponse { status, headers, body: Box::new(ScriptedBody { chunks }) })
    }

    async fn judge(&self, _: &TenantId, url: &str) -> Result<String, EgressError> {
        self.judged(url)
    }
}

struct ScriptedBody {
    chunks: VecDeque<Result<Bytes, EgressError>>,
}

#[async_trait]
impl EgressBody for ScriptedBody {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, EgressError> {
        self.chunks.pop_front().transpose()
    }
}

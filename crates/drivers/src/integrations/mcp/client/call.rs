//! `tools/call`.

use std::sync::Arc;

use portcullis_mcp::headers::{Header, declared_params, param_headers};
use portcullis_mcp::jsonrpc::{Id, notification};
use portcullis_mcp::messages::{CallKind, CallResult, call_params, cancelled_params, method};
use portcullis_mcp::version::Era;
use portcullis_schemas::codes;
use portcullis_schemas::egress::{Egress, EgressLimits, EgressRequest};
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::mcp::wire::{Conduct, McpFailure, ToolCall, ToolReply};
use portcullis_schemas::json::RawJson;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use super::failure::{NotAnswered, unsent};
use super::link::{Ask, Link};
use super::session::{Spoken, send_unawaited};

/// Calls a tool, once.
pub(super) async fn call(
    link: &Link<'_>,
    spoken: &Spoken,
    call: &ToolCall,
) -> Result<ToolReply, NotAnswered> {
    let id = link.new_id()?;
    let unusable = |detail: String| unsent(codes::UPSTREAM_PROTOCOL, detail);
    let arguments = to_raw_value(&call.arguments).map_err(|_| unusable("arguments: not JSON".to_owned()))?;
    let params = call_params(&call.name, &arguments, &link.meta(spoken.version()));
    let params = params.map_err(|error| unusable(error.to_string()))?;
    let mut ask = Ask::new(&id, method::TOOLS_CALL, spoken, Some(&params));
    ask.name = Some(&call.name);
    if spoken.era() == Era::Modern {
        ask.more_headers = mirrored(&call.definition, &arguments).map_err(unusable)?;
    }
    let guard = (spoken.era() == Era::Legacy).then(|| CancelOnDrop::new(link, spoken, &id));
    let answer = link.result(spoken, ask).await;
    if let Some(guard) = guard {
        guard.settle(&answer);
    }
    let (result, beside) = answer.map_err(unanswered)?;
    let conduct = if spoken.is_shared() { Conduct::Overreach } else { beside };
    let result = CallResult::parse(&result).map_err(NotAnswered::Result)?;
    match result.kind {
        CallKind::Complete { is_error } => Ok(ToolReply {
            result: result.raw.into(),
            is_error,
            protocol_version: spoken.version().as_str().into(),
            redacted: false,
            conduct,
        }),
        CallKind::InputRequired { asks: true } => {
            let detail = "the server asks for further input (`input_required`), which was not offered";
            Err(McpFailure::new(codes::INPUT_REFUSED, detail, true).into())
        }
        CallKind::InputRequired { asks: false } => {
            let detail = "the server hands out state (`requestState`), which is not carried for it";
            Err(McpFailure::new(codes::STATE_REFUSED, detail, true).into())
        }
    }
}

/// A call that was sent whole and whose connection then ended without a word: the server may have acted, and nobody can
/// say. It is never sent again by itself.
fn unanswered(problem: NotAnswered) -> NotAnswered {
    match problem {
        NotAnswered::Unanswered(error) => McpFailure::new(codes::OUTCOME_UNKNOWN, error.detail, true).into(),
        problem => problem,
    }
}

/// The arguments that the definition wants mirrored into headers.
fn mirrored(definition: &RawJson, arguments: &RawValue) -> Result<Vec<Header>, String> {
    #[derive(Deserialize)]
    struct Definition<'a> {
        #[serde(borrow, rename = "inputSchema")]
        input_schema: &'a RawValue,
    }
    // Most definitions hold no annotation; a member name may be written with escapes.
    if !definition.as_str().contains("x-mcp-header") && !definition.as_str().contains("\\u") {
        return Ok(Vec::new());
    }
    let Ok(definition) = serde_json::from_str::<Definition<'_>>(definition.as_str()) else {
        return Ok(Vec::new());
    };
    let declared = declared_params(definition.input_schema).map_err(|violations| {
        violations
            .first()
            .map_or_else(|| "x-mcp-header: invalid".to_owned(), |violation| violation.rule.to_string())
    })?;
    param_headers(&declared, arguments).map_err(|error| error.to_string())
}

/// Tells a legacy server that we no longer wait, when the future is dropped or the deadline passes: a closed
/// connection does not say so in that era.
struct CancelOnDrop {
    armed: Option<EgressRequest>,
    egress: Arc<dyn Egress>,
    tenant: TenantId,
}

impl CancelOnDrop {
    fn new(link: &Link<'_>, spoken: &Spoken, id: &Id) -> Self {
        let params = cancelled_params(id, "the caller no longer waits");
        let body = notification(method::CANCELLED, Some(&params));
        let request =
            link.post(&Ask::new(id, method::CANCELLED, spoken, None), body, EgressLimits::default());
        Self { armed: Some(request), egress: Arc::clone(link.egress), tenant: link.tenant.clone() }
    }

    /// Disarms, unless the server is still at work.
    fn settle<T>(mut self, answer: &Result<T, NotAnswered>) {
        let still_at_work = matches!(answer, Err(NotAnswered::Failed(failure))
            if failure.code == codes::UPSTREAM_TIMEOUT && failure.may_have_acted);
        if !still_at_work {
            self.armed = None;
        }
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(request) = self.armed.take() {
            send_unawaited(&self.egress, &self.tenant, request);
        }
    }
}

//! `tools/call`, and what else is asked of a server for an agent: `prompts/get`, `resources/read`, `completion/complete`.

use std::sync::Arc;

use portcullis_mcp::headers::{Header, declared_params, param_headers};
use portcullis_mcp::messages::{
    CallKind, CallResult, Completing, MAX_REQUEST_STATE, Retry, complete_params, is_task, parse_result,
    read_params, retry_params,
};
use portcullis_mcp::meta::OutgoingMeta;
use portcullis_mcp::version::Era;
use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::input::ServerInput;
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::mcp::wire::{Conduct, McpFailure, ToolCall, ToolReply};
use portcullis_schemas::json::RawJson;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::cancel::CancelOnDrop;
use super::failure::{NotAnswered, lacking, protocol, unsent};
use super::held::{Held, Holds, refuse_lapsed};
use super::link::{Ask, Got, Link};
use super::session::Spoken;

/// Most requests of one call: the first, and those that its server asks for before it answers.
const MAX_ROUNDS: usize = 4;
/// Most notifications of a call whose progress somebody wants to hear of.
const MAX_PROGRESS: usize = 10_000;

/// Calls a tool, or asks what else the call's method says, once. A modern server that answers by a wish for input has not
/// answered yet. If its caller can be asked, what it asks is the reply. Else it hears that there is nobody to give it, and
/// gets its state back, as often as [`MAX_ROUNDS`] allows. What a legacy server asks meanwhile is a reply too, and the
/// call is held.
pub(super) async fn call(
    link: &Link<'_>,
    spoken: &Arc<Spoken>,
    call: &ToolCall,
    holds: &Arc<Holds>,
) -> Result<ToolReply, NotAnswered> {
    let relays = spoken.era() == Era::Modern && !call.input.accepts.is_empty();
    let mut retry = continued(spoken, &call.input)?;
    let mut asks = true;
    let mut worst = Conduct::Fair;
    for round in 0..MAX_ROUNDS {
        let (result, conduct) = match exchange(link, spoken, call, &retry).await {
            // The rounds before have reached the server, whatever became of this one.
            Err(problem) if round > 0 => {
                let failure = problem.into_failure();
                let conduct = worst.max(failure.conduct);
                return Err(McpFailure { may_have_acted: true, conduct, ..failure }.into());
            }
            Ok(Exchanged::Asked(held)) => return Ok(holds.keep(link, *held)?),
            Ok(Exchanged::Result(result, conduct)) => (result, conduct),
            Err(problem) => return Err(problem),
        };
        worst = worst.max(conduct);
        let is_error = match result.kind {
            CallKind::Complete { is_error } => is_error,
            CallKind::InputRequired { asks: true } if relays => false,
            CallKind::InputRequired { asks: wanted } => {
                asks = wanted;
                let is_retried = spoken.era() == Era::Modern && call.method != CallMethod::Complete;
                if !is_retried {
                    break;
                }
                retry = Retry::dismissing(&result).map_err(|_| unanswerable(true))?;
                if retry.state_len() > MAX_REQUEST_STATE {
                    asks = false;
                    break;
                }
                continue;
            }
        };
        return Ok(reply(spoken, result.raw, is_error, worst));
    }
    Err(unanswerable(asks).into())
}

/// What goes to the server of the round before.
fn continued(spoken: &Spoken, input: &ServerInput) -> Result<Retry, McpFailure> {
    refuse_lapsed(spoken, input)?;
    let raw = |text: &Option<RawJson>| text.clone().map(RawJson::into_raw);
    Ok(Retry::with(raw(&input.responses), raw(&input.state)))
}

/// A server that goes on asking, for what nobody will give it, or with more state than is carried for it.
pub(super) fn unanswerable(asks: bool) -> McpFailure {
    if asks {
        let detail = "the server asks for further input (`input_required`), which was not offered";
        return McpFailure::new(codes::INPUT_REFUSED, detail, true);
    }
    let detail =
        "the server hands out state (`requestState`) without end, or more of it than is carried for it";
    McpFailure::new(codes::STATE_REFUSED, detail, true)
}

/// What one request comes to.
enum Exchanged {
    /// Its result, and what the server did besides.
    Result(CallResult, Conduct),
    /// A legacy server waits for answers.
    Asked(Box<Held>),
}

/// One request, under an id of its own.
async fn exchange(
    link: &Link<'_>,
    spoken: &Arc<Spoken>,
    call: &ToolCall,
    retry: &Retry,
) -> Result<Exchanged, NotAnswered> {
    let id = link.new_id()?;
    let unusable = |detail: String| unsent(codes::UPSTREAM_PROTOCOL, detail);
    let progress_token = link.progress_token()?;
    let meta = OutgoingMeta {
        progress_token: progress_token.clone(),
        capabilities: link.declared,
        ..link.meta(spoken.version())
    };
    let (params, name) = wire_params(call, retry, &meta).map_err(unusable)?;
    let mut ask = Ask::new(&id, call.method.as_str(), spoken, Some(&params));
    ask.name = name;
    if progress_token.is_some() {
        ask.limits.max_notifications = MAX_PROGRESS;
        ask.progress_token = progress_token;
    }
    if spoken.era() == Era::Modern && call.method == CallMethod::CallTool {
        let arguments = raw(&call.arguments).map_err(unusable)?;
        ask.more_headers = mirrored(&call.definition, &arguments).map_err(unusable)?;
    }
    let is_legacy = spoken.era() == Era::Legacy;
    if is_legacy && call.method != CallMethod::Complete {
        ask.accepts = link.declared;
    }
    let guard = is_legacy.then(|| CancelOnDrop::new(link, spoken, &id));
    let answer = link.result_or_questions(spoken, &ask).await;
    if let Some(guard) = guard {
        guard.settle(&answer);
    }
    match answer.map_err(|problem| lacking(unanswered(problem), link.declared))? {
        Got::Result(result, beside) => {
            let conduct = conduct_in(spoken, beside);
            read(call.method, &result).map(|result| Exchanged::Result(result, conduct))
        }
        Got::Asked(stream, questions) => {
            let held = Held::new(link, spoken, (&ask, call.method), stream, questions);
            Ok(Exchanged::Asked(Box::new(held)))
        }
    }
}

/// The result of a call's method.
pub(super) fn read(method: CallMethod, result: &RawValue) -> Result<CallResult, NotAnswered> {
    match parse_result(method.as_str(), result) {
        Ok(result) => Ok(result),
        Err(_) if is_task(result) => Err(undeclared_task().into()),
        Err(error) => Err(NotAnswered::Result(error)),
    }
}

/// How a server behaved that did this besides its answer.
pub(super) fn conduct_in(spoken: &Spoken, beside: Conduct) -> Conduct {
    if spoken.is_shared() { Conduct::Overreach } else { beside }
}

/// The reply of a server that has answered.
pub(super) fn reply(spoken: &Spoken, result: Box<RawValue>, is_error: bool, conduct: Conduct) -> ToolReply {
    ToolReply {
        result: result.into(),
        is_error,
        protocol_version: spoken.version().as_str().into(),
        redacted: false,
        conduct,
    }
}

/// A handle in place of a result, which may as well be another's: no client of this gate has asked for tasks.
fn undeclared_task() -> McpFailure {
    let failure = protocol("result: a task, though the client has declared none");
    McpFailure { conduct: Conduct::Overreach, ..failure }
}

/// The parameters of the call's method, and what `Mcp-Name` says of them.
fn wire_params<'c>(
    call: &'c ToolCall,
    retry: &Retry,
    meta: &OutgoingMeta,
) -> Result<(Box<RawValue>, Option<&'c str>), String> {
    let name = call.name.as_str();
    match call.method {
        CallMethod::ReadResource => {
            // The URI that a template stands for; a resource is its own.
            let uri = call.arguments.get("uri").and_then(Value::as_str).unwrap_or(name);
            Ok((read_params(uri, retry, meta), Some(uri)))
        }
        CallMethod::Complete => {
            let of = match call.kind {
                ItemKind::Prompt => Completing::Prompt(name.into()),
                _ => Completing::Template(name.into()),
            };
            let argument = raw(call.arguments.get("argument").unwrap_or(&Value::Null))?;
            let arguments = call.arguments.get("arguments").map(raw).transpose()?;
            Ok((complete_params(&of, &argument, arguments.as_deref(), meta), None))
        }
        _ => {
            let params = retry_params(name, &raw(&call.arguments)?, retry, meta);
            Ok((params.map_err(|error| error.to_string())?, Some(name)))
        }
    }
}

/// A call that was sent whole and whose connection then ended without a word: the server may have acted, and nobody can
/// say. It is never sent again by itself.
pub(super) fn unanswered(problem: NotAnswered) -> NotAnswered {
    match problem {
        NotAnswered::Unanswered(error) => McpFailure::new(codes::OUTCOME_UNKNOWN, error.detail, true).into(),
        problem => problem,
    }
}

fn raw<T: Serialize>(value: &T) -> Result<Box<RawValue>, String> {
    to_raw_value(value).map_err(|_| "arguments: not JSON".to_owned())
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

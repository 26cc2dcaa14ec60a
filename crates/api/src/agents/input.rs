//! What an agent's request brings for the server besides arguments: what its client can be asked for, and the answers to
//! what was asked (specification 2026-07-28, multi round-trip requests). Agents of the legacy era, who have no sessions
//! here, bring nothing.

use portcullis_mcp::capabilities::ClientCapabilities;
use portcullis_mcp::ladder::AcceptedRequest;
use portcullis_mcp::messages::Continuation;
use portcullis_mcp::version::Era;
use portcullis_schemas::integrations::mcp::input::{AgentAnswers, AgentInput, InputKind};

use super::failures::Refused;
use super::methods::invalid;

/// Reads it.
///
/// # Errors
/// What was expected, when state or answers are of another form or too large.
pub(super) fn input_of(accepted: &AcceptedRequest<'_>) -> Result<AgentInput, Refused> {
    if accepted.era != Era::Modern {
        return Ok(AgentInput::default());
    }
    let going = Continuation::parse(accepted.request.params).map_err(|error| invalid(&error.to_string()))?;
    let continues = going.map(answers).transpose()?;
    Ok(AgentInput { accepts: kinds(declared(accepted)), continues })
}

/// What the client of a modern request declares.
pub(super) fn declared(accepted: &AcceptedRequest<'_>) -> ClientCapabilities {
    let declared = accepted.meta.client_capabilities.as_deref();
    declared.map(ClientCapabilities::parse).unwrap_or_default()
}

fn kinds(declared: ClientCapabilities) -> Vec<InputKind> {
    let is_declared =
        |kind: &InputKind| capability(*kind).is_some_and(|needed| needed.without(declared).is_empty());
    InputKind::ALL.iter().copied().filter(is_declared).collect()
}

/// What a client declares that can be asked for it; `None` for what is not relayed.
pub(super) fn capability(kind: InputKind) -> Option<ClientCapabilities> {
    let none = ClientCapabilities::default();
    Some(match kind {
        InputKind::Elicitation => ClientCapabilities { form: true, ..none },
        InputKind::UrlElicitation => ClientCapabilities { url: true, ..none },
        InputKind::Sampling => ClientCapabilities { sampling: true, ..none },
        InputKind::SamplingTools => ClientCapabilities { sampling: true, sampling_tools: true, ..none },
        InputKind::Roots => ClientCapabilities { roots: true, ..none },
        _ => return None,
    })
}

fn answers(going: Continuation<'_>) -> Result<AgentAnswers, Refused> {
    if going.state.len() > AgentAnswers::MAX_STATE {
        return Err(invalid("`params.requestState`: expected the one that was given out with the questions"));
    }
    if going.responses.is_some_and(|all| all.get().len() > AgentAnswers::MAX_RESPONSES) {
        return Err(invalid("`params.inputResponses`: expected at most 256 KiB"));
    }
    let responses = going.responses.map(|all| all.to_owned().into());
    Ok(AgentAnswers { state: going.state, responses })
}

//! Questions to a client of an earlier revision: requests on the stream of its own, within its session.

use rmcp::model::{
    ErrorCode, InputRequest, InputRequiredResult, InputResponses, ServerRequest,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};

use crate::rounds::Round;

/// Whether this client has no rounds.
pub(crate) fn is_asked_here(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_none_or(|version| version.has_initialize())
}

/// Asks all at once, and waits for the answers.
///
/// # Errors
/// When the client does not answer one of them.
pub(crate) async fn ask(
    asked: InputRequiredResult,
    context: &RequestContext<RoleServer>,
) -> Result<Round, ErrorData> {
    let questions = asked.input_requests.unwrap_or_default();
    let (names, requests): (Vec<_>, Vec<_>) = questions.into_iter().unzip();
    let mut handles = Vec::new();
    for request in requests {
        let request = match request {
            InputRequest::CreateMessage(request) => ServerRequest::CreateMessageRequest(request),
            InputRequest::Elicitation(request) => ServerRequest::ElicitRequest(request),
            InputRequest::ListRoots(request) => ServerRequest::ListRootsRequest(request),
            _ => return Err(unanswered("a question of a kind that this server does not ask")),
        };
        let sent = context.peer.send_request_with_option(request, rmcp::service::PeerRequestOptions::no_options()).await;
        handles.push(sent.map_err(unanswered)?);
    }
    let mut responses = InputResponses::new();
    for (name, handle) in names.into_iter().zip(handles) {
        let answer = handle.await_response().await.map_err(unanswered)?;
        responses.insert(name, serde_json::to_value(answer).map_err(unanswered)?);
    }
    Ok(Round::new(Some(responses), asked.request_state))
}

fn unanswered(why: impl ToString) -> ErrorData {
    ErrorData::new(ErrorCode::INTERNAL_ERROR, why.to_string(), None)
}

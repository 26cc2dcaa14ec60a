//! Calls whose agent wants to hear of their progress. Until there is some, nothing is committed to: a call that is refused,
//! or says nothing, is answered as any other. From the first notification on the answer is an event stream.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use portcullis_mcp::jsonrpc::{Id, notification};
use portcullis_mcp::ladder::AcceptedRequest;
use portcullis_mcp::messages::{method, progress_params};
use portcullis_schemas::Error;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::mcp::progress::ProgressSink;
use portcullis_schemas::json::RawJson;
use portcullis_spine::Slot;
use tokio::sync::mpsc;

use super::Agent;
use super::failures::too_late;
use super::written::{Writer, event_stream};

/// Notifications that wait for a slow reader; further ones are dropped. Each tells all that the one before did.
const WAITING: usize = 64;

/// A request whose progress its agent wants to hear of.
pub(super) struct Wanted {
    id: Id,
    token: Id,
}

/// Whether the agent wants to hear of this request's progress, and it is one that can tell.
pub(super) fn wanted(accepted: &AcceptedRequest<'_>) -> Option<Wanted> {
    let can_tell = [method::TOOLS_CALL, method::PROMPTS_GET, method::RESOURCES_READ];
    let token = accepted.meta.progress_token.clone();
    let token = token.filter(|_| can_tell.contains(&accepted.request.method.as_ref()))?;
    Some(Wanted { id: accepted.request.id.clone(), token })
}

/// Answers the call in `body`, which has passed the ladder. When the connection goes away, the call is cancelled, whatever
/// was sent of its answer.
///
/// # Errors
/// As for a call without progress, as long as nothing was sent.
pub(super) async fn answer(
    mut agent: Agent,
    body: Bytes,
    room: Slot<TenantId>,
    Wanted { id, token }: Wanted,
) -> Result<Response, Error> {
    let (sender, mut told) = mpsc::channel(WAITING);
    agent.progress = Some(ProgressSink::new(move |params| {
        let _ = sender.try_send(params);
    }));
    let mut call = Box::pin(async move {
        let _room = room;
        agent.answer(&body).await
    });
    let first = tokio::select! {
        biased;
        Some(first) = told.recv() => first,
        answer = &mut call => return answer.map(IntoResponse::into_response),
    };
    Ok(event_stream(move |writer| async move {
        pass_on(&writer, first, &token).await;
        let passing = async {
            loop {
                tokio::select! {
                    biased;
                    Some(params) = told.recv() => pass_on(&writer, params, &token).await,
                    answered = &mut call => break answered,
                }
            }
        };
        let answer = writer.alive_while(passing).await;
        // What was told before the end is passed on before it.
        while let Ok(params) = told.try_recv() {
            pass_on(&writer, params, &token).await;
        }
        let last = answer.unwrap_or_else(|error| too_late(&id, &error));
        writer.message(&last.body).await;
    }))
}

async fn pass_on(writer: &Writer, params: RawJson, token: &Id) {
    let params = progress_params(&params.into_raw(), token);
    writer.message(&notification(method::PROGRESS, Some(&params))).await;
}

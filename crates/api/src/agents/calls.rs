//! Calls, which reach a server and may take their time. At first nothing is committed to: a call that is refused, or is
//! answered soon, is answered as any other request. Once it has told of its progress, or nothing for a while, the answer is an
//! event stream, so that nobody on the way takes the connection for dead. Every client takes one: the ladder has seen to it.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use portcullis_mcp::jsonrpc::{Id, notification};
use portcullis_mcp::ladder::AcceptedRequest;
use portcullis_mcp::messages::{method, progress_params};
use portcullis_mcp::version::Era;
use portcullis_schemas::Error;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::mcp::progress::ProgressSink;
use portcullis_spine::Slot;
use tokio::sync::mpsc;

use super::failures::too_late;
use super::under_way::Entry;
use super::written::{KEEP_ALIVE, event_stream};
use super::{Agent, Told};

/// Notifications that wait for a slow reader; further ones are dropped. Each tells all that the one before did.
const WAITING: usize = 64;

/// How long a call may take and still be answered by one JSON message, with a status of its own.
const SOON: Duration = KEEP_ALIVE;

/// What is to be known of a call before it is made.
pub(super) struct Call {
    id: Id,
    era: Era,
    /// Under which its agent wants to hear of its progress, if it does and the call can tell.
    token: Option<Id>,
}

/// The call that a request is, if it is one.
pub(super) fn call_of(accepted: &AcceptedRequest<'_>) -> Option<Call> {
    let can_tell = match accepted.request.method.as_ref() {
        method::TOOLS_CALL | method::PROMPTS_GET | method::RESOURCES_READ => true,
        method::COMPLETE => false,
        _ => return None,
    };
    let token = accepted.meta.progress_token.clone().filter(|_| can_tell);
    Some(Call { id: accepted.request.id.clone(), era: accepted.era, token })
}

/// Answers the call in `body`, which has passed the ladder. When the connection goes away, the call is cancelled, whatever
/// was sent of its answer. One that its agent calls off is owed no answer: its stream ends without one.
///
/// # Errors
/// As for any other request, as long as nothing was sent.
pub(super) async fn answer(
    mut agent: Agent,
    body: Bytes,
    room: Slot<TenantId>,
    Call { id, era, token }: Call,
) -> Result<Response, Error> {
    let (sender, mut told) = mpsc::channel(WAITING);
    agent.progress = token.map(|token| {
        ProgressSink::new(move |params| {
            let params = progress_params(&params.into_raw(), &token);
            let _ = sender.try_send(notification(method::PROGRESS, Some(&params)));
        })
    });
    // A modern agent calls off by closing the connection.
    let entry = (era == Era::Legacy).then(|| agent.under_way.enter(agent.name_of(id.clone())));
    let mut call = Box::pin(async move {
        let _room = room;
        until_called_off(agent.answer(&body), entry.as_ref()).await
    });
    let first = tokio::select! {
        biased;
        Some(first) = told.recv() => Some(first),
        end = &mut call => return match end {
            Some(answer) => answer.map(IntoResponse::into_response),
            None => Ok(event_stream(|_| async {})),
        },
        () = tokio::time::sleep(SOON) => None,
    };
    Ok(event_stream(move |writer| async move {
        match first {
            Some(first) => writer.message(&first).await,
            None => writer.keep_alive(),
        }
        let passing = async {
            loop {
                tokio::select! {
                    biased;
                    Some(progress) = told.recv() => writer.message(&progress).await,
                    end = &mut call => break end,
                }
            }
        };
        let Some(answer) = writer.alive_while(passing).await else { return };
        // What was told before the end is passed on before it.
        while let Ok(progress) = told.try_recv() {
            writer.message(&progress).await;
        }
        let last = answer.unwrap_or_else(|error| too_late(&id, &error));
        writer.message(&last.body).await;
    }))
}

/// The answer; `None` if the call was called off before it. What is dropped then is what a closed connection drops.
async fn until_called_off(
    answer: impl Future<Output = Result<Told, Error>>,
    entry: Option<&Entry>,
) -> Option<Result<Told, Error>> {
    let Some(entry) = entry else { return Some(answer.await) };
    tokio::select! {
        biased;
        answer = answer => Some(answer),
        () = entry.called_off() => None,
    }
}

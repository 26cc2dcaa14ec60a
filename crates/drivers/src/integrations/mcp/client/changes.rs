//! Hearing from a server that its lists have changed: from a modern one on a stream that is asked for, from a legacy one on
//! the stream of its session.
//!
//! Source: specification 2026-07-28, subscriptions; 2025-11-25, streamable HTTP, listening for messages from the server.

use std::time::Duration;

use portcullis_mcp::answer::{AnswerError, Answered, Collector, Expected, Oddities, Signal};
use portcullis_mcp::capabilities::ClientCapabilities;
use portcullis_mcp::jsonrpc::request;
use portcullis_mcp::messages::{ListChanges, listen_params, method};
use portcullis_mcp::version::Era;
use portcullis_schemas::codes;
use portcullis_schemas::egress::{EgressBody, EgressLimits};
use portcullis_schemas::integrations::mcp::listening::ListWatch;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::mcp::wire::{Conduct, McpFailure};
use tokio::time::timeout;

use super::aside::Aside;
use super::failure::{NotAnswered, challenged, conduct_beside, unsent};
use super::link::{Ask, Link};
use super::resume::is_cut;
use super::session::Spoken;

/// How long it may take to find out what a server speaks.
pub(super) const PROBING: Duration = Duration::from_secs(30);
/// The egress ends a stream a little later than it is listened to, so that its end is no failure.
const LATER: Duration = Duration::from_secs(2);

/// Listens until the operation's time is over, or the server ends its stream.
pub(super) async fn hear(link: &Link<'_>, spoken: &Spoken, watch: &ListWatch) -> Result<(), NotAnswered> {
    let id = link.new_id()?;
    let params = listen_params(wanted(watch), &link.meta(spoken.version()));
    let ask = Ask::new(&id, method::LISTEN, spoken, Some(&params));
    let stream = match spoken.era() {
        Era::Modern => subscribe(link, &ask).await?,
        Era::Legacy => link.open_stream(&ask, link.remaining()? + LATER).await?.ok_or_else(silent)?,
    };
    watch.sink.tell();
    // What it says after that is for nobody.
    let Ok(ended) = timeout(link.remaining()?, follow(link, &ask, stream, watch)).await else {
        return Ok(());
    };
    ended
}

/// Has a modern server tell of its lists.
async fn subscribe(link: &Link<'_>, ask: &Ask<'_>) -> Result<Aside, NotAnswered> {
    let limits = EgressLimits { total: link.remaining()? + LATER, ..EgressLimits::default() };
    let message = link.post(ask, request(ask.id, ask.method, ask.params), limits);
    let response = link.egress.send(link.tenant, message).await?;
    if let Some(failure) = challenged(&response, &link.target.url) {
        return Err(failure.into());
    }
    let accepts = ClientCapabilities::default();
    let expected = Expected { id: ask.id.clone(), era: Era::Modern, progress_token: None, accepts };
    let content_type = response.header("content-type");
    let collector = Collector::begin(response.status, content_type, expected, ask.limits).map_err(
        |error| match error {
            AnswerError::HttpStatus(status) => NotAnswered::Status(status),
            error => NotAnswered::Broken(error),
        },
    )?;
    Ok(Aside { body: response.body, collector })
}

async fn follow(link: &Link<'_>, ask: &Ask<'_>, stream: Aside, watch: &ListWatch) -> Result<(), NotAnswered> {
    let Aside { mut body, mut collector } = stream;
    while !collector.is_complete() {
        let chunk = match body.next_chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            // Connections on which little is said are cut by many a proxy.
            Err(error) if is_cut(&error) && !error.is_breach => break,
            Err(error) => return Err(error.into()),
        };
        let signals = collector.push(&chunk).map_err(NotAnswered::Broken)?;
        refuse_more(collector.oddities())?;
        for signal in signals {
            match signal {
                Signal::ListChanged => watch.sink.tell(),
                // All that is left is whether anybody is there.
                Signal::ServerRequest(request) => link.reply(ask, &request).await,
                Signal::Progress(_) | Signal::Question(_) => {}
            }
        }
    }
    ended(collector, body)
}

/// In an orderly way or not: only an error is a reason not to listen again.
fn ended(collector: Collector, body: Box<dyn EgressBody>) -> Result<(), NotAnswered> {
    match collector.finish() {
        Ok((Answered::Result(_), _)) => body.reuse(),
        Ok((Answered::Error(error), _)) => return Err(super::failure::refused(&error)),
        Err(AnswerError::Truncated) => {}
        Err(error) => return Err(NotAnswered::Broken(error)),
    }
    Ok(())
}

/// Nobody waits for anything else here: what a server does besides is heard of, and it is not listened to any more.
fn refuse_more(oddities: Oddities) -> Result<(), NotAnswered> {
    match conduct_beside(oddities) {
        Conduct::Fair => Ok(()),
        conduct => {
            let detail = "the server answers or asks on the stream on which it tells of its lists";
            let failure = McpFailure::new(codes::UPSTREAM_PROTOCOL, detail, true);
            Err(McpFailure { conduct, ..failure }.into())
        }
    }
}

fn wanted(watch: &ListWatch) -> ListChanges {
    let has = |kind| watch.lists.contains(&kind);
    ListChanges {
        tools: has(ItemKind::Tool),
        prompts: has(ItemKind::Prompt),
        resources: has(ItemKind::Resource),
    }
}

fn silent() -> NotAnswered {
    let detail = "the server has no stream on which it could tell of its lists";
    unsent(codes::UPSTREAM_ERROR, detail.to_owned()).into()
}

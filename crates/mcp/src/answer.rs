//! The client's view of one POST: from response bytes to the one answer that belongs to our request.
//!
//! One [`Collector`] serves one POST and is dropped with it: an answer can never reach another call. It reads a JSON
//! body or an event stream, stops at the response with our id, counts notifications, hands out progress for our own
//! token, and surfaces requests of a legacy server so that the transport can answer them. What a server does besides that
//! no correct one does is told as [`Oddities`].

mod asked;
mod stream;

use std::time::Duration;

use serde_json::value::RawValue;

use crate::capabilities::ClientCapabilities;
use crate::headers::{EVENT_STREAM, JSON};
use crate::jsonrpc::{EnvelopeError, EnvelopeProblem, ErrorObject, Id, Message, Outcome, Response, parse};
use crate::messages::{Progress, method};
use crate::scan::{Gauge, GaugeError, JsonLimits};
use crate::sse::{Parser, SseError, SseLimits};
use crate::version::Era;

/// What one POST waits for.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The id of our request, minted for it alone.
    pub id: Id,
    /// The era that the request speaks.
    pub era: Era,
    /// The progress token that we sent. Progress for any other token is counted and ignored.
    pub progress_token: Option<String>,
    /// What a legacy server was told that it may ask for.
    pub accepts: ClientCapabilities,
}

/// Caps of one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerLimits {
    /// For each message.
    pub json: JsonLimits,
    /// For an event stream.
    pub sse: SseLimits,
    /// For a JSON body, in bytes after content decoding.
    pub max_body_bytes: usize,
    /// Notifications and server requests before the response.
    pub max_notifications: usize,
    /// For `requestState`, in bytes as written.
    pub max_state_bytes: usize,
}

impl Default for AnswerLimits {
    /// 4 MiB, 1000 notifications, 16 KiB of state, and the defaults of the parts.
    fn default() -> Self {
        Self {
            json: JsonLimits::STRICT,
            sse: SseLimits::default(),
            max_body_bytes: 4 << 20,
            max_notifications: 1000,
            max_state_bytes: 16 << 10,
        }
    }
}

/// The response to our request.
#[derive(Clone, Debug)]
pub enum Answered {
    /// The raw `result`, byte for byte.
    Result(Box<RawValue>),
    /// The `error`.
    Error(ErrorObject),
}

/// What arrives before the response.
#[derive(Clone, Debug)]
pub enum Signal {
    /// Progress of our request: the `params`, byte for byte. It must not extend the call's absolute deadline.
    Progress(Box<RawValue>),
    /// A request of a legacy server: POST [`ServerRequest::reply`] and read on.
    ServerRequest(ServerRequest),
    /// The server says that one of its lists has changed.
    ListChanged,
    /// A request of a legacy server for what it was told that it may ask for: POST [`Question::answer`] when there is one.
    Question(Question),
}

pub use asked::{Question, ServerRequest};

/// What a server did besides answering. None of it changes the answer; somebody should hear of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Answers to what nobody asked by this POST. They reach nobody.
    pub foreign_answers: usize,
    /// Requests that the gateway refused: for the client's model, files or people.
    pub refused_requests: usize,
    /// Our request was answered again; the first answer holds.
    pub answered_twice: bool,
    /// Members of a message that a reader who does not mind case takes for members of the protocol.
    pub case_variants: bool,
}

impl Oddities {
    /// These, and what the server did on another stream.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            foreign_answers: self.foreign_answers + other.foreign_answers,
            refused_requests: self.refused_requests + other.refused_requests,
            answered_twice: self.answered_twice || other.answered_twice,
            case_variants: self.case_variants || other.case_variants,
        }
    }
}

/// Why there is no answer. Nothing of the server's text is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// 202 or 204: accepted, but a request needs an answer.
    #[error("the server answered {0} without a body; a request needs a response")]
    NoAnswer(u16),
    /// The HTTP status says failure and the body holds no JSON-RPC response.
    #[error("the server answered HTTP {0} without a JSON-RPC response")]
    HttpStatus(u16),
    /// A success that is neither JSON nor an event stream.
    #[error("content type: expected application/json or text/event-stream")]
    ContentType,
    /// The JSON body is larger than the cap.
    #[error("body: larger than {limit} bytes")]
    BodyTooLarge {
        /// The cap.
        limit: usize,
    },
    /// A success with an empty body.
    #[error("body: empty")]
    Empty,
    /// A message that is no strict JSON-RPC.
    #[error("{0}")]
    Envelope(EnvelopeError),
    /// The event stream broke a cap or its text rules.
    #[error("{0}")]
    Sse(SseError),
    /// Responses to something that this POST did not ask, and none to what it asked.
    #[error("response id: differs from the id of the request")]
    IdMismatch,
    /// The same on a stream whose events have ids, and which ended so: what another session is owed.
    #[error("event stream: ended with events of another session and without the response")]
    ForeignEvents,
    /// `requestState` is larger than the cap.
    #[error("requestState: larger than {limit} bytes")]
    StateTooLarge {
        /// The cap.
        limit: usize,
    },
    /// A JSON body that holds a request or a notification.
    #[error("body: expected a response")]
    NotAResponse,
    /// A modern server sent a request, which its era forbids.
    #[error("event stream: a request from the server, which the modern era forbids")]
    ServerRequest,
    /// More messages before the response than the cap.
    #[error("event stream: more than {limit} notifications before the response")]
    TooManyNotifications {
        /// The cap.
        limit: usize,
    },
    /// The event stream ended before the response.
    #[error("event stream: ended before the response")]
    Truncated,
}

/// How to go on with a stream that ended too early (2025-11-25, streamable HTTP, resumability).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumption {
    /// For the `Last-Event-ID` header.
    pub last_event_id: String,
    /// The least time to wait before. The server's advice: it may be longer than anybody has time.
    pub wait: Duration,
}

/// Longest event id that is sent back.
const MAX_EVENT_ID: usize = 1024;
/// Milliseconds to wait where the server does not say.
const DEFAULT_RETRY: u64 = 1000;

/// Collects one answer.
#[derive(Debug)]
pub struct Collector {
    status: u16,
    expected: Expected,
    limits: AnswerLimits,
    body: Body,
    answered: Option<Answered>,
    notifications: usize,
    oddities: Oddities,
}

#[derive(Debug)]
enum Body {
    Json(Vec<u8>, Gauge),
    Events(Parser),
}

impl Collector {
    /// Judges status and content type. 401, 403, 404 of a session, 429 and redirects are the transport's to handle
    /// before; other failures are read, because they may carry a JSON-RPC error.
    ///
    /// # Errors
    /// 202 and 204; a body of another type than the two.
    pub fn begin(
        status: u16,
        content_type: Option<&str>,
        expected: Expected,
        limits: AnswerLimits,
    ) -> Result<Self, AnswerError> {
        let success = (200..300).contains(&status);
        if matches!(status, 202 | 204) {
            return Err(AnswerError::NoAnswer(status));
        }
        let body = match media_type(content_type).as_deref() {
            Some(JSON) => Body::Json(Vec::new(), Gauge::new(limits.json, limits.max_state_bytes)),
            Some(EVENT_STREAM) => Body::Events(Parser::new(limits.sse)),
            _ if success => return Err(AnswerError::ContentType),
            _ => return Err(AnswerError::HttpStatus(status)),
        };
        let oddities = Oddities::default();
        Ok(Self { status, expected, limits, body, answered: None, notifications: 0, oddities })
    }

    /// Takes the next bytes of the body. After [`Self::is_complete`] only oddities are seen in them: stop reading.
    ///
    /// # Errors
    /// [`AnswerError`]: close the connection.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Signal>, AnswerError> {
        let most = self.limits.max_body_bytes;
        match &mut self.body {
            Body::Events(_) => self.push_events(bytes),
            Body::Json(body, gauge) => {
                let room = most.saturating_sub(body.len());
                let taken = &bytes[..bytes.len().min(room)];
                let status = self.status;
                gauge.push(taken).map_err(|error| match status {
                    200..300 => measured(error),
                    status => AnswerError::HttpStatus(status),
                })?;
                if taken.len() < bytes.len() {
                    return Err(AnswerError::BodyTooLarge { limit: most });
                }
                // Doubled, but never beyond the cap.
                if body.capacity() - body.len() < taken.len() {
                    let wanted = (body.capacity() * 2).clamp(body.len() + taken.len(), most);
                    body.reserve_exact(wanted - body.len());
                }
                body.extend_from_slice(taken);
                Ok(Vec::new())
            }
        }
    }

    /// What the server did besides, so far.
    #[must_use]
    pub fn oddities(&self) -> Oddities {
        self.oddities
    }

    /// Whether the body is an event stream, on which more than the response may come.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        matches!(self.body, Body::Events(_))
    }

    /// Whether the response has arrived (never before the end of a JSON body).
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.answered.is_some()
    }

    /// The last event id of a legacy stream.
    #[must_use]
    pub fn last_event_id(&self) -> Option<&str> {
        match &self.body {
            Body::Json(..) => None,
            Body::Events(parser) => parser.last_event_id(),
        }
    }

    /// How a legacy stream that ended before the response is resumed; `None` if it cannot be: a modern stream, a JSON
    /// body, a stream whose events have no id, or an id that no header can carry; or that has held answers to others.
    #[must_use]
    pub fn resumption(&self) -> Option<Resumption> {
        let Body::Events(parser) = &self.body else { return None };
        let id =
            parser.last_event_id().filter(|_| self.expected.era == Era::Legacy && !self.is_complete())?;
        let fits = self.oddities.foreign_answers == 0
            && id.len() <= MAX_EVENT_ID
            && id.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Resumption {
            last_event_id: id.to_owned(),
            wait: Duration::from_millis(parser.retry().unwrap_or(DEFAULT_RETRY)),
        })
    }

    /// Goes on with the stream that a GET with `Last-Event-ID` opened. All caps hold for both together.
    ///
    /// # Errors
    /// Anything but a success with an event stream.
    pub fn resume(&mut self, status: u16, content_type: Option<&str>) -> Result<(), AnswerError> {
        match (&mut self.body, media_type(content_type).as_deref()) {
            _ if !(200..300).contains(&status) => Err(AnswerError::HttpStatus(status)),
            (Body::Events(parser), Some(EVENT_STREAM)) => {
                parser.restart();
                Ok(())
            }
            _ => Err(AnswerError::ContentType),
        }
    }

    /// Why there is no answer when the body breaks off here: what was wrong with it already, if anything was.
    #[must_use]
    pub fn unanswered(&self) -> Option<AnswerError> {
        match &self.body {
            _ if self.oddities.foreign_answers == 0 => None,
            Body::Events(parser) if parser.last_event_id().is_some() => Some(AnswerError::ForeignEvents),
            _ => Some(AnswerError::IdMismatch),
        }
    }

    /// The answer, once complete or at the end of the body, and what came besides.
    ///
    /// # Errors
    /// [`AnswerError`] when there is none.
    pub fn finish(self) -> Result<(Answered, Oddities), AnswerError> {
        let Self { status, expected, limits, body, answered, mut oddities, .. } = self;
        match (answered, &body) {
            (Some(answered), _) => Ok((answered, oddities)),
            (None, Body::Events(parser)) => Err(match oddities.foreign_answers {
                0 => AnswerError::Truncated,
                _ if parser.last_event_id().is_some() => AnswerError::ForeignEvents,
                _ => AnswerError::IdMismatch,
            }),
            (None, Body::Json(body, _)) => {
                let read = json_answer(body, &expected, &limits.json, &mut oddities);
                read.map(|answered| (answered, oddities)).map_err(|error| match status {
                    200..300 => error,
                    status => AnswerError::HttpStatus(status),
                })
            }
        }
    }
}

fn measured(error: GaugeError) -> AnswerError {
    match error {
        GaugeError::Scan(error) => {
            AnswerError::Envelope(EnvelopeError { problem: EnvelopeProblem::Limit(error), id: None })
        }
        GaugeError::StateTooLarge { limit } => AnswerError::StateTooLarge { limit },
    }
}

fn json_answer(
    body: &[u8],
    expected: &Expected,
    limits: &JsonLimits,
    oddities: &mut Oddities,
) -> Result<Answered, AnswerError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(AnswerError::Empty);
    }
    match parse(body, limits).map_err(AnswerError::Envelope)? {
        Message::Response(response) => {
            oddities.case_variants |= response.case_variants;
            ours(response, expected).ok_or(AnswerError::IdMismatch)
        }
        Message::Request(_) | Message::Notification(_) => Err(AnswerError::NotAResponse),
    }
}

/// Nothing for another's: the id must match in type and value. An error without id belongs to the POST that carried it.
fn ours(response: Response<'_>, expected: &Expected) -> Option<Answered> {
    if response.id.is_some_and(|id| id != expected.id) {
        return None;
    }
    Some(match response.outcome {
        Outcome::Result(result) => Answered::Result(result.to_owned()),
        Outcome::Error(error) => Answered::Error(error),
    })
}

/// The media type without parameters, in lower case.
fn media_type(content_type: Option<&str>) -> Option<String> {
    content_type?.split(';').next().map(|kind| kind.trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests;

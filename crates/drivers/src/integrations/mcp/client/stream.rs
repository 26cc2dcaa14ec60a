//! Reading an answer, from its first byte to the response, or to questions of a legacy server that somebody may answer.

use std::time::Duration;

use bytes::Bytes;
use portcullis_mcp::answer::{
    AnswerError, Answered, Collector, Expected, Oddities, Question, ServerRequest, Signal,
};
use portcullis_schemas::codes;
use portcullis_schemas::egress::{EgressBody, EgressError, EgressLimits, EgressResponse, EgressStage};
use tokio::time::timeout;

use super::link::{Ask, DRAIN, Link};

/// Requests of a legacy server that are heard during one of ours.
const MAX_SERVER_REQUESTS: usize = 16;
/// How long the answer to a server's request may take to be delivered.
const REPLY_TIME: Duration = Duration::from_secs(2);
/// How long further questions are waited for, once one has come: what a server asks at once is answered at once.
const TOGETHER: Duration = Duration::from_millis(50);

/// An answer that is being read.
pub(super) struct Stream {
    pub(super) status: u16,
    pub(super) body: Box<dyn EgressBody>,
    pub(super) collector: Collector,
    /// Requests of the server so far.
    server_requests: usize,
    /// How often it was resumed.
    pub(super) resumed: usize,
}

/// What reading comes to.
pub(super) enum Read {
    /// The answer, or why there is none.
    Ended(Result<(Answered, Oddities), AnswerError>),
    /// The server waits for answers to these.
    Asked(Stream, Vec<Question>),
}

impl Link<'_> {
    /// Reads the answer to a request from its head on.
    pub(super) async fn collect(&self, ask: &Ask<'_>, response: EgressResponse) -> Result<Read, EgressError> {
        let expected = Expected {
            id: ask.id.clone(),
            era: ask.version.era(),
            progress_token: ask.progress_token.clone(),
            accepts: ask.accepts,
        };
        let status = response.status;
        match Collector::begin(status, response.header("content-type"), expected, ask.limits) {
            Ok(collector) => {
                let body = response.body;
                self.read(ask, Stream { status, body, collector, server_requests: 0, resumed: 0 }).await
            }
            Err(error) => Ok(Read::Ended(Err(error))),
        }
    }

    /// Reads on.
    pub(super) async fn read(&self, ask: &Ask<'_>, mut stream: Stream) -> Result<Read, EgressError> {
        let mut asked = Vec::new();
        while !stream.collector.is_complete() {
            let next = if asked.is_empty() {
                self.next_chunk(ask, &mut stream).await
            } else {
                match timeout(TOGETHER, stream.body.next_chunk()).await {
                    Ok(Ok(Some(chunk))) => Ok(Some(chunk)),
                    // However it ended: that is seen when somebody has answered, and reads on.
                    _ => return Ok(Read::Asked(stream, asked)),
                }
            };
            let chunk = match next {
                Ok(Some(chunk)) => chunk,
                ended => match self.resume(ask, &mut stream, ended.as_ref().err()).await {
                    Some(body) => {
                        stream.body = body;
                        continue;
                    }
                    None => match ended {
                        Ok(_) => break,
                        Err(error) => {
                            let why = stream.collector.unanswered();
                            return why.map_or(Err(error), |why| Ok(Read::Ended(Err(why))));
                        }
                    },
                },
            };
            let signals = match stream.collector.push(&chunk) {
                Ok(signals) => signals,
                Err(error) => return Ok(Read::Ended(Err(error))),
            };
            for signal in signals {
                stream.server_requests += usize::from(!matches!(signal, Signal::Progress(_)));
                if stream.server_requests > MAX_SERVER_REQUESTS {
                    let error = AnswerError::TooManyNotifications { limit: MAX_SERVER_REQUESTS };
                    return Ok(Read::Ended(Err(error)));
                }
                match signal {
                    Signal::Question(question) => asked.push(question),
                    Signal::ServerRequest(request) => self.reply(ask, &request).await,
                    Signal::Progress(params) => {
                        if let Some(sink) = &self.progress {
                            sink.tell(params.into());
                        }
                    }
                }
            }
        }
        Ok(Read::Ended(stream.finish().await))
    }

    /// The next piece. A stream that may be held is open for longer than the operation has.
    async fn next_chunk(&self, ask: &Ask<'_>, stream: &mut Stream) -> Result<Option<Bytes>, EgressError> {
        if ask.accepts.is_empty() {
            return stream.body.next_chunk().await;
        }
        let late = || EgressError {
            stage: EgressStage::Body,
            code: codes::UPSTREAM_TIMEOUT,
            detail: "the body did not end in time".into(),
            is_breach: false,
        };
        let left = self.remaining().map_err(|_| late())?;
        timeout(left, stream.body.next_chunk()).await.unwrap_or_else(|_| Err(late()))
    }

    /// Answers a server's request by itself. Whether it arrives changes nothing for ours.
    async fn reply(&self, ask: &Ask<'_>, request: &ServerRequest) {
        let Ok(left) = self.remaining() else { return };
        let limits = EgressLimits { total: REPLY_TIME.min(left), ..EgressLimits::default() };
        match self.egress.send(self.tenant, self.post(ask, request.reply(), limits)).await {
            Ok(response) => response.body.reuse(),
            Err(error) => {
                tracing::debug!(code = %error.code, "a reply to an MCP server's request was not delivered");
            }
        }
    }
}

impl Stream {
    /// The answer, once it is complete or its body has ended.
    async fn finish(mut self) -> Result<(Answered, Oddities), AnswerError> {
        if self.collector.is_complete() {
            // What has come with the response, and may contradict it, is looked at; nothing is waited for.
            if let Ok(Ok(Some(chunk))) = timeout(Duration::ZERO, self.body.next_chunk()).await {
                let _ = self.collector.push(&chunk);
            }
            if self.collector.oddities() == Oddities::default() {
                drain(self.body);
            }
            return self.collector.finish();
        }
        let answered = self.collector.finish();
        if answered.is_ok() {
            self.body.reuse();
        }
        answered
    }
}

/// Reads a stream to its end, unless it does not end soon: then its connection is closed.
fn drain(mut body: Box<dyn EgressBody>) {
    tokio::spawn(timeout(DRAIN, async move {
        while let Ok(Some(_)) = body.next_chunk().await {}
        body.reuse();
    }));
}

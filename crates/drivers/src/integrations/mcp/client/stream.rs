//! Reading an answer, from its first byte to the response, or to questions of a legacy server that somebody may answer.

use std::time::Duration;

use bytes::Bytes;
use portcullis_mcp::answer::{
    AnswerError, Answered, Collector, Expected, Oddities, Question, ServerRequest, Signal,
};
use portcullis_schemas::codes;
use portcullis_schemas::egress::{EgressBody, EgressError, EgressLimits, EgressResponse, EgressStage};
use tokio::time::timeout;

use super::aside::Aside;
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
    /// Where a server that may ask may ask too.
    aside: Option<Aside>,
    /// Requests of the server so far.
    server_requests: usize,
    /// How often it was resumed.
    pub(super) resumed: usize,
}

/// What comes next.
enum Piece {
    /// Of the call's own stream, as its body tells it.
    Own(Result<Option<Bytes>, EgressError>),
    /// What was said beside.
    Aside(Vec<Signal>),
    /// Nothing in time.
    Nothing,
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
    pub(super) async fn collect(
        &self,
        ask: &Ask<'_>,
        response: EgressResponse,
        aside: Option<Aside>,
    ) -> Result<Read, EgressError> {
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
                self.read(ask, Stream { status, body, collector, aside, server_requests: 0, resumed: 0 })
                    .await
            }
            Err(error) => Ok(Read::Ended(Err(error))),
        }
    }

    /// Reads on.
    pub(super) async fn read(&self, ask: &Ask<'_>, mut stream: Stream) -> Result<Read, EgressError> {
        let mut asked = Vec::new();
        while !stream.collector.is_complete() {
            let signals = match self.next(ask, &mut stream, !asked.is_empty()).await {
                Piece::Own(Ok(Some(chunk))) => match stream.collector.push(&chunk) {
                    Ok(signals) => signals,
                    Err(error) => return Ok(Read::Ended(Err(error))),
                },
                Piece::Aside(signals) => signals,
                // However its own stream ended: that is seen when somebody has answered, and reads on.
                _ if !asked.is_empty() => return Ok(Read::Asked(stream, asked)),
                Piece::Nothing => return Err(late()),
                Piece::Own(ended) => match self.resume(ask, &mut stream, ended.as_ref().err()).await {
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

    /// What comes next, and where. A stream that may be held is open for longer than the operation has.
    async fn next(&self, ask: &Ask<'_>, stream: &mut Stream, has_asked: bool) -> Piece {
        if ask.accepts.is_empty() {
            return Piece::Own(stream.body.next_chunk().await);
        }
        let Ok(left) = self.remaining() else { return Piece::Nothing };
        let patience = if has_asked { TOGETHER.min(left) } else { left };
        let aside = async {
            match &mut stream.aside {
                Some(aside) => aside.body.next_chunk().await,
                None => std::future::pending().await,
            }
        };
        let beside = tokio::select! {
            biased;
            own = stream.body.next_chunk() => return Piece::Own(own),
            beside = aside => beside,
            () = tokio::time::sleep(patience) => return Piece::Nothing,
        };
        Piece::Aside(stream.heard(beside.ok().flatten()))
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
    /// What the server did besides, so far.
    pub(super) fn oddities(&self) -> Oddities {
        let beside = self.aside.as_ref().map(|aside| aside.collector.oddities()).unwrap_or_default();
        self.collector.oddities().and(beside)
    }

    /// What was said beside. Once it ends, or breaks a rule, it is not listened to any more.
    fn heard(&mut self, chunk: Option<Bytes>) -> Vec<Signal> {
        let aside = self.aside.as_mut();
        match aside.zip(chunk).map(|(aside, chunk)| aside.collector.push(&chunk)) {
            Some(Ok(signals)) => signals,
            _ => {
                self.aside = None;
                Vec::new()
            }
        }
    }

    /// The answer, once it is complete or its body has ended.
    async fn finish(mut self) -> Result<(Answered, Oddities), AnswerError> {
        let beside = self.aside.take().map(|aside| aside.collector.oddities()).unwrap_or_default();
        self.own().await.map(|(answered, oddities)| (answered, oddities.and(beside)))
    }

    async fn own(mut self) -> Result<(Answered, Oddities), AnswerError> {
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

fn late() -> EgressError {
    EgressError {
        stage: EgressStage::Body,
        code: codes::UPSTREAM_TIMEOUT,
        detail: "the body did not end in time".to_owned(),
        is_breach: false,
    }
}

/// Reads a stream to its end, unless it does not end soon: then its connection is closed.
fn drain(mut body: Box<dyn EgressBody>) {
    tokio::spawn(timeout(DRAIN, async move {
        while let Ok(Some(_)) = body.next_chunk().await {}
        body.reuse();
    }));
}

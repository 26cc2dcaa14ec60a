//! Reading an answer, from its first byte to the response, or to questions of a legacy server that somebody may answer.

use std::time::Duration;

use bytes::Bytes;
use portcullis_mcp::answer::{
    AnswerError, Answered, Collector, Expected, Oddities, Question, ServerRequest, Signal,
};
use portcullis_mcp::capabilities::ClientCapabilities;
use portcullis_schemas::codes;
use portcullis_schemas::egress::{EgressBody, EgressError, EgressLimits, EgressResponse, EgressStage};
use tokio::time::{Instant, sleep_until, timeout};

use super::aside::Aside;
use super::link::{Ask, DRAIN, Link};

/// Requests of a legacy server that are heard during one of ours.
const MAX_SERVER_REQUESTS: usize = 16;
/// How long the answer to a server's request may take to be delivered.
const REPLY_TIME: Duration = Duration::from_secs(2);
/// How long further questions are waited for, once one has come: what a server asks at once is answered at once.
const TOGETHER: Duration = Duration::from_millis(50);
/// How long further questions are waited for before answers are given: what has come already is looked at.
const MEANWHILE: Duration = Duration::from_millis(10);

/// An answer that is being read.
pub(super) struct Stream {
    pub(super) status: u16,
    pub(super) body: Box<dyn EgressBody>,
    pub(super) collector: Collector,
    /// When its request was sent.
    pub(super) sent: Instant,
    /// Its body has ended, though a question has come: whether it goes on is seen when there is an answer.
    pub(super) has_ended: bool,
    /// Where a server that may ask may ask too.
    aside: Option<Aside>,
    /// What the server did beside, while that was listened to.
    beside: Oddities,
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
    Asked(Box<Stream>, Vec<Question>),
}

impl Link<'_> {
    /// Reads the answer to a request that was sent then, from its head on.
    pub(super) async fn collect(
        &self,
        ask: &Ask<'_>,
        response: EgressResponse,
        (sent, aside): (Instant, Option<Aside>),
    ) -> Result<Read, EgressError> {
        let status = response.status;
        // A failure asks nothing: nobody would hear of what becomes of the answer.
        let may_ask = (200..300).contains(&status);
        let expected = Expected {
            id: ask.id.clone(),
            era: ask.version.era(),
            progress_token: ask.progress_token.clone(),
            accepts: if may_ask { ask.accepts } else { ClientCapabilities::default() },
        };
        let collector = match Collector::begin(status, response.header("content-type"), expected, ask.limits)
        {
            Ok(collector) => collector,
            Err(error) => return Ok(Read::Ended(Err(error))),
        };
        let is_stream = collector.is_stream();
        let stream = Stream {
            status,
            body: response.body,
            collector,
            sent,
            has_ended: false,
            // A single message is the answer, whatever is asked beside.
            aside: aside.filter(|_| may_ask && is_stream),
            beside: Oddities::default(),
            server_requests: 0,
            resumed: 0,
        };
        self.read(ask, stream, Vec::new(), TOGETHER).await
    }

    /// Reads what has come since these questions were asked: the answer to the request, or more questions.
    pub(super) async fn read_meanwhile(
        &self,
        ask: &Ask<'_>,
        stream: Box<Stream>,
        asked: Vec<Question>,
    ) -> Result<Read, EgressError> {
        self.read(ask, *stream, asked, MEANWHILE).await
    }

    /// Reads on, now that all questions are answered.
    pub(super) async fn read_on(&self, ask: &Ask<'_>, stream: Box<Stream>) -> Result<Read, EgressError> {
        self.read(ask, *stream, Vec::new(), TOGETHER).await
    }

    /// Reads to the answer, or to questions; then for `together` more, in which others may come.
    async fn read(
        &self,
        ask: &Ask<'_>,
        mut stream: Stream,
        mut asked: Vec<Question>,
        together: Duration,
    ) -> Result<Read, EgressError> {
        let mut until = None;
        while !stream.collector.is_complete() {
            if until.is_none() && !asked.is_empty() {
                until = Some(Instant::now() + together);
            }
            let signals = match self.next(ask, &mut stream, until).await {
                Piece::Own(Ok(Some(chunk))) => match stream.collector.push(&chunk) {
                    Ok(signals) => signals,
                    Err(error) => return Ok(Read::Ended(Err(error))),
                },
                Piece::Aside(signals) => signals,
                Piece::Nothing => return Ok(Read::Asked(Box::new(stream), asked)),
                Piece::Own(_) if !asked.is_empty() => {
                    stream.has_ended = true;
                    return Ok(Read::Asked(Box::new(stream), asked));
                }
                Piece::Own(ended) => {
                    let failure = ended.err();
                    match (self.resume(ask, &mut stream, failure.as_ref()).await, failure) {
                        (true, _) => continue,
                        (false, None) => break,
                        (false, Some(error)) => {
                            let why = stream.collector.unanswered();
                            return why.map_or(Err(error), |why| Ok(Read::Ended(Err(why))));
                        }
                    }
                }
            };
            if let Err(error) = self.hear(ask, &mut stream, signals, &mut asked).await {
                return Ok(Read::Ended(Err(error)));
            }
        }
        Ok(Read::Ended(stream.finish().await))
    }

    /// What comes next, and where: nothing once `until` has passed, and a failure once the operation's time has. A stream
    /// that may be held is open for longer than that.
    async fn next(&self, ask: &Ask<'_>, stream: &mut Stream, until: Option<Instant>) -> Piece {
        if !ask.may_be_held() {
            return Piece::Own(stream.body.next_chunk().await);
        }
        let end = Instant::now() + self.remaining().unwrap_or_default();
        let aside = async {
            match &mut stream.aside {
                Some(aside) => aside.body.next_chunk().await,
                None => std::future::pending().await,
            }
        };
        let beside = tokio::select! {
            biased;
            () = sleep_until(until.map_or(end, |until| until.min(end))) => {
                return if until.is_some() { Piece::Nothing } else { Piece::Own(Err(late())) };
            }
            own = stream.body.next_chunk() => return Piece::Own(own),
            beside = aside => beside,
        };
        Piece::Aside(stream.heard(beside.ok().flatten()))
    }

    /// Does what signals ask for; questions are added to those that wait.
    async fn hear(
        &self,
        ask: &Ask<'_>,
        stream: &mut Stream,
        signals: Vec<Signal>,
        asked: &mut Vec<Question>,
    ) -> Result<(), AnswerError> {
        for signal in signals {
            let is_counted = match &signal {
                Signal::Question(_) => true,
                // A server that waits for people may ask whether anybody is there as often as it likes.
                Signal::ServerRequest(request) => !(request.is_ping() && ask.may_be_held()),
                Signal::Progress(_) | Signal::ListChanged => false,
            };
            stream.server_requests += usize::from(is_counted);
            if stream.server_requests > MAX_SERVER_REQUESTS {
                return Err(AnswerError::TooManyNotifications { limit: MAX_SERVER_REQUESTS });
            }
            match signal {
                Signal::Question(question) => asked.push(question),
                Signal::ServerRequest(request) => self.reply(ask, &request).await,
                Signal::ListChanged => {}
                Signal::Progress(params) => {
                    if let Some(sink) = &self.progress {
                        sink.tell(params.into());
                    }
                }
            }
        }
        Ok(())
    }

    /// Answers a server's request by itself. Whether it arrives changes nothing for ours.
    pub(super) async fn reply(&self, ask: &Ask<'_>, request: &ServerRequest) {
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
        self.collector.oddities().and(self.beside).and(beside)
    }

    /// What was said beside. Once that ends, or breaks a rule, it is not listened to any more.
    fn heard(&mut self, chunk: Option<Bytes>) -> Vec<Signal> {
        let Some(mut aside) = self.aside.take() else { return Vec::new() };
        if let Some(Ok(signals)) = chunk.map(|chunk| aside.collector.push(&chunk)) {
            self.aside = Some(aside);
            return signals;
        }
        self.beside = self.beside.and(aside.collector.oddities());
        Vec::new()
    }

    /// The answer, once it is complete or its body has ended.
    async fn finish(mut self) -> Result<(Answered, Oddities), AnswerError> {
        self.heard(None);
        let beside = self.beside;
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

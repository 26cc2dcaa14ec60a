//! One operation's line to one server: builds requests, sends them over the egress, collects answers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use portcullis_mcp::answer::{AnswerError, AnswerLimits, Answered, Collector, Expected, Oddities, Signal};
use portcullis_mcp::capabilities::ClientCapabilities;
use portcullis_mcp::headers::{ACCEPT_BOTH, Header, JSON, SESSION_ID, SessionId, standard_headers};
use portcullis_mcp::jsonrpc::{Id, notification, request};
use portcullis_mcp::messages::Implementation;
use portcullis_mcp::meta::{OutgoingMeta, TraceContext};
use portcullis_mcp::version::{Era, ProtocolVersion};
use portcullis_schemas::codes;
use portcullis_schemas::egress::{
    Egress, EgressBody, EgressError, EgressLimits, EgressPurpose, EgressRequest, EgressResponse, HeaderValue,
    HttpMethod,
};
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::progress::ProgressSink;
use portcullis_schemas::integrations::mcp::wire::{Conduct, Dispatch, McpFailure, McpTarget};
use portcullis_schemas::runtime::{Clock, Entropy};
use portcullis_schemas::secret::Secret;
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::failure::{NotAnswered, challenged, conduct_beside, refused, timed_out, unsent};
use super::resume::Reading;
use super::session::Spoken;

/// Requests of a legacy server that are answered during one of ours.
const MAX_SERVER_REQUESTS: usize = 16;
/// How long the answer to a server's request may take to be delivered.
const REPLY_TIME: Duration = Duration::from_secs(2);
/// How long an event stream may take to end after its response, so that its connection can be used again.
const DRAIN: Duration = Duration::from_millis(250);
const USER_AGENT: &str = concat!("portcullis/", env!("CARGO_PKG_VERSION"));

/// The line. Its deadline is absolute: set when the operation starts.
pub(super) struct Link<'a> {
    pub(super) egress: &'a Arc<dyn Egress>,
    pub(super) tenant: &'a TenantId,
    pub(super) target: &'a McpTarget,
    entropy: &'a dyn Entropy,
    clock: &'a dyn Clock,
    trace: TraceContext,
    progress: Option<ProgressSink>,
    end: Duration,
}

/// One request.
pub(super) struct Ask<'a> {
    pub(super) id: &'a Id,
    pub(super) method: &'static str,
    /// What `Mcp-Name` says, for the methods that have it.
    pub(super) name: Option<&'a str>,
    pub(super) version: ProtocolVersion,
    pub(super) session: Option<&'a SessionId>,
    pub(super) more_headers: Vec<Header>,
    pub(super) params: Option<&'a RawValue>,
    pub(super) limits: AnswerLimits,
    /// What the request asks for progress under.
    pub(super) progress_token: Option<String>,
}

impl<'a> Ask<'a> {
    /// A request in what the server speaks, without headers of its own and with the usual caps.
    pub(super) fn new(
        id: &'a Id,
        method: &'static str,
        spoken: &'a Spoken,
        params: Option<&'a RawValue>,
    ) -> Self {
        Self::before_session(id, method, spoken.version(), params).in_session(spoken.session())
    }

    /// A request of a probe.
    pub(super) fn before_session(
        id: &'a Id,
        method: &'static str,
        version: ProtocolVersion,
        params: Option<&'a RawValue>,
    ) -> Self {
        let limits = AnswerLimits::default();
        Self {
            id,
            method,
            name: None,
            version,
            session: None,
            more_headers: Vec::new(),
            params,
            limits,
            progress_token: None,
        }
    }

    fn in_session(mut self, session: Option<&'a SessionId>) -> Self {
        self.session = session;
        self
    }
}

/// What came back over HTTP.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) session_id: Option<String>,
    pub(super) answered: Result<(Answered, Oddities), AnswerError>,
}

impl<'a> Link<'a> {
    pub(super) fn new(
        (egress, entropy, clock): (&'a Arc<dyn Egress>, &'a dyn Entropy, &'a dyn Clock),
        tenant: &'a TenantId,
        target: &'a McpTarget,
        dispatch: &Dispatch,
    ) -> Self {
        let trace = TraceContext::checked(
            dispatch.trace.traceparent.clone(),
            dispatch.trace.tracestate.clone(),
            None,
        );
        let end = clock.monotonic().saturating_add(dispatch.deadline);
        Self { egress, tenant, target, entropy, clock, trace, progress: dispatch.progress.clone(), end }
    }

    /// A request id that no answer fits by chance.
    pub(super) fn new_id(&self) -> Result<Id, McpFailure> {
        self.random().map(Id::Text)
    }

    /// A token to ask for progress under, if somebody wants to hear of it.
    pub(super) fn progress_token(&self) -> Result<Option<String>, McpFailure> {
        self.progress.as_ref().map(|_| self.random()).transpose()
    }

    /// 128 random bits in hexadecimal.
    fn random(&self) -> Result<String, McpFailure> {
        let mut bits = [0_u8; 16];
        let filled = self.entropy.fill(&mut bits);
        filled.map_err(|_| unsent(codes::UPSTREAM_UNREACHABLE, "no randomness for a request id"))?;
        Ok(format!("{:032x}", u128::from_be_bytes(bits)))
    }

    /// What is left of the operation's time.
    pub(super) fn remaining(&self) -> Result<Duration, McpFailure> {
        let left = self.end.saturating_sub(self.clock.monotonic());
        if left.is_zero() { Err(timed_out()) } else { Ok(left) }
    }

    pub(super) fn client_info() -> Implementation {
        Implementation { name: "portcullis".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }

    pub(super) fn meta(&self, version: ProtocolVersion) -> OutgoingMeta {
        OutgoingMeta {
            version,
            client: Self::client_info(),
            capabilities: ClientCapabilities::default(),
            trace: self.trace.clone(),
            progress_token: None,
        }
    }

    /// Sends a request to a server whose manner is known; its result and what it did besides, or why there is none.
    pub(super) async fn result(
        &self,
        spoken: &Spoken,
        ask: Ask<'_>,
    ) -> Result<(Box<RawValue>, Conduct), NotAnswered> {
        let reply = self.ask(&ask).await?;
        if reply.status == 404 && spoken.era() == Era::Legacy {
            return Err(NotAnswered::SessionGone);
        }
        match reply.answered {
            Ok((Answered::Result(result), oddities)) if reply.status < 300 => {
                Ok((result, conduct_beside(oddities)))
            }
            Ok((Answered::Result(_), _)) => Err(NotAnswered::Status(reply.status)),
            Ok((Answered::Error(error), _)) => Err(refused(spoken.era(), &error)),
            Err(AnswerError::HttpStatus(status)) => Err(NotAnswered::Status(status)),
            Err(error) => Err(NotAnswered::Broken(error)),
        }
    }

    /// Sends a request and collects its answer, whatever it is.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Reply, NotAnswered> {
        let mut limits = EgressLimits { body_bytes: ask.limits.max_body_bytes, ..EgressLimits::default() };
        limits.total = self.remaining()?;
        if CallMethod::ALL.iter().any(|call| call.as_str() == ask.method) {
            // A JSON answer's head comes when the tool has ended, so a call waits for it as long as for the answer.
            limits.headers = limits.total;
        }
        let body = request(ask.id, ask.method, ask.params);
        let response = self.egress.send(self.tenant, self.post(ask, body, limits)).await?;
        let status = response.status;
        if let Some(failure) = challenged(&response, &self.target.url) {
            return Err(failure.into());
        }
        let session_id = response.header(SESSION_ID).map(str::to_owned);
        // Nothing in the body of these is for us.
        let answered = if matches!(status, 300..=399 | 401 | 403) {
            Err(AnswerError::HttpStatus(status))
        } else {
            self.collect(ask, response).await?
        };
        Ok(Reply { status, session_id, answered })
    }

    /// Sends a notification; the HTTP status of its answer.
    pub(super) async fn notify(&self, spoken: &Spoken, method: &'static str) -> Result<u16, NotAnswered> {
        let id = Id::Integer(0);
        let limits = EgressLimits { total: self.remaining()?, ..EgressLimits::default() };
        let message = self.post(&Ask::new(&id, method, spoken, None), notification(method, None), limits);
        let mut response = self.egress.send(self.tenant, message).await?;
        // Usually empty; lets the connection be used again.
        if let Ok(Ok(None)) = timeout(DRAIN, response.body.next_chunk()).await {
            response.body.reuse();
        }
        Ok(response.status)
    }

    /// A POST with all headers that the version wants.
    pub(super) fn post(&self, ask: &Ask<'_>, body: Vec<u8>, limits: EgressLimits) -> EgressRequest {
        let own = [("content-type", JSON), ("accept", ACCEPT_BOTH)];
        let (method, body) = (HttpMethod::Post, Bytes::from(body));
        EgressRequest { method, headers: self.headers(ask, &own), body, ..self.empty(limits) }
    }

    /// A request without headers and body.
    pub(super) fn empty(&self, limits: EgressLimits) -> EgressRequest {
        EgressRequest {
            purpose: EgressPurpose::McpServer,
            method: HttpMethod::Get,
            url: self.target.url.clone(),
            headers: Vec::new(),
            body: Bytes::new(),
            limits,
        }
    }

    /// `own`, and what every request of this version, session and credential carries.
    pub(super) fn headers(&self, ask: &Ask<'_>, own: &[(&str, &str)]) -> Vec<(String, HeaderValue)> {
        let plain = |name: &str, value: &str| (name.to_owned(), HeaderValue::Plain(value.to_owned()));
        let mut headers: Vec<_> = own.iter().map(|(name, value)| plain(name, value)).collect();
        headers.push(plain("user-agent", USER_AGENT));
        let standard = standard_headers(ask.version, ask.method, ask.name);
        let ours = standard.into_iter().chain(ask.more_headers.iter().cloned());
        headers.extend(ours.map(|(name, value)| (name, HeaderValue::Plain(value))));
        if let Some(session) = ask.session {
            let id = Secret::new(session.as_str().to_owned());
            headers.push((SESSION_ID.to_owned(), HeaderValue::Secret(id)));
        }
        if let Some(auth) = &self.target.auth {
            headers.push((auth.name.clone(), HeaderValue::Secret(auth.value.clone())));
        }
        headers
    }

    async fn collect(
        &self,
        ask: &Ask<'_>,
        mut response: EgressResponse,
    ) -> Result<Result<(Answered, Oddities), AnswerError>, EgressError> {
        let progress_token = ask.progress_token.clone();
        let expected = Expected { id: ask.id.clone(), era: ask.version.era(), progress_token };
        let begun = Collector::begin(response.status, response.header("content-type"), expected, ask.limits);
        let mut collector = match begun {
            Ok(collector) => collector,
            Err(error) => return Ok(Err(error)),
        };
        let mut reading = Reading { server_requests: 0, resumed: 0 };
        while !collector.is_complete() {
            let chunk = match response.body.next_chunk().await {
                Ok(Some(chunk)) => chunk,
                ended => match self.resume(ask, &mut collector, &mut reading, ended.as_ref().err()).await {
                    Some(next) => {
                        response = next;
                        continue;
                    }
                    None => match ended {
                        Ok(_) => break,
                        Err(error) => return collector.unanswered().map_or(Err(error), |why| Ok(Err(why))),
                    },
                },
            };
            let signals = match collector.push(&chunk) {
                Ok(signals) => signals,
                Err(error) => return Ok(Err(error)),
            };
            for signal in signals {
                let asked = match signal {
                    Signal::ServerRequest(asked) => asked,
                    Signal::Progress(params) => {
                        if let Some(sink) = &self.progress {
                            sink.tell(params.into());
                        }
                        continue;
                    }
                };
                reading.server_requests += 1;
                if reading.server_requests > MAX_SERVER_REQUESTS {
                    return Ok(Err(AnswerError::TooManyNotifications { limit: MAX_SERVER_REQUESTS }));
                }
                self.reply(ask, asked.reply()).await;
            }
        }
        if collector.is_complete() {
            // What has come with the response, and may contradict it, is looked at; nothing is waited for.
            if let Ok(Ok(Some(chunk))) = timeout(Duration::ZERO, response.body.next_chunk()).await {
                let _ = collector.push(&chunk);
            }
            if collector.oddities() == Oddities::default() {
                drain(response.body);
            }
            return Ok(collector.finish());
        }
        let answered = collector.finish();
        if answered.is_ok() {
            response.body.reuse();
        }
        Ok(answered)
    }

    /// Answers a server's request. Whether it arrives changes nothing for ours.
    async fn reply(&self, ask: &Ask<'_>, body: Vec<u8>) {
        let Ok(left) = self.remaining() else { return };
        let limits = EgressLimits { total: REPLY_TIME.min(left), ..EgressLimits::default() };
        match self.egress.send(self.tenant, self.post(ask, body, limits)).await {
            Ok(response) => response.body.reuse(),
            Err(error) => {
                tracing::debug!(code = %error.code, "a reply to an MCP server's request was not delivered");
            }
        }
    }
}

/// Reads a stream to its end, unless it does not end soon: then its connection is closed.
fn drain(mut body: Box<dyn EgressBody>) {
    tokio::spawn(timeout(DRAIN, async move {
        while let Ok(Some(_)) = body.next_chunk().await {}
        body.reuse();
    }));
}

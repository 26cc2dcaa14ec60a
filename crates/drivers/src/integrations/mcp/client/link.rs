//! One operation's line to one server: builds requests and sends them over the egress. What comes back is read by `stream`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use portcullis_mcp::answer::{AnswerError, AnswerLimits, Answered, Oddities, Question};
use portcullis_mcp::capabilities::ClientCapabilities;
use portcullis_mcp::headers::{ACCEPT_BOTH, Header, JSON, SESSION_ID, standard_headers};
use portcullis_mcp::jsonrpc::{Id, notification, request};
use portcullis_mcp::messages::Implementation;
use portcullis_mcp::meta::{OutgoingMeta, TraceContext};
use portcullis_mcp::version::ProtocolVersion;
use portcullis_schemas::codes;
use portcullis_schemas::egress::{
    Egress, EgressLimits, EgressPurpose, EgressRequest, HeaderValue, HttpMethod,
};
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::mcp::input::InputKind;
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::progress::ProgressSink;
use portcullis_schemas::integrations::mcp::wire::{Conduct, Dispatch, McpFailure, McpTarget};
use portcullis_schemas::runtime::{Clock, Entropy};
use portcullis_schemas::secret::Secret;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout};

use super::failure::{NotAnswered, challenged, conduct_beside, refused, timed_out, unsent};
use super::session::{Spoken, UpstreamSession};
use super::stream::{Read, Stream};

/// How long a body that says nothing may take to end, so that its connection can be used again.
pub(super) const DRAIN: Duration = Duration::from_millis(250);
/// How long a legacy server that may ask has for its whole answer, with the time that people take for theirs: as long as
/// the egress keeps anything open.
pub(super) const OPEN: Duration = Duration::from_secs(300);
const USER_AGENT: &str = concat!("portcullis/", env!("CARGO_PKG_VERSION"));

/// The line. Its deadline is absolute: set when the operation starts.
pub(super) struct Link<'a> {
    pub(super) egress: &'a Arc<dyn Egress>,
    pub(super) tenant: &'a TenantId,
    pub(super) target: &'a McpTarget,
    /// What a legacy server is told that it may ask for, when a session is begun.
    pub(super) declared: ClientCapabilities,
    /// How often the server had been forgotten when the operation began; 0 for one that may ask nobody.
    pub(super) forgotten: u64,
    entropy: &'a dyn Entropy,
    clock: &'a dyn Clock,
    trace: TraceContext,
    pub(super) progress: Option<ProgressSink>,
    end: Duration,
}

/// One request.
pub(super) struct Ask<'a> {
    pub(super) id: &'a Id,
    pub(super) method: &'static str,
    /// What `Mcp-Name` says, for the methods that have it.
    pub(super) name: Option<&'a str>,
    pub(super) version: ProtocolVersion,
    pub(super) session: Option<&'a UpstreamSession>,
    pub(super) more_headers: Vec<Header>,
    pub(super) params: Option<&'a RawValue>,
    pub(super) limits: AnswerLimits,
    /// What the request asks for progress under.
    pub(super) progress_token: Option<String>,
    /// What a legacy server may ask before it answers. All else that it asks is refused.
    pub(super) accepts: ClientCapabilities,
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
            accepts: ClientCapabilities::default(),
        }
    }

    /// Whether its answer may wait for people.
    pub(super) fn may_be_held(&self) -> bool {
        !self.accepts.is_empty()
    }

    fn in_session(mut self, session: Option<&'a UpstreamSession>) -> Self {
        self.session = session;
        self
    }
}

/// What came back over HTTP.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) session_id: Option<String>,
    pub(super) read: Read,
}

impl Reply {
    /// The answer, where nobody is there to be asked.
    pub(super) fn answered(self) -> Result<(Answered, Oddities), AnswerError> {
        match self.read {
            Read::Ended(answered) => answered,
            Read::Asked(..) => Err(AnswerError::ServerRequest),
        }
    }
}

/// What a request comes to.
pub(super) enum Got {
    /// Its result, and what the server did besides.
    Result(Box<RawValue>, Conduct),
    /// The server waits for answers to these.
    Asked(Box<Stream>, Vec<Question>),
}

/// What a server may ask for, in its words.
pub(super) fn declared(kinds: &[InputKind]) -> ClientCapabilities {
    let has = |kind| kinds.contains(&kind);
    ClientCapabilities {
        form: has(InputKind::Elicitation),
        url: has(InputKind::UrlElicitation),
        sampling: has(InputKind::Sampling),
        sampling_tools: has(InputKind::SamplingTools),
        roots: has(InputKind::Roots),
    }
}

impl<'a> Link<'a> {
    pub(super) fn new(
        (egress, entropy, clock): (&'a Arc<dyn Egress>, &'a dyn Entropy, &'a dyn Clock),
        tenant: &'a TenantId,
        (target, kinds): (&'a McpTarget, &[InputKind]),
        dispatch: &Dispatch,
    ) -> Self {
        let trace = TraceContext::checked(
            dispatch.trace.traceparent.clone(),
            dispatch.trace.tracestate.clone(),
            None,
        );
        let end = clock.monotonic().saturating_add(dispatch.deadline);
        let (declared, progress) = (declared(kinds), dispatch.progress.clone());
        Self { egress, tenant, target, declared, forgotten: 0, entropy, clock, trace, progress, end }
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
    pub(super) fn random(&self) -> Result<String, McpFailure> {
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

    /// Whether this operation needs what is spoken for itself alone: a session in which a server may ask on a stream that is
    /// no call's own.
    pub(super) fn is_alone_in(&self, spoken: &Spoken) -> bool {
        spoken.session().is_some() && !self.declared.is_empty()
    }

    /// How long its answer may stay open. One that asks outlives this operation, whose own time is looked at as it is read.
    pub(super) fn time_for(&self, ask: &Ask<'_>) -> Result<Duration, McpFailure> {
        let left = self.remaining()?;
        Ok(if ask.may_be_held() { OPEN } else { left })
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

    /// Sends a request to a server whose manner is known and that may ask nothing; its result and what it did besides, or why
    /// there is none.
    pub(super) async fn result(
        &self,
        spoken: &Spoken,
        ask: Ask<'_>,
    ) -> Result<(Box<RawValue>, Conduct), NotAnswered> {
        match self.result_or_questions(spoken, &ask).await? {
            Got::Result(result, conduct) => Ok((result, conduct)),
            Got::Asked(..) => Err(NotAnswered::Broken(AnswerError::ServerRequest)),
        }
    }

    /// The same of a server that may ask.
    pub(super) async fn result_or_questions(
        &self,
        spoken: &Spoken,
        ask: &Ask<'_>,
    ) -> Result<Got, NotAnswered> {
        let reply = self.ask(ask).await?;
        // Without a session 404 is an answer like others (2025-11-25, session management).
        if reply.status == 404 && spoken.session().is_some() {
            return Err(NotAnswered::SessionGone);
        }
        got(reply.status, reply.read)
    }

    /// Sends a request and collects its answer, whatever it is.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Reply, NotAnswered> {
        let aside = if ask.may_be_held() { self.open_beside(ask).await } else { None };
        let (body_bytes, total) = (ask.limits.max_body_bytes, self.time_for(ask)?);
        let mut limits = EgressLimits { body_bytes, total, ..EgressLimits::default() };
        limits.connect = limits.connect.min(self.remaining()?);
        if CallMethod::ALL.iter().any(|call| call.as_str() == ask.method) {
            // A JSON answer's head comes when the tool has ended, so a call waits for it as long as for the answer.
            limits.headers = self.remaining()?;
        }
        let body = request(ask.id, ask.method, ask.params);
        let sent = Instant::now();
        let response = self.egress.send(self.tenant, self.post(ask, body, limits)).await?;
        let status = response.status;
        if let Some(failure) = challenged(&response, &self.target.url) {
            return Err(failure.into());
        }
        let session_id = response.header(SESSION_ID).map(str::to_owned);
        // Nothing in the body of these is for us.
        let read = if matches!(status, 300..=399 | 401 | 403) {
            Read::Ended(Err(AnswerError::HttpStatus(status)))
        } else {
            self.collect(ask, response, (sent, aside)).await?
        };
        Ok(Reply { status, session_id, read })
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
            let id = Secret::new(session.id().as_str().to_owned());
            headers.push((SESSION_ID.to_owned(), HeaderValue::Secret(id)));
        }
        if let Some(auth) = &self.target.auth {
            headers.push((auth.name.clone(), HeaderValue::Secret(auth.value.clone())));
        }
        headers
    }
}

/// What was read, with the status that it came under.
pub(super) fn got(status: u16, read: Read) -> Result<Got, NotAnswered> {
    match read {
        Read::Asked(stream, questions) => Ok(Got::Asked(stream, questions)),
        Read::Ended(Ok((Answered::Result(result), oddities))) if status < 300 => {
            Ok(Got::Result(result, conduct_beside(oddities)))
        }
        Read::Ended(Ok((Answered::Result(_), _))) => Err(NotAnswered::Status(status)),
        Read::Ended(Ok((Answered::Error(error), _))) => Err(refused(&error)),
        Read::Ended(Err(AnswerError::HttpStatus(status))) => Err(NotAnswered::Status(status)),
        Read::Ended(Err(error)) => Err(NotAnswered::Broken(error)),
    }
}

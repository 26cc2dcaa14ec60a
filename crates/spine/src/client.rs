//! The way of one dispatch to its upstream: an exchange ends when the caller goes away or the client panics, the time
//! that it takes is kept, and what comes back does not hold the credential that went out.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use portcullis_engines::caught;
use portcullis_engines::redaction::Redactor;
use portcullis_engines::results::examine_progress;
use portcullis_schemas::codes;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::listening::ListWatch;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::progress::ProgressSink;
use portcullis_schemas::integrations::mcp::wire::{
    Dispatch, McpCatalogue, McpFailure, McpHealth, McpTarget, ToolCall, ToolReply,
};
use portcullis_schemas::runtime::Clock;
use tracing::{Instrument, debug_span};

use crate::cancel::CancelSignal;
use crate::upstream_tokens::UpstreamTokens;

/// How long a dispatch has waited for upstreams.
#[derive(Debug, Default)]
pub(crate) struct UpstreamTime {
    exchanges: AtomicU64,
    micros: AtomicU64,
}

impl UpstreamTime {
    /// Microseconds; absent if no upstream was asked.
    pub(crate) fn micros(&self) -> Option<u64> {
        (self.exchanges.load(Ordering::Relaxed) > 0).then(|| self.micros.load(Ordering::Relaxed))
    }

    fn add(&self, elapsed: std::time::Duration) {
        self.exchanges.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

/// An MCP client whose exchange ends as `cancelled` when the caller goes away. Dropping the inner future closes the
/// stream, or sends `notifications/cancelled`.
pub(crate) struct DispatchClient {
    pub(crate) inner: Arc<dyn McpClient>,
    pub(crate) cancel: CancelSignal,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) time: Arc<UpstreamTime>,
    pub(crate) tokens: Arc<UpstreamTokens>,
}

impl DispatchClient {
    /// A token that the server does not know is not used again, though its time may not be over: the next call asks for
    /// another. What a refusal says is rid of the credential as an answer is.
    fn heard<T>(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        answer: Result<T, McpFailure>,
    ) -> Result<T, McpFailure> {
        answer.map_err(|failure| {
            if let Some(auth) = target.auth.as_ref().filter(|_| failure.is_unauthenticated) {
                self.tokens.refuse(tenant, &target.server_id, auth);
            }
            discreet(failure, target)
        })
    }

    async fn exchange<T>(
        &self,
        exchange: impl Future<Output = Result<T, McpFailure>> + Send,
    ) -> Result<T, McpFailure> {
        // Who has left already gets no byte sent. Later an answer that is there counts, though the caller leaves with it.
        tokio::select! {
            biased;
            failure = self.cancel.fired() => return Err(failure),
            () = std::future::ready(()) => {}
        }
        let begun = self.clock.monotonic();
        let caught = caught(exchange).instrument(debug_span!("gate.upstream", otel.kind = "client"));
        let answer = tokio::select! {
            biased;
            answer = caught => answer.unwrap_or_else(|| Err(panicked())),
            failure = self.cancel.fired() => Err(failure),
        };
        self.time.add(self.clock.monotonic().saturating_sub(begun));
        answer
    }
}

#[async_trait]
impl McpClient for DispatchClient {
    async fn discover(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpCatalogue, McpFailure> {
        let catalogue = self.exchange(self.inner.discover(tenant, target, dispatch)).await;
        let catalogue = self.heard(tenant, target, catalogue)?;
        Ok(match redactor(target) {
            Some(redactor) => redactor.catalogue(catalogue),
            None => catalogue,
        })
    }

    async fn check_health(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpHealth, McpFailure> {
        let health = self.exchange(self.inner.check_health(tenant, target, dispatch)).await;
        self.heard(tenant, target, health)
    }

    async fn call_tool(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        call: &ToolCall,
        dispatch: &Dispatch,
    ) -> Result<ToolReply, McpFailure> {
        let examined = with_examined_progress(target, dispatch);
        let dispatch = examined.as_ref().unwrap_or(dispatch);
        let reply = self.exchange(self.inner.call_tool(tenant, target, call, dispatch)).await;
        let reply = self.heard(tenant, target, reply)?;
        Ok(match redactor(target) {
            Some(redactor) => redactor.reply(reply),
            None => reply,
        })
    }

    async fn listen(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        watch: &ListWatch,
        dispatch: &Dispatch,
    ) -> Result<(), McpFailure> {
        let heard = self.exchange(self.inner.listen(tenant, target, watch, dispatch)).await;
        self.heard(tenant, target, heard)
    }

    async fn forget(&self, tenant: &TenantId, server: &ServerId) {
        self.inner.forget(tenant, server).await;
    }
}

/// Most servers are asked without a credential, and then nothing is looked for.
fn redactor(target: &McpTarget) -> Option<Redactor> {
    target.auth.as_ref().and_then(Redactor::of)
}

/// The failure without the words of the server that hold the credential.
fn discreet(failure: McpFailure, target: &McpTarget) -> McpFailure {
    let Some(scope) = &failure.scope else { return failure };
    match redactor(target) {
        Some(redactor) if redactor.is_within(scope.as_str()) => {
            McpFailure { scope: None, is_credential_echoed: true, ..failure }
        }
        _ => failure,
    }
}

/// The dispatch with a sink that examines what passes and takes the credential out of it; `None` where nobody listens. What
/// is hidden goes first: it could have stood within the credential.
fn with_examined_progress(target: &McpTarget, dispatch: &Dispatch) -> Option<Dispatch> {
    let (redactor, sink) = (redactor(target), dispatch.progress.clone()?);
    let progress = ProgressSink::new(move |params| {
        let params = examine_progress(&params);
        sink.tell(match &redactor {
            Some(redactor) => redactor.progress(params),
            None => params,
        });
    });
    Some(Dispatch { progress: Some(progress), ..dispatch.clone() })
}

fn panicked() -> McpFailure {
    McpFailure::new(codes::OPERATION_PANICKED, "the exchange broke on our side", true)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use portcullis_schemas::context::TraceContext;
    use portcullis_schemas::ids::IntentId;
    use portcullis_schemas::integrations::mcp::input::ServerInput;
    use portcullis_schemas::integrations::mcp::invocation::CallMethod;
    use portcullis_schemas::integrations::mcp::oauth::OauthScope;
    use portcullis_schemas::integrations::mcp::server::ProtocolPin;
    use portcullis_schemas::integrations::mcp::tool::ItemKind;
    use portcullis_schemas::integrations::mcp::wire::{AuthHeader, Conduct};
    use portcullis_schemas::json::RawJson;
    use portcullis_schemas::logs::ledger::IntentReceipt;
    use portcullis_schemas::secret::Secret;
    use portcullis_testkit::conformance;
    use portcullis_testkit::fakes::ScriptedMcpClient;
    use portcullis_testkit::ids::UniqueIds;
    use portcullis_testkit::time::TestClock;

    use super::*;
    use crate::closing::Doors;

    fn with_credential() -> McpTarget {
        let auth = AuthHeader {
            name: "authorization".to_owned(),
            value: Secret::new("Bearer sesame-sesame".to_owned()),
        };
        McpTarget {
            server_id: ServerId::generate(&UniqueIds::new()),
            url: "https://mcp.example/mcp".to_owned(),
            pin: ProtocolPin::Auto,
            agent_input: Vec::new(),
            auth: Some(auth),
            identity: "cred_1@1".to_owned(),
        }
    }

    #[tokio::test]
    async fn conforms_to_the_port() {
        let (_caller, cancel) = CancelSignal::pair(Doors::open().cut());
        let client = DispatchClient {
            inner: Arc::new(ScriptedMcpClient::refused(100)),
            cancel,
            clock: Arc::new(TestClock::new()),
            time: Arc::default(),
            tokens: Arc::default(),
        };
        conformance::mcp_client(&client).await;
    }

    /// A refusal must not say more than an answer either.
    #[test]
    fn a_credential_in_a_challenge_is_taken_out() {
        let target = with_credential();
        let wants = |scope: &str| McpFailure {
            scope: OauthScope::new(scope).ok(),
            ..McpFailure::new(codes::SCOPE_REQUIRED, "more", false)
        };
        for echo in ["read sesame-sesame", "emases-emases", "c2VzYW1lLXNlc2FtZQ"] {
            let failure = discreet(wants(echo), &target);
            assert_eq!((failure.scope, failure.is_credential_echoed), (None, true), "{echo}");
        }
        assert_eq!(discreet(wants("read"), &target), wants("read"));
    }

    /// What is told on the way must not say more than the answer.
    #[tokio::test]
    async fn a_credential_in_progress_is_taken_out() {
        let (_caller, cancel) = CancelSignal::pair(Doors::open().cut());
        let inner = Arc::new(ScriptedMcpClient::new());
        let client = DispatchClient {
            inner: inner.clone(),
            cancel,
            clock: Arc::new(TestClock::new()),
            time: Arc::default(),
            tokens: Arc::default(),
        };
        let told = raw(r#"{"progress":1,"message":"with Bearer sesame-ses\u200bame"}"#);
        let reply = ToolReply {
            result: raw("{}"),
            is_error: false,
            protocol_version: "2026-07-28".into(),
            redacted: false,
            conduct: Conduct::Fair,
        };
        inner.tell_call(vec![told], reply).notify_one();
        let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let sink = ProgressSink::new(move |params| ear.lock().unwrap().push(params));
        let tenant = TenantId::from_trusted("t_a").unwrap();
        let target = with_credential();
        let dispatch = Dispatch {
            receipt: IntentReceipt::issued_by_ledger(tenant.clone(), IntentId::generate(&UniqueIds::new())),
            deadline: Duration::from_secs(1),
            trace: TraceContext::default(),
            progress: Some(sink),
        };
        let call = ToolCall {
            input: ServerInput::default(),
            kind: ItemKind::Tool,
            method: CallMethod::CallTool,
            name: "t".to_owned(),
            arguments: serde_json::Map::new(),
            definition: raw("{}"),
        };
        client.call_tool(&tenant, &target, &call, &dispatch).await.unwrap();
        let heard: Vec<_> = heard.lock().unwrap().iter().map(|params| params.as_str().to_owned()).collect();
        assert_eq!(heard.len(), 1);
        assert!(heard[0].contains("[redacted]") && !heard[0].contains("sesame"), "{heard:?}");
    }

    fn raw(text: &str) -> RawJson {
        RawJson::from_text(text.to_owned()).unwrap()
    }
}

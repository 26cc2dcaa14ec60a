//! What a handler is given: the ports, the caller, and the cancel signal.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use portcullis_engines::integrations::mcp::arguments::ArgumentJudge;
use portcullis_engines::integrations::mcp::events::{EventStamp, actor_of};
use portcullis_engines::integrations::mcp::invocation::InvocationPorts;
use portcullis_schemas::context::CallContext;
use portcullis_schemas::ids::{EventId, InstanceId, ServerId, TenantId};
use portcullis_schemas::integrations::mcp::wire::McpFailure;
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType};
use portcullis_schemas::principal::Principal;
use portcullis_schemas::store::UnitOfWork;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, ErrorKind, PortError};
use serde_json::{Map, Value};

use crate::admission::{Gate, Slot};
use crate::cancel::{CancelGuard, CancelSignal};
use crate::client::{DispatchClient, UpstreamTime};
use crate::closing::{Cut, Doors, Running};
use crate::deadline::{Noted, Patience, budget, exceeded};
use crate::integrations::mcp::freshness::Lists;
use crate::integrations::mcp::listening::Listeners;
use crate::options::SpineOptions;
use crate::ports::Ports;
use crate::remembered::{RememberedCalls, RememberedKeys};
use crate::tokens::TokenIssuers;
use crate::upstream_tokens::{ExchangingVault, UpstreamTokens};

/// What all scenes share.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) ports: Ports,
    pub(crate) options: SpineOptions,
    pub(crate) instance: InstanceId,
    pub(crate) arguments: ArgumentJudge,
    pub(crate) lists: Lists,
    pub(crate) listeners: Listeners,
    pub(crate) calls: RememberedCalls,
    pub(crate) keys: RememberedKeys,
    /// `None`: no token is let in.
    pub(crate) tokens: Option<TokenIssuers>,
    /// What credentials of MCP servers were exchanged for.
    pub(crate) upstream_tokens: Arc<UpstreamTokens>,
    /// A lane for each MCP server of a tenant.
    pub(crate) servers: Gate<(TenantId, ServerId)>,
    /// A lane for each tenant.
    pub(crate) tenants: Gate<TenantId>,
    /// A lane for each tenant's watchers.
    pub(crate) watchers: Gate<TenantId>,
    pub(crate) doors: Doors,
}

/// One dispatch, seen from its handler.
#[derive(Clone, Debug)]
pub struct Scene {
    stage: Arc<Stage>,
    ctx: Arc<CallContext>,
    cancel: CancelSignal,
    /// Monotonic time of the dispatch.
    begun: Duration,
    noted: Arc<Noted>,
    upstream: Arc<UpstreamTime>,
}

impl Scene {
    pub(crate) fn new(stage: Arc<Stage>, ctx: CallContext, cancel: CancelSignal) -> Self {
        let begun = stage.ports.clock.monotonic();
        Self { stage, ctx: Arc::new(ctx), cancel, begun, noted: Arc::default(), upstream: Arc::default() }
    }

    /// The ports.
    pub fn ports(&self) -> &Ports {
        &self.stage.ports
    }

    /// The options.
    pub fn options(&self) -> &SpineOptions {
        &self.stage.options
    }

    /// Who calls, and how.
    pub fn ctx(&self) -> &CallContext {
        &self.ctx
    }

    /// The caller.
    pub fn principal(&self) -> &Principal {
        &self.ctx.principal
    }

    /// The caller's tenant.
    pub fn tenant(&self) -> &TenantId {
        self.ctx.principal.tenant()
    }

    /// The wall clock.
    pub fn now(&self) -> Timestamp {
        self.stage.ports.clock.now()
    }

    /// What is left of `longest` and of the caller's time, counted from the dispatch; zero when it is over.
    pub(crate) fn left(&self, longest: Duration) -> Duration {
        let whole = budget(Some(longest), self.ctx.deadline).unwrap_or(longest);
        whole.saturating_sub(self.spent())
    }

    /// How long the dispatch has taken so far.
    pub(crate) fn spent(&self) -> Duration {
        self.stage.ports.clock.monotonic().saturating_sub(self.begun)
    }

    /// As [`Scene::left`], before anything was recorded or sent.
    ///
    /// # Errors
    /// `deadline_exceeded` when nothing is left.
    pub(crate) fn left_to_begin(&self, longest: Duration) -> Result<Duration, Error> {
        let left = self.left(longest);
        if left.is_zero() { Err(exceeded()) } else { Ok(left) }
    }

    /// As [`Scene::left_to_begin`], and whether the caller still waits for what is to be sent.
    ///
    /// # Errors
    /// `deadline_exceeded`, `cancelled`.
    pub(crate) async fn left_to_send(&self, longest: Duration) -> Result<Duration, Error> {
        tokio::select! {
            biased;
            failure = self.cancel.fired() => Err(Error::new(ErrorKind::Unavailable, failure.code, failure.detail)),
            () = std::future::ready(()) => self.left_to_begin(longest),
        }
    }

    /// A place among the exchanges with one server, at once or after a short wait. It is held until the outcome is on
    /// record, so that a server that hangs takes so many tasks, connections and places in the ledger, and no more.
    ///
    /// # Errors
    /// `overloaded`; nothing was recorded or sent.
    pub(crate) async fn place(
        &self,
        server: &ServerId,
        longest: Duration,
    ) -> Result<Slot<(TenantId, ServerId)>, Error> {
        let lane = (self.tenant().clone(), server.clone());
        let slot = self.stage.servers.enter(lane, self.left_to_begin(longest)?).await;
        slot.map_err(|refusal| refusal.to_error("as many calls of this MCP server are under way as may be"))
    }

    /// Names the record that tells what becomes of this dispatch, for a caller who does not wait for its end.
    pub(crate) fn note(&self, name: &'static str, id: &str) {
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = Some((name, id.to_owned()));
    }

    /// Takes back what was noted: there will be no such record.
    pub(crate) fn note_nothing(&self) {
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn noted(&self) -> Arc<Noted> {
        Arc::clone(&self.noted)
    }

    /// A unit of work that may write.
    ///
    /// # Errors
    /// When the store cannot open one.
    pub async fn begin(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        self.stage.ports.store.begin().await
    }

    /// A unit of work that reads.
    ///
    /// # Errors
    /// When the store cannot open one.
    pub async fn read(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        self.stage.ports.store.read().await
    }

    /// An event by this caller, now.
    pub fn event<const N: usize>(
        &self,
        event_type: AuditEventType,
        subject: [(&'static str, &str); N],
        facts: Value,
    ) -> AuditEventDraft {
        let mut subject: Vec<_> = subject.into_iter().map(|(name, id)| (name, id.to_owned())).collect();
        subject.sort();
        AuditEventDraft {
            event_id: EventId::generate(&*self.stage.ports.ids),
            event_type,
            occurred_at: self.now(),
            actor: actor_of(&self.ctx),
            request_id: Some(self.ctx.request.to_string()),
            subject,
            facts: match facts {
                Value::Object(members) => members,
                _ => Map::new(),
            },
        }
    }

    /// The stamp that engines put on events: this caller, now.
    pub(crate) fn stamped<T>(&self, step: impl FnOnce(&EventStamp<'_>) -> T) -> T {
        let (actor, request) = (actor_of(&self.ctx), self.ctx.request.to_string());
        step(&EventStamp {
            ids: &*self.stage.ports.ids,
            now: self.now(),
            actor: &actor,
            request_id: Some(&request),
        })
    }

    /// The client for this dispatch: its exchanges end when the caller goes away.
    pub(crate) fn client(&self) -> DispatchClient {
        DispatchClient {
            inner: Arc::clone(&self.stage.ports.mcp),
            cancel: self.cancel.clone(),
            clock: Arc::clone(&self.stage.ports.clock),
            time: Arc::clone(&self.upstream),
            tokens: Arc::clone(&self.stage.upstream_tokens),
        }
    }

    /// How long it has waited for upstreams, in microseconds; absent if none was asked.
    pub(crate) fn upstream_micros(&self) -> Option<u64> {
        self.upstream.micros()
    }

    /// What the invocation engine needs, with the client of this dispatch and a vault for as long as its caller waits.
    pub(crate) fn invocation_ports(&self) -> InvocationPorts {
        let vault = self.vault(self.stage.options.call_deadline);
        InvocationPorts {
            client: Arc::new(self.client()),
            vault: Arc::new(vault),
            ..self.stage.invocation_ports()
        }
    }

    /// Ends when nobody waits for this dispatch any more, and says why.
    pub(crate) async fn unawaited(&self) -> McpFailure {
        self.cancel.fired().await
    }

    /// The vault, for those who use a credential within what is left of `longest`, and for as long as their caller waits.
    pub(crate) fn vault(&self, longest: Duration) -> ExchangingVault {
        let patience = Some(Patience { scene: self.clone(), longest });
        ExchangingVault { patience, ..self.stage.vault() }
    }

    pub(crate) fn instance(&self) -> &InstanceId {
        &self.stage.instance
    }

    pub(crate) fn calls(&self) -> &RememberedCalls {
        &self.stage.calls
    }

    pub(crate) fn keys(&self) -> &RememberedKeys {
        &self.stage.keys
    }

    pub(crate) fn arguments(&self) -> &ArgumentJudge {
        &self.stage.arguments
    }

    /// The same caller without their token, for work that goes on when this dispatch has ended: until the guard is dropped, or
    /// exchanges are cut off. None once the end was announced.
    pub(crate) fn apart(&self) -> Option<(Self, CancelGuard, Running)> {
        let running = self.stage.doors.enter().ok()?;
        let (guard, signal) = CancelSignal::pair(self.closing());
        let ctx = CallContext::new(self.principal().clone().without_token(), self.ctx.request.clone());
        Some((Self::new(Arc::clone(&self.stage), ctx, signal), guard, running))
    }

    /// Hears of the end of this process.
    pub(crate) fn closing(&self) -> Cut {
        self.stage.doors.cut()
    }

    /// Who is listened to.
    pub(crate) fn listeners(&self) -> &Listeners {
        &self.stage.listeners
    }

    /// When servers' lists were tried to be read.
    pub(crate) fn lists(&self) -> &Lists {
        &self.stage.lists
    }
}

impl Stage {
    /// The vault, for those who use a credential: where its server says so, they get the token that it is exchanged for.
    pub(crate) fn vault(&self) -> ExchangingVault {
        ExchangingVault {
            inner: Arc::clone(&self.ports.vault),
            egress: Arc::clone(&self.ports.egress),
            clock: Arc::clone(&self.ports.clock),
            store: Arc::clone(&self.ports.store),
            tokens: Arc::clone(&self.upstream_tokens),
            patience: None,
            counter: self.doors.counter(),
        }
    }

    /// What the invocation engine needs, for work that no caller waits for.
    pub(crate) fn invocation_ports(&self) -> InvocationPorts {
        let ports = self.ports.clone();
        InvocationPorts {
            ledger: ports.ledger,
            client: ports.mcp,
            vault: Arc::new(self.vault()),
            emitter: ports.emitter,
            hasher: ports.hasher,
            answers: ports.answers,
            clock: ports.clock,
            ids: ports.ids,
            instance: self.instance.clone(),
        }
    }
}

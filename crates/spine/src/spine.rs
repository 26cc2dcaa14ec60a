//! The spine: authenticate, dispatch, audit.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_engines::integrations::mcp::arguments::ArgumentJudge;
use portcullis_engines::integrations::mcp::events::actor_of;
use portcullis_schemas::codes;
use portcullis_schemas::context::CallContext;
use portcullis_schemas::controls::FreezeTarget;
use portcullis_schemas::ids::{InstanceId, TenantId};
use portcullis_schemas::logs::ports::DispatchRecord;
use portcullis_schemas::operation::{Effect, Operation};
use portcullis_schemas::{Error, ErrorKind};
use tracing::{Instrument, Span, debug_span};

use crate::admission::{Gate, Slot};
use crate::bridges::ControlsBridge;
use crate::cancel::CancelSignal;
use crate::closing::Doors;
use crate::deadline;
use crate::input::Input;
use crate::integrations::mcp::freshness::Lists;
use crate::integrations::mcp::listening::Listeners;
use crate::operations;
use crate::options::SpineOptions;
use crate::ports::Ports;
use crate::registry::{Entry, Erased, OperationRegistry, RegistryError};
use crate::remembered::{RememberedCalls, RememberedKeys};
use crate::scene::{Scene, Stage};
use crate::spans;
use crate::tokens::TokenIssuers;
use crate::watching::WATCHERS;

/// The running spine. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Spine {
    stage: Arc<Stage>,
    registry: Arc<OperationRegistry>,
}

impl Spine {
    /// A spine with every operation of Portcullis, frozen.
    ///
    /// # Errors
    /// [`RegistryError`] when the wiring is wrong.
    pub fn new(ports: Ports, options: SpineOptions) -> Result<Self, RegistryError> {
        let mut registry = OperationRegistry::new();
        operations::register(&mut registry)?;
        Ok(Self::with_registry(ports, options, registry))
    }

    /// A spine with the operations of this registry, which is frozen here.
    pub fn with_registry(ports: Ports, options: SpineOptions, mut registry: OperationRegistry) -> Self {
        registry.freeze();
        let instance = InstanceId::generate(&*ports.ids);
        let servers = Gate::new(options.server_bounds(), Arc::clone(&ports.clock));
        let tenants = Gate::new(options.tenant_bounds(), Arc::clone(&ports.clock));
        let watchers = Gate::new(WATCHERS, Arc::clone(&ports.clock));
        let arguments = ArgumentJudge::new().allowing_undeclared(options.undeclared_arguments);
        let tokens = options.tokens.clone().map(TokenIssuers::new);
        let stage = Stage {
            ports,
            options,
            instance,
            arguments,
            lists: Lists::default(),
            listeners: Listeners::default(),
            calls: RememberedCalls::default(),
            keys: RememberedKeys::default(),
            tokens,
            upstream_tokens: Arc::default(),
            servers,
            tenants,
            watchers,
            doors: Doors::open(),
        };
        Self { stage: Arc::new(stage), registry: Arc::new(registry) }
    }

    /// The contracts of all operations.
    pub fn registry(&self) -> &OperationRegistry {
        &self.registry
    }

    /// The ports that it was made with.
    pub fn ports(&self) -> &Ports {
        &self.stage.ports
    }

    /// The settings that it was made with.
    pub fn options(&self) -> &SpineOptions {
        &self.stage.options
    }

    /// Room for one request of a tenant, to be held until it is answered. For whoever takes requests from many callers,
    /// once a caller is authenticated, or recognised and about to call: it keeps one tenant from taking the room of all.
    ///
    /// # Errors
    /// `overloaded`, at once.
    pub async fn room(&self, tenant: &TenantId) -> Result<Slot<TenantId>, Error> {
        let slot = self.stage.tenants.enter(tenant.clone(), Duration::ZERO).await;
        slot.map_err(|refusal| refusal.to_error("this tenant has as many requests under way as it may"))
    }

    /// Runs an operation by name, JSON in, JSON out. The path of the HTTP API.
    ///
    /// # Errors
    /// The operation's own, `operation_unknown`, `authority_denied`, `frozen`, `operation_panicked`,
    /// `deadline_exceeded`, `overloaded`, `shutting_down`.
    pub async fn call(&self, ctx: CallContext, name: &str, input: Input) -> Result<Vec<u8>, Error> {
        let encode = self.registry.entry(name).map(|entry| entry.encode);
        let output = self.dispatch(ctx, name, move |entry| (entry.decode)(input)).await?;
        encode?(output)
    }

    /// Runs a typed operation. The path of embedders; the same as [`Spine::call`] but for the JSON.
    ///
    /// # Errors
    /// As [`Spine::call`].
    pub async fn run<Op: Operation>(&self, ctx: CallContext, request: Op) -> Result<Op::Output, Error> {
        let output = self.dispatch(ctx, Op::NAME, move |_| Ok(Box::new(request) as Erased)).await?;
        output
            .downcast::<Op::Output>()
            .map(|output| *output)
            .map_err(|_| internal("the answer has another type"))
    }

    /// One dispatch, in a task of its own: a caller that goes away cuts off neither a transaction nor the audit.
    async fn dispatch(
        &self,
        ctx: CallContext,
        name: &str,
        decode: impl FnOnce(&Entry) -> Result<Erased, Error> + Send + 'static,
    ) -> Result<Erased, Error> {
        let running = self.stage.doors.enter()?;
        let span = spans::dispatch(&ctx, name);
        let (guard, signal) = CancelSignal::pair(self.stage.doors.cut());
        let budget = deadline::budget(self.stage.options.deadline_of(name), ctx.deadline);
        let scene = Scene::new(Arc::clone(&self.stage), ctx, signal);
        let (spine, name, noted) = (self.clone(), name.to_owned(), scene.noted());
        let audited = async move {
            let outcome = spine.run_audited(&scene, &name, decode).await;
            drop(running);
            outcome
        };
        let task = tokio::spawn(audited.instrument(span));
        let outcome = deadline::within(budget, &noted, task).await;
        drop(guard);
        outcome?.unwrap_or_else(|failure| Err(panicked(&failure)))
    }

    /// Look up, authorise, decode, run, and audit however it ends.
    async fn run_audited(
        &self,
        scene: &Scene,
        name: &str,
        decode: impl FnOnce(&Entry) -> Result<Erased, Error> + Send,
    ) -> Result<Erased, Error> {
        let started = self.stage.ports.clock.monotonic();
        let entry = self.registry.entry(name);
        let outcome = match &entry {
            Ok(entry) => run_entry(entry, scene, decode).await,
            Err(_) => Err(unknown_operation()),
        };
        let spec = entry.as_ref().ok().map(|entry| &entry.spec);
        let elapsed = self.stage.ports.clock.monotonic().saturating_sub(started);
        spans::ended(outcome.as_ref().err());
        self.audit(scene, name, spec, outcome.as_ref().err(), elapsed).await;
        outcome
    }

    async fn audit(
        &self,
        scene: &Scene,
        name: &str,
        spec: Option<&crate::registry::OperationSpec>,
        error: Option<&Error>,
        elapsed: Duration,
    ) {
        let record = DispatchRecord {
            operation: spec.map_or_else(|| printable(name), |spec| spec.name.to_owned()),
            authority: spec.map(|spec| spec.authority),
            effect: spec.map(|spec| spec.effect),
            actor: actor_of(scene.ctx()),
            request_id: scene.ctx().request.to_string(),
            error_code: error.map(|error| error.code().to_string()),
            duration_micros: u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            upstream_micros: scene.upstream_micros(),
        };
        self.stage.ports.dispatch_audit.record(scene.tenant(), &record).await;
    }

    pub(crate) fn stage(&self) -> &Arc<Stage> {
        &self.stage
    }
}

impl fmt::Debug for Spine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spine").field("operations", &self.registry).finish_non_exhaustive()
    }
}

async fn run_entry(
    entry: &Arc<Entry>,
    scene: &Scene,
    decode: impl FnOnce(&Entry) -> Result<Erased, Error> + Send,
) -> Result<Erased, Error> {
    debug_span!("gate.admit").in_scope(|| authorise(entry, scene))?;
    if scene.ctx().idempotency_key.is_some() && !operations::is_tool_call(entry.spec.name) {
        return Err(Error::new(
            ErrorKind::Invalid,
            codes::INVALID_HEADER,
            "this operation takes no Idempotency-Key: leave it out",
        ));
    }
    let request = decode(entry)?;
    if entry.spec.effect == Effect::Call && !operations::is_tool_call(entry.spec.name) {
        let key = FreezeTarget::Key(scene.principal().key().clone());
        ControlsBridge::refuse_if_frozen(scene, &[FreezeTarget::Tenant, key]).await?;
    }
    // A task of its own once more, so that a panic of the handler is audited too.
    let handled = entry.handle(scene.clone(), request).instrument(Span::current());
    let outcome = tokio::spawn(handled).await;
    outcome.unwrap_or_else(|failure| Err(panicked(&failure)))
}

fn authorise(entry: &Entry, scene: &Scene) -> Result<(), Error> {
    if scene.principal().holds(entry.spec.authority) {
        return Ok(());
    }
    let message = format!("this key may not do that: it needs the scope `{}`", entry.spec.authority);
    Err(Error::new(ErrorKind::Denied, codes::AUTHORITY_DENIED, message))
}

/// The panic's text may hold anything, so it goes nowhere; the panic hook has shown it to the operator.
fn panicked(failure: &tokio::task::JoinError) -> Error {
    let what = if failure.is_panic() { "the handler panicked" } else { "the handler's task was ended" };
    Error::new(ErrorKind::Internal, codes::OPERATION_PANICKED, "it broke on our side; nothing more was done")
        .with_internal(what)
}

fn unknown_operation() -> Error {
    Error::new(ErrorKind::NotFound, codes::OPERATION_UNKNOWN, "there is no such operation: see /openapi.json")
}

fn internal(detail: &str) -> Error {
    Error::new(ErrorKind::Internal, codes::INTERNAL, "it broke on our side").with_internal(detail)
}

/// A name from outside as it may stand in a record.
fn printable(name: &str) -> String {
    name.chars().filter(char::is_ascii_graphic).take(100).collect()
}

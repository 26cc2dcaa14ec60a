//! Decorators of ports that count what passes through them and change nothing of it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portcullis_drivers::integrations::mcp::client::era_of;
use portcullis_schemas::ids::{InstanceId, ServerId, TenantId};
use portcullis_schemas::incidents::NewIncident;
use portcullis_schemas::integrations::mcp::invocation::McpToolInvocation;
use portcullis_schemas::integrations::mcp::listening::ListWatch;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::wire::{
    Dispatch, McpCatalogue, McpFailure, McpHealth, McpTarget, ToolCall, ToolReply,
};
use portcullis_schemas::logs::checkpoint::KeptCheckpoint;
use portcullis_schemas::logs::ledger::{
    AbandonedIntent, Intent, IntentReceipt, Recorded, Refusal, Settlement,
};
use portcullis_schemas::logs::ports::{CheckpointSink, DispatchAudit, DispatchRecord, Ledger};
use portcullis_schemas::runtime::Clock;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{PortError, codes};
use portcullis_spine::operations::is_tool_call;
use portcullis_spine::{CheckpointPorts, Ports};

use super::catalogue::{
    CallLabels, Catalogue, DispatchLabels, ExchangeLabels, RaisedLabels, WriteLabels, code, ended,
};

pub(super) fn ports(catalogue: &Arc<Catalogue>, ports: Ports) -> Ports {
    let watch = |clock: &Arc<dyn Clock>| Watch { catalogue: Arc::clone(catalogue), clock: Arc::clone(clock) };
    Ports {
        ledger: Arc::new(WatchedLedger { inner: ports.ledger, watch: watch(&ports.clock) }),
        mcp: Arc::new(WatchedClient { inner: ports.mcp, watch: watch(&ports.clock) }),
        dispatch_audit: Arc::new(WatchedAudit {
            inner: ports.dispatch_audit,
            catalogue: Arc::clone(catalogue),
        }),
        checkpoints: ports.checkpoints.map(|CheckpointPorts { signer, sink }| {
            let sink = Arc::new(WatchedSink { inner: sink, catalogue: Arc::clone(catalogue) });
            CheckpointPorts { signer, sink }
        }),
        ..ports
    }
}

#[derive(Clone)]
pub(super) struct Watch {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Watch {
    fn since(&self, begun: Duration) -> f64 {
        self.clock.monotonic().saturating_sub(begun).as_secs_f64()
    }
}

/// What is counted of a call's end once it is durable.
struct End {
    call: Option<CallLabels>,
    raised: Option<RaisedLabels>,
}

impl End {
    fn of(invocation: Option<&McpToolInvocation>, incident: Option<&NewIncident>) -> Self {
        let call = invocation
            .map(|row| CallLabels { outcome: row.outcome.as_str(), code: code(row.error_code.as_deref()) });
        let raised = incident.map(|incident| RaisedLabels {
            severity: incident.severity.as_str(),
            cause: incident.cause.as_str(),
        });
        Self { call, raised }
    }

    fn count(&self, catalogue: &Catalogue) {
        if let Some(labels) = &self.call {
            catalogue.calls.get_or_create(labels).inc();
        }
        if let Some(labels) = &self.raised {
            catalogue.incidents_raised.get_or_create(labels).inc();
        }
    }
}

/// A ledger whose writes are counted and timed.
pub(super) struct WatchedLedger {
    pub(super) inner: Arc<dyn Ledger>,
    pub(super) watch: Watch,
}

impl WatchedLedger {
    fn wrote(&self, write: &'static str, begun: Duration, result: &Result<(), PortError>) {
        let result = if result.is_ok() { "written" } else { "failed" };
        self.waited(write, begun, result);
    }

    fn waited(&self, write: &'static str, begun: Duration, result: &'static str) {
        let seconds = &self.watch.catalogue.ledger_wait_seconds;
        seconds.get_or_create(&WriteLabels { write, result }).observe(self.watch.since(begun));
    }
}

#[async_trait]
impl Ledger for WatchedLedger {
    async fn record(&self, tenant: &TenantId, intent: Intent) -> Result<Recorded, PortError> {
        let begun = self.watch.clock.monotonic();
        let recorded = self.inner.record(tenant, intent).await;
        let result = match &recorded {
            Ok(Recorded::Receipt(_)) => "written",
            // Frozen, repeated or decided on what has changed: nothing was written, and nothing is wrong.
            Ok(_) => "declined",
            Err(_) => "failed",
        };
        self.waited("intent", begun, result);
        recorded
    }

    async fn settle(&self, receipt: &IntentReceipt, settlement: Settlement) -> Result<(), PortError> {
        let end = End::of(settlement.invocation.as_ref(), settlement.incident.as_ref());
        let begun = self.watch.clock.monotonic();
        let settled = self.inner.settle(receipt, settlement).await;
        self.wrote("settlement", begun, &settled);
        if settled.is_ok() {
            end.count(&self.watch.catalogue);
        }
        settled
    }

    async fn refuse(&self, tenant: &TenantId, refusal: Refusal) -> Result<(), PortError> {
        let end = End::of(refusal.invocation.as_ref(), refusal.incident.as_ref());
        let begun = self.watch.clock.monotonic();
        let refused = self.inner.refuse(tenant, refusal).await;
        self.wrote("refusal", begun, &refused);
        if refused.is_ok() {
            end.count(&self.watch.catalogue);
        }
        refused
    }

    async fn renew_lease(&self, instance: &InstanceId, until: Timestamp) -> Result<(), PortError> {
        let begun = self.watch.clock.monotonic();
        let renewed = self.inner.renew_lease(instance, until).await;
        self.wrote("lease", begun, &renewed);
        renewed
    }

    async fn abandoned(&self, now: Timestamp, limit: u16) -> Result<Vec<AbandonedIntent>, PortError> {
        self.inner.abandoned(now, limit).await
    }

    async fn take_over(
        &self,
        tenant: &TenantId,
        intent: &AbandonedIntent,
    ) -> Result<IntentReceipt, PortError> {
        self.inner.take_over(tenant, intent).await
    }

    async fn forget_keys(&self, before: Timestamp, limit: u16) -> Result<u64, PortError> {
        self.inner.forget_keys(before, limit).await
    }

    async fn ready(&self) -> Result<(), PortError> {
        self.inner.ready().await
    }
}

/// A client whose exchanges are counted and timed.
pub(super) struct WatchedClient {
    pub(super) inner: Arc<dyn McpClient>,
    pub(super) watch: Watch,
}

impl WatchedClient {
    pub(super) async fn exchange<T>(
        &self,
        exchange: &'static str,
        era: fn(&T) -> &'static str,
        answer: impl Future<Output = Result<T, McpFailure>> + Send,
    ) -> Result<T, McpFailure> {
        let mut going_on = Exchange::begin(&self.watch, exchange);
        let answer = answer.await;
        going_on.era = answer.as_ref().map_or("unknown", era);
        going_on.code = ended(&answer);
        answer
    }
}

#[async_trait]
impl McpClient for WatchedClient {
    async fn discover(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpCatalogue, McpFailure> {
        let era = |found: &McpCatalogue| era_of(&found.protocol_version);
        self.exchange("discover", era, self.inner.discover(tenant, target, dispatch)).await
    }

    async fn check_health(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpHealth, McpFailure> {
        let era = |health: &McpHealth| era_of(&health.protocol_version);
        self.exchange("health", era, self.inner.check_health(tenant, target, dispatch)).await
    }

    async fn call_tool(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        call: &ToolCall,
        dispatch: &Dispatch,
    ) -> Result<ToolReply, McpFailure> {
        let era = |reply: &ToolReply| era_of(&reply.protocol_version);
        self.exchange("call", era, self.inner.call_tool(tenant, target, call, dispatch)).await
    }

    async fn listen(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        watch: &ListWatch,
        dispatch: &Dispatch,
    ) -> Result<(), McpFailure> {
        let era = |(): &()| "unknown";
        self.exchange("listen", era, self.inner.listen(tenant, target, watch, dispatch)).await
    }

    async fn forget(&self, tenant: &TenantId, server: &ServerId) {
        self.inner.forget(tenant, server).await;
    }
}

/// One exchange, counted for as long as it goes on and timed once it is over. One that is dropped half-way, because its
/// caller has gone or the gate ends, is over too.
struct Exchange<'w> {
    watch: &'w Watch,
    begun: Duration,
    exchange: &'static str,
    era: &'static str,
    code: &'static str,
}

impl<'w> Exchange<'w> {
    fn begin(watch: &'w Watch, exchange: &'static str) -> Self {
        watch.catalogue.upstream_in_flight.inc();
        let code = codes::CANCELLED.as_str();
        Self { watch, begun: watch.clock.monotonic(), exchange, era: "unknown", code }
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        let Self { watch, begun, exchange, era, code } = *self;
        watch.catalogue.upstream_in_flight.dec();
        let labels = ExchangeLabels { exchange, era, code };
        watch.catalogue.exchange_seconds.get_or_create(&labels).observe(watch.since(begun));
    }
}

/// An audit whose dispatches are counted.
pub(super) struct WatchedAudit {
    pub(super) inner: Arc<dyn DispatchAudit>,
    pub(super) catalogue: Arc<Catalogue>,
}

#[async_trait]
impl DispatchAudit for WatchedAudit {
    async fn record(&self, tenant: &TenantId, record: &DispatchRecord) {
        // The name of an operation that there is not is the caller's own text.
        let operation = if record.authority.is_some() { record.operation.as_str() } else { "unknown" };
        let labels =
            DispatchLabels { operation: operation.to_owned(), code: code(record.error_code.as_deref()) };
        self.catalogue.dispatches.get_or_create(&labels).inc();
        if let Some(upstream) = record.upstream_micros.filter(|_| is_tool_call(operation)) {
            let added = Duration::from_micros(record.duration_micros.saturating_sub(upstream));
            self.catalogue.call_added_seconds.observe(added.as_secs_f64());
        }
        self.inner.record(tenant, record).await;
    }
}

/// A sink of checkpoints whose failures are counted.
pub(super) struct WatchedSink {
    pub(super) inner: Arc<dyn CheckpointSink>,
    pub(super) catalogue: Arc<Catalogue>,
}

impl WatchedSink {
    fn heard<T>(&self, answer: Result<T, PortError>) -> Result<T, PortError> {
        if answer.is_err() {
            self.catalogue.trail.sink_failures.inc();
        }
        answer
    }
}

#[async_trait]
impl CheckpointSink for WatchedSink {
    async fn keep(&self, checkpoint: &KeptCheckpoint) -> Result<(), PortError> {
        self.heard(self.inner.keep(checkpoint).await)
    }

    async fn newest(&self) -> Result<Option<KeptCheckpoint>, PortError> {
        self.heard(self.inner.newest().await)
    }
}

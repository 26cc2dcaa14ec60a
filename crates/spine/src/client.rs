//! The way of one dispatch to its upstream: an exchange ends when the caller goes away or the client panics, the time
//! that it takes is kept, and what comes back does not hold the credential that went out.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use async_trait::async_trait;
use portcullis_engines::integrations::mcp::redaction::Redactor;
use portcullis_schemas::codes;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::wire::{
    Dispatch, McpCatalogue, McpFailure, McpHealth, McpTarget, ToolCall, ToolReply,
};
use portcullis_schemas::runtime::Clock;
use tracing::{Instrument, debug_span};

use crate::cancel::CancelSignal;

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
}

impl DispatchClient {
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
        let answer = tokio::select! {
            biased;
            answer = caught(exchange).instrument(debug_span!("gate.upstream", otel.kind = "client")) => answer,
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
        let catalogue = self.exchange(self.inner.discover(tenant, target, dispatch)).await?;
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
        self.exchange(self.inner.check_health(tenant, target, dispatch)).await
    }

    async fn call_tool(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        call: &ToolCall,
        dispatch: &Dispatch,
    ) -> Result<ToolReply, McpFailure> {
        let reply = self.exchange(self.inner.call_tool(tenant, target, call, dispatch)).await?;
        Ok(match redactor(target) {
            Some(redactor) => redactor.reply(reply),
            None => reply,
        })
    }

    async fn forget(&self, tenant: &TenantId, server: &ServerId) {
        self.inner.forget(tenant, server).await;
    }
}

/// Most servers are asked without a credential, and then nothing is looked for.
fn redactor(target: &McpTarget) -> Option<Redactor> {
    target.auth.as_ref().and_then(Redactor::of)
}

/// A panic of the client ends its exchange and nothing else: the intent is open, and must be settled.
async fn caught<T>(exchange: impl Future<Output = Result<T, McpFailure>> + Send) -> Result<T, McpFailure> {
    let mut exchange = pin!(exchange);
    let poll = |context: &mut Context<'_>| {
        let polled = catch_unwind(AssertUnwindSafe(|| exchange.as_mut().poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(panicked())))
    };
    poll_fn(poll).await
}

/// The panic's text may hold anything, so it goes nowhere.
fn panicked() -> McpFailure {
    McpFailure::new(codes::OPERATION_PANICKED, "the exchange broke on our side", true)
}

#[cfg(test)]
mod tests {
    use portcullis_testkit::conformance;
    use portcullis_testkit::fakes::ScriptedMcpClient;
    use portcullis_testkit::time::TestClock;

    use super::*;
    use crate::closing::Doors;

    #[tokio::test]
    async fn conforms_to_the_port() {
        let (_caller, cancel) = CancelSignal::pair(Doors::open().cut());
        let client = DispatchClient {
            inner: Arc::new(ScriptedMcpClient::refused(100)),
            cancel,
            clock: Arc::new(TestClock::new()),
            time: Arc::default(),
        };
        conformance::mcp_client(&client).await;
    }
}

//! The caller going away, or this process ending, as a signal.
//!
//! A dispatch runs in a task of its own, so that no transaction is cut off half-way. When the caller's future is
//! dropped, or a shutdown has no more time, the signal fires; only the exchange with the upstream listens to it, and
//! what it leaves is recorded.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use portcullis_schemas::codes;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::wire::{
    Dispatch, McpCatalogue, McpFailure, McpHealth, McpTarget, ToolCall, ToolReply,
};
use tokio::sync::watch;

use crate::closing::Cut;

/// Held by the caller's side; fires when dropped.
#[derive(Debug)]
pub(crate) struct CancelGuard {
    _sender: watch::Sender<()>,
}

/// Held by the handler's side.
#[derive(Clone, Debug)]
pub(crate) struct CancelSignal {
    receiver: watch::Receiver<()>,
    cut: Cut,
}

impl CancelSignal {
    pub(crate) fn pair(cut: Cut) -> (CancelGuard, Self) {
        let (sender, receiver) = watch::channel(());
        (CancelGuard { _sender: sender }, Self { receiver, cut })
    }

    /// Ends when the caller has gone or the exchange has no more time, and says which.
    pub(crate) async fn fired(&self) -> McpFailure {
        let mut receiver = self.receiver.clone();
        tokio::select! {
            () = async { while receiver.changed().await.is_ok() {} } => cancelled("the caller went away"),
            () = self.cut.fallen() => cancelled("the server is shutting down"),
        }
    }
}

/// An MCP client whose exchange ends as `cancelled` when the caller goes away. Dropping the inner future closes the
/// stream, or sends `notifications/cancelled`.
pub(crate) struct CancellableClient {
    pub(crate) inner: Arc<dyn McpClient>,
    pub(crate) cancel: CancelSignal,
}

#[async_trait]
impl McpClient for CancellableClient {
    async fn discover(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpCatalogue, McpFailure> {
        tokio::select! {
            biased;
            answer = caught(self.inner.discover(tenant, target, dispatch)) => answer,
            failure = self.cancel.fired() => Err(failure),
        }
    }

    async fn check_health(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpHealth, McpFailure> {
        tokio::select! {
            biased;
            answer = caught(self.inner.check_health(tenant, target, dispatch)) => answer,
            failure = self.cancel.fired() => Err(failure),
        }
    }

    async fn call_tool(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        call: &ToolCall,
        dispatch: &Dispatch,
    ) -> Result<ToolReply, McpFailure> {
        tokio::select! {
            biased;
            answer = caught(self.inner.call_tool(tenant, target, call, dispatch)) => answer,
            failure = self.cancel.fired() => Err(failure),
        }
    }

    async fn forget(&self, tenant: &TenantId, server: &ServerId) {
        self.inner.forget(tenant, server).await;
    }
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
    McpFailure {
        code: codes::OPERATION_PANICKED,
        detail: "the exchange broke on our side".to_owned(),
        may_have_acted: true,
    }
}

fn cancelled(why: &str) -> McpFailure {
    McpFailure { code: codes::CANCELLED, detail: why.to_owned(), may_have_acted: true }
}

#[cfg(test)]
mod tests {
    use portcullis_testkit::conformance;
    use portcullis_testkit::fakes::ScriptedMcpClient;

    use super::*;
    use crate::closing::Doors;

    #[tokio::test]
    async fn conforms_to_the_port() {
        let (_caller, cancel) = CancelSignal::pair(Doors::open().cut());
        let client = CancellableClient { inner: Arc::new(ScriptedMcpClient::refused(100)), cancel };
        conformance::mcp_client(&client).await;
    }
}

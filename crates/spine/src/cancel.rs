//! The caller going away, or this process ending, as a signal.
//!
//! A dispatch runs in a task of its own, so that no transaction is cut off half-way. When the caller's future is
//! dropped, or a shutdown has no more time, the signal fires; only what waits for strangers listens to it, the exchange
//! with the upstream and the questions for its token, and what it leaves is recorded.

use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::wire::McpFailure;
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

fn cancelled(why: &str) -> McpFailure {
    McpFailure::new(codes::CANCELLED, why, true)
}

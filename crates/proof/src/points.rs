//! The ports of storage, ledger, vault, MCP client and egress as points: something that a trial brings stands before and
//! after every call, a counter or a crash.

use std::sync::Arc;

use portcullis_drivers::integrations::mcp::client::HttpMcpClient;
use portcullis_spine::Ports;
use portcullis_spine::dispatch_audit::StandardDispatchAudit;

use self::outward::{WatchedEgress, WatchedMcpClient, WatchedVault};
use self::recorded::WatchedLedger;
use self::stored::WatchedStore;

mod outward;
mod recorded;
mod stored;

/// What stands before and after each call. A point is a port's name and a method's: `Ledger::record`.
pub(crate) trait Passage: Send + Sync {
    /// Before a call.
    fn before(&self, point: &'static str);

    /// After a call came back, however it ended.
    fn after(&self, point: &'static str);
}

/// The ports with a passage at each call. The client and the dispatch audit are made anew, over the watched egress and
/// the watched ledger.
pub(crate) fn watched(ports: Ports, passage: Arc<dyn Passage>) -> Ports {
    let ledger = Arc::new(WatchedLedger { inner: ports.ledger, passage: Arc::clone(&passage) });
    let egress = Arc::new(WatchedEgress { inner: ports.egress, passage: Arc::clone(&passage) });
    let client = HttpMcpClient::new(egress.clone(), Arc::clone(&ports.entropy), Arc::clone(&ports.clock));
    let audit = StandardDispatchAudit::new(ledger.clone(), Arc::clone(&ports.clock), Arc::clone(&ports.ids));
    Ports {
        store: Arc::new(WatchedStore { inner: ports.store, passage: Arc::clone(&passage) }),
        vault: Arc::new(WatchedVault { inner: ports.vault, passage: Arc::clone(&passage) }),
        mcp: Arc::new(WatchedMcpClient { inner: Arc::new(client), passage }),
        dispatch_audit: Arc::new(audit),
        ledger,
        egress,
        ..ports
    }
}

/// Every point that is watched.
pub(crate) fn all() -> Vec<&'static str> {
    [
        stored::OPENED,
        stored::INTEGRATIONS,
        stored::OTHERS,
        WatchedLedger::POINTS,
        outward::EGRESS,
        WatchedMcpClient::POINTS,
        WatchedVault::POINTS,
    ]
    .concat()
}

/// A port whose methods wait: passage, inner call, passage. What does not fit the form is named and written
/// out in `rest`.
macro_rules! watched_port {
    ($port:ident for $watched:ident; $(
        fn $method:ident($($argument:ident: $type:ty),*) -> $answer:ty;
    )* rest $($more:ident)* { $($rest:tt)* }) => {
        impl $watched {
            /// Its points.
            pub(super) const POINTS: &[&str] = &[
                $(concat!(stringify!($port), "::", stringify!($method)),)*
                $(concat!(stringify!($port), "::", stringify!($more)),)*
            ];
        }

        #[async_trait]
        impl $port for $watched {
            $(
                async fn $method(&self, $($argument: $type),*) -> $answer {
                    let point = concat!(stringify!($port), "::", stringify!($method));
                    self.passage.before(point);
                    let answer = self.inner.$method($($argument),*).await;
                    self.passage.after(point);
                    answer
                }
            )*
            $($rest)*
        }
    };
}
use watched_port;

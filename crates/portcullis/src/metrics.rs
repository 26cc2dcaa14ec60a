//! What the gate does, in numbers: counts, times and depths, as Prometheus reads them.
//!
//! No label names a tenant, a key, a server or a tool. Every label has few values, which the code knows beforehand, so
//! neither a tenant nor an upstream can make the operator's monitoring grow, and whoever may read the numbers learns
//! nothing about a customer. Who did what stands in the trail.

mod catalogue;
mod scrape;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_drivers::ledger::LedgerMeter;
use portcullis_spine::Ports;
use prometheus_client::encoding::prometheus_text;

use self::catalogue::{Catalogue, HttpLabels};
pub use self::scrape::Scrape;

/// The numbers of one gate. Cheap to clone; all clones are one. Give it to
/// [`EmbeddedOptions::metrics`](crate::embedded::EmbeddedOptions), or lay it over ports of your own with
/// [`Metrics::watch`].
#[derive(Clone)]
pub struct Metrics {
    catalogue: Arc<Catalogue>,
}

impl Metrics {
    /// All numbers at zero.
    pub fn new() -> Self {
        Self { catalogue: Arc::new(Catalogue::new()) }
    }

    /// The same ports, heard: what passes through ledger, MCP client, dispatch audit and
    /// the sink of checkpoints is counted.
    #[must_use]
    pub fn watch(&self, ports: Ports) -> Ports {
        watch::ports(&self.catalogue, ports)
    }

    /// Counts an answer of an HTTP entry. `route` must be the route's pattern, never the path that was asked for.
    pub fn answered(&self, method: &str, route: &str, status: u16) {
        let labels = HttpLabels { method: catalogue::method(method), route: route.to_owned(), status };
        self.catalogue.http_requests.get_or_create(&labels).inc();
    }

    /// The numbers in Prometheus' text format 0.0.4.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail, and all values encode.
        let _ = prometheus_text::encode(&mut text, &self.catalogue.registry);
        text
    }

    /// For the ledger's own task.
    pub(crate) fn ledger_meter(&self) -> Arc<dyn LedgerMeter> {
        Arc::new(Commits(Arc::clone(&self.catalogue)))
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

struct Commits(Arc<Catalogue>);

impl LedgerMeter for Commits {
    fn waiting(&self, values: usize) {
        self.0.ledger_queue.set(i64::try_from(values).unwrap_or(i64::MAX));
    }

    fn committed(&self, values: usize, elapsed: Duration, written: bool) {
        if written {
            if values > 0 {
                self.0.commits.values.observe(values as f64);
            }
            self.0.commits.seconds.observe(elapsed.as_secs_f64());
        } else {
            self.0.commits.failed.inc();
        }
    }

    fn left_out(&self, values: usize) {
        self.0.commits.values_failed.inc_by(values as u64);
    }
}

#[cfg(test)]
mod tests;

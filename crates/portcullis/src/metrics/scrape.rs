//! One reading of all numbers, those included that only the database knows.

use std::sync::Arc;
use std::time::Duration;

use portcullis_drivers::database::Database;
use portcullis_drivers::incidents;
use portcullis_schemas::runtime::Clock;
use tokio::sync::Mutex;

use super::Metrics;
use super::catalogue::IncidentLabels;

/// How long a reading of the database serves: however often somebody asks, it is read this seldom.
const FRESH: Duration = Duration::from_secs(5);

/// Reads the numbers of an open data directory. Cheap to clone; drop all before the directory is closed.
#[derive(Clone)]
pub struct Scrape {
    metrics: Metrics,
    database: Database,
    clock: Arc<dyn Clock>,
    read_at: Arc<Mutex<Option<Duration>>>,
}

impl Scrape {
    pub(crate) fn new(metrics: Metrics, database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { metrics, database, clock, read_at: Arc::default() }
    }

    /// The numbers in Prometheus' text format 0.0.4. The database is read at most every 5 s; while it does not answer,
    /// what it would say is left out.
    pub async fn text(&self) -> String {
        self.read().await;
        self.metrics.text()
    }

    async fn read(&self) {
        // Held over the reading, so that many who ask at once make one reading.
        let mut read_at = self.read_at.lock().await;
        let now = self.clock.monotonic();
        if read_at.is_some_and(|at| now.saturating_sub(at) < FRESH) {
            return;
        }
        let catalogue = &self.metrics.catalogue;
        match incidents::unresolved(&self.database).await {
            Ok(found) => {
                catalogue.incidents.clear();
                for (severity, status, count) in found {
                    let labels = IncidentLabels { severity: severity.as_str(), status: status.as_str() };
                    let count = i64::try_from(count).unwrap_or(i64::MAX);
                    catalogue.incidents.get_or_create(&labels).set(count);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the number of incidents cannot be read");
                catalogue.incidents.clear();
                catalogue.scrape_failures.inc();
            }
        }
        *read_at = Some(now);
    }
}

impl std::fmt::Debug for Scrape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scrape").finish_non_exhaustive()
    }
}

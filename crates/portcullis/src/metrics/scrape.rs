//! One reading of all numbers, those included that only the database knows.

use std::sync::Arc;
use std::time::Duration;

use portcullis_drivers::database::Database;
use portcullis_drivers::incidents;
use portcullis_drivers::uow::SqlStore;
use portcullis_engines::logs::checkpoints::{fresh, lost};
use portcullis_schemas::PortError;
use portcullis_schemas::runtime::Clock;
use portcullis_schemas::store::Store;
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
        let (incidents, trail) = (self.read_incidents().await, self.read_trail().await);
        if let Err(error) = incidents.and(trail) {
            tracing::warn!(%error, "the database's numbers cannot be read");
            self.metrics.catalogue.scrape_failures.inc();
        }
        *read_at = Some(now);
    }

    /// What cannot be read is absent.
    async fn read_incidents(&self) -> Result<(), PortError> {
        let incidents = &self.metrics.catalogue.incidents;
        let found = incidents::unresolved(&self.database).await;
        incidents.clear();
        for (severity, status, count) in found? {
            let labels = IncidentLabels { severity: severity.as_str(), status: status.as_str() };
            incidents.get_or_create(&labels).set(gauge(count));
        }
        Ok(())
    }

    /// While it cannot be read, the newest checkpoint only grows older: an alert on its age needs no other.
    async fn read_trail(&self) -> Result<(), PortError> {
        let trail = &self.metrics.catalogue.trail;
        let mut work = SqlStore::new(self.database.clone()).read().await?;
        let (newest, coverage) = (work.checkpoints().newest().await?, work.checkpoints().coverage().await?);
        if let Some(newest) = &newest {
            trail.checkpoint_time.set(newest.created_at.as_micros() / 1_000_000);
            trail.checkpoint_records.set(gauge(newest.size));
        }
        trail.uncovered_records.set(gauge(fresh(&coverage)));
        trail.lost_records.set(gauge(lost(newest.as_ref(), &coverage)));
        Ok(())
    }
}

fn gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl std::fmt::Debug for Scrape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scrape").finish_non_exhaustive()
    }
}

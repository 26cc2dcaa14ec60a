//! The ledger: no record, no call; no recorded outcome, no answer.
//!
//! Callers put values into a bounded queue ([`queue`]); one writer puts what has queued into one transaction and commits
//! once ([`writer`]). Every wait is bounded by [`WRITE_DEADLINE`]. When a caller gives up
//!
//! - before the transaction began, the value is dropped: nothing was written;
//! - while it runs, the value may become durable although its caller was told `Timeout`. An intent of that kind is
//!   taken from its instance, and recovery closes it as `unknown` ([`disowned`]); a settlement of that kind stands,
//!   though its result was withheld. The same goes for callers whose future is dropped.
//!
//! A settlement that fails leaves its intent to recovery too, and so does a commit that the database did not confirm.
//!
//! Several replicas may write to one PostgreSQL database, each with a ledger of its own. They take turns by tenant
//! (`database::tenant_locks`): what a batch reads of a tenant, and the head of its chain, is true until it commits.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::ids::{InstanceId, TenantId};
use portcullis_schemas::logs::ledger::{
    AbandonedIntent, Intent, IntentReceipt, Recorded, Refusal, Settlement, WRITE_DEADLINE,
};
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use tokio::sync::oneshot;

use self::disowned::Disowned;
use self::job::{Job, Verdict, Work};
pub use self::meter::LedgerMeter;
use self::meter::Unmetered;
use self::queue::Callers;
use self::writer::unrecorded;
use crate::database::Database;

mod batch;
mod disowned;
mod forgetting;
mod job;
mod judge;
mod known;
mod meter;
mod queue;
mod recovery;
mod rows;
mod standing;
mod writer;

/// The ledger in the database. Dropping the last handle ends its writer after what is queued has been written.
#[derive(Debug)]
pub struct SqlLedger {
    database: Database,
    queue: Callers,
    disowned: Disowned,
    meter: Arc<dyn LedgerMeter>,
}

impl SqlLedger {
    /// Starts the writer: on SQLite on a thread of its own, otherwise as a task of the current tokio runtime. One a
    /// process is meant; more than one is safe.
    pub fn start(database: Database) -> Arc<Self> {
        Self::start_metered(database, Arc::new(Unmetered))
    }

    /// As [`SqlLedger::start`], with one who hears of its queue and its commits.
    pub fn start_metered(database: Database, meter: Arc<dyn LedgerMeter>) -> Arc<Self> {
        let (queue, jobs) = queue::queue();
        let disowned = Disowned::default();
        writer::start(database.clone(), jobs, disowned.clone(), Arc::clone(&meter));
        Arc::new(Self { database, queue, disowned, meter })
    }

    async fn submit(&self, work: Work) -> Result<Verdict, PortError> {
        let (answer, mut waiting) = oneshot::channel();
        if !self.queue.put(Job { work, answer }) {
            return Err(unrecorded(PortError::unavailable(
                "the ledger's queue is full, or its writer has ended",
            )));
        }
        // Told by callers too: a writer that hangs would never say how long its queue has become.
        self.meter.waiting(self.queue.waiting());
        match tokio::time::timeout(WRITE_DEADLINE, &mut waiting).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(gave_up("the ledger's writer ended without an answer")),
            Err(_) => {
                // What was sent before the channel closed still counts.
                waiting.close();
                waiting.try_recv().unwrap_or_else(|_| Err(gave_up("the trail was not written in time")))
            }
        }
    }

    async fn write(&self, work: Work) -> Result<(), PortError> {
        match self.submit(work).await? {
            Verdict::Written => Ok(()),
            Verdict::Closed => Err(closed()),
            Verdict::Recorded(_) | Verdict::Forgotten(_) => Err(another_question()),
        }
    }
}

#[async_trait]
impl Ledger for SqlLedger {
    async fn record(&self, tenant: &TenantId, intent: Intent) -> Result<Recorded, PortError> {
        let guard = self.disowned.unless_released(tenant.clone(), intent.intent_id.clone());
        let result = self.submit(Work::Record { tenant: tenant.clone(), intent: Box::new(intent) }).await;
        // Only a caller who does not know what became of the intent leaves it to recovery.
        if !result.as_ref().is_err_and(|error| error.kind() == PortErrorKind::Timeout) {
            guard.release();
        }
        match result? {
            Verdict::Recorded(recorded) => Ok(recorded),
            Verdict::Written | Verdict::Closed | Verdict::Forgotten(_) => Err(another_question()),
        }
    }

    async fn settle(&self, receipt: &IntentReceipt, settlement: Settlement) -> Result<(), PortError> {
        if *receipt.intent() != settlement.intent_id {
            let detail = "the settlement is of another intent than the receipt";
            return Err(PortError::new(PortErrorKind::Invalid, codes::INTERNAL, detail));
        }
        let tenant = receipt.tenant().clone();
        let guard = self.disowned.unless_released(tenant.clone(), settlement.intent_id.clone());
        let work = Work::Settle { tenant, settlement: Box::new(settlement) };
        let result = self.write(work).await;
        if result.as_ref().map_or_else(|error| error.code() == codes::INTENT_CLOSED, |()| true) {
            guard.release();
        }
        result
    }

    async fn refuse(&self, tenant: &TenantId, refusal: Refusal) -> Result<(), PortError> {
        self.write(Work::Refuse { tenant: tenant.clone(), refusal: Box::new(refusal) }).await
    }

    async fn renew_lease(&self, instance: &InstanceId, until: Timestamp) -> Result<(), PortError> {
        self.write(Work::Renew { instance: instance.clone(), until }).await
    }

    async fn abandoned(&self, now: Timestamp, limit: u16) -> Result<Vec<AbandonedIntent>, PortError> {
        recovery::abandoned(self.database.reader(), now, limit).await
    }

    async fn take_over(
        &self,
        tenant: &TenantId,
        intent: &AbandonedIntent,
    ) -> Result<IntentReceipt, PortError> {
        if intent.tenant == *tenant
            && recovery::is_open(self.database.reader(), tenant, &intent.intent_id).await?
        {
            return Ok(IntentReceipt::issued_by_ledger(tenant.clone(), intent.intent_id.clone()));
        }
        Err(closed())
    }

    async fn forget_keys(&self, before: Timestamp, limit: u16) -> Result<u64, PortError> {
        match self.submit(Work::Forget { before, limit }).await? {
            Verdict::Forgotten(keys) => Ok(keys),
            Verdict::Recorded(_) | Verdict::Written | Verdict::Closed => Err(another_question()),
        }
    }

    async fn ready(&self) -> Result<(), PortError> {
        self.write(Work::Probe).await
    }
}

fn gave_up(detail: &'static str) -> PortError {
    PortError::new(PortErrorKind::Timeout, codes::AUDIT_UNAVAILABLE, detail)
}

fn another_question() -> PortError {
    PortError::corrupt("the ledger answered another question")
}

fn closed() -> PortError {
    PortError::new(
        PortErrorKind::Conflict,
        codes::INTENT_CLOSED,
        "the intent is not open: it was settled already",
    )
}

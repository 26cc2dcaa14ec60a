//! The one writer of the ledger. A batch is what queued while the previous commit waited for the disk: there
//! is no timer, one caller alone never waits for company.
//!
//! A batch is applied together first. If that fails, it is rolled back and applied again with a savepoint for each
//! value, so that one bad value fails alone; all that succeed still share one commit. Values of a tenant whose lock
//! another writer keeps wait for the next batch, until their callers give up, and take no place in it. The others wait for
//! them once a batch, for as long as one lock is awaited, however many tenants are kept.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use sea_orm::DbBackend;
use tokio::runtime::Builder;
use tokio::sync::mpsc;

use super::batch::apply;
use super::disowned::{Disowned, Orphan};
use super::job::{Job, Verdict, Work};
use super::meter::LedgerMeter;
use super::recovery::disown;
use crate::database::{Database, RecordTransaction};

/// Most new values in one transaction, and most orphans.
const MOST_AT_ONCE: usize = 256;

/// What became of a value of a batch.
enum Answer {
    /// It was tried, and its caller is told this.
    Told(Result<Verdict, PortError>),
    /// Its caller has gone, so it was not tried.
    GivenUp,
    /// Somebody else writes for its tenant: it waits for the next batch.
    Waits,
}

/// Starts serving the queue.
///
/// On SQLite the ledger's connection works on the thread that asks, and waits for the disk there: this thread has
/// nothing else to do. PostgreSQL's connections belong to the runtime that reads their sockets.
pub(super) fn start(
    database: Database,
    queue: mpsc::Receiver<Job>,
    disowned: Disowned,
    meter: Arc<dyn LedgerMeter>,
) {
    let engine = database.writer().get_database_backend();
    let serving = run(database, queue, disowned, meter);
    if engine != DbBackend::Sqlite {
        tokio::spawn(serving);
        return;
    }
    // Made on its thread: one that is dropped among the tasks of another runtime panics.
    let serve = move || match Builder::new_current_thread().enable_time().build() {
        Ok(runtime) => runtime.block_on(serving),
        Err(error) => tracing::error!(%error, "there is no runtime for the ledger"),
    };
    if let Err(error) = thread::Builder::new().name("portcullis-ledger".to_owned()).spawn(serve) {
        // The queue is gone with it, so every record is refused.
        tracing::error!(%error, "there is no thread for the ledger");
    }
}

/// Serves the queue until every sender is gone and nothing is queued.
async fn run(
    database: Database,
    mut queue: mpsc::Receiver<Job>,
    disowned: Disowned,
    meter: Arc<dyn LedgerMeter>,
) {
    let mut jobs = Vec::with_capacity(MOST_AT_ONCE);
    while fill(&mut queue, &mut jobs).await {
        meter.waiting(queue.len());
        jobs = serve(&database, &disowned, &*meter, std::mem::take(&mut jobs)).await;
    }
}

/// A failure as callers of the ledger see it: nothing may be done on it. `Timeout` says that nobody knows whether the
/// record is there; otherwise it is not.
pub(super) fn unrecorded(error: PortError) -> PortError {
    let kind = match error.kind() {
        PortErrorKind::Timeout => PortErrorKind::Timeout,
        _ => PortErrorKind::Unavailable,
    };
    PortError::new(kind, codes::AUDIT_UNAVAILABLE, error.detail().to_owned()).with_source(error)
}

/// Adds what has queued, and waits only if nothing is left over. False when there is nothing and never will be.
async fn fill(queue: &mut mpsc::Receiver<Job>, jobs: &mut Vec<Job>) -> bool {
    if jobs.is_empty() {
        return queue.recv_many(jobs, MOST_AT_ONCE).await > 0;
    }
    let most = jobs.len() + MOST_AT_ONCE;
    while jobs.len() < most
        && let Ok(job) = queue.try_recv()
    {
        jobs.push(job);
    }
    true
}

/// Writes a batch and answers its callers. Returns the values that wait for the next one.
///
/// The order matters: an intent is disowned only after its caller's end of the channel is gone. So the list is taken
/// first; a caller who gives up later is either seen to be gone, or disowns an intent that this batch commits, and
/// the next batch finds that on the list.
async fn serve(
    database: &Database,
    disowned: &Disowned,
    meter: &dyn LedgerMeter,
    mut jobs: Vec<Job>,
) -> Vec<Job> {
    let orphans = disowned.take(MOST_AT_ONCE);
    jobs.retain(|job| !job.is_given_up());
    let mut left = Vec::new();
    let begun = Instant::now();
    let written = write(database, disowned, &jobs, orphans).await;
    meter.committed(jobs.len(), begun.elapsed(), written.is_ok());
    match written {
        Ok(answers) => {
            meter.left_out(answers.iter().filter(|answer| matches!(answer, Answer::Told(Err(_)))).count());
            for (job, answer) in jobs.into_iter().zip(answers) {
                match answer {
                    Answer::Told(result) => job.answer(result.map_err(unrecorded)),
                    Answer::GivenUp => {}
                    Answer::Waits => left.push(job),
                }
            }
        }
        Err(error) => {
            tracing::error!(%error, values = jobs.len(), "the trail cannot be written");
            for job in jobs {
                let detail = error.detail().to_owned();
                job.answer(Err(unrecorded(PortError::new(error.kind(), error.code(), detail))));
            }
        }
    }
    left
}

/// One durable commit for all.
async fn write(
    database: &Database,
    disowned: &Disowned,
    jobs: &[Job],
    orphans: Vec<Orphan>,
) -> Result<Vec<Answer>, PortError> {
    match try_together(database, jobs, &orphans).await {
        Ok(Ok(answers)) => return Ok(answers),
        Ok(Err(error)) => {
            tracing::warn!(%error, values = jobs.len(), "a batch of the trail failed; applying its values one by one");
            disowned.put(orphans);
        }
        Err(error) => {
            disowned.put(orphans);
            return Err(error);
        }
    }
    let tx = database.begin_record().await?;
    let answers = apart(&tx, jobs).await?;
    tx.commit().await?;
    Ok(answers)
}

/// The inner error is of a batch that was taken back whole; it may be tried again in another way.
async fn try_together(
    database: &Database,
    jobs: &[Job],
    orphans: &[Orphan],
) -> Result<Result<Vec<Answer>, PortError>, PortError> {
    let tx = database.begin_record().await?;
    match together(&tx, jobs, orphans).await {
        Ok(answers) => tx.commit().await.map(|()| Ok(answers)),
        Err(error) => {
            if let Err(broken) = tx.rollback().await {
                tracing::warn!(error = %broken, "the connection of a failed batch is broken");
            }
            Ok(Err(error))
        }
    }
}

async fn together(
    tx: &RecordTransaction,
    jobs: &[Job],
    orphans: &[Orphan],
) -> Result<Vec<Answer>, PortError> {
    let tenants = tenants(jobs).chain(orphans.iter().map(|orphan| &orphan.tenant)).collect();
    let session = tx.of_records(&tenants).await?;
    disown(session, orphans).await?;
    // Who gave up while the locks were awaited is not written.
    let waiting: Vec<bool> = jobs.iter().map(|job| !job.is_given_up()).collect();
    let works: Vec<&Work> =
        jobs.iter().zip(&waiting).filter(|(_, waits)| **waits).map(|(job, _)| &job.work).collect();
    let mut verdicts = apply(session, &works).await?.into_iter();
    let mut told = || verdicts.next().map_or(Answer::Waits, |verdict| Answer::Told(Ok(verdict)));
    Ok(waiting.into_iter().map(|waits| if waits { told() } else { Answer::GivenUp }).collect())
}

async fn apart(tx: &RecordTransaction, jobs: &[Job]) -> Result<Vec<Answer>, PortError> {
    let free = tx.of_free(&tenants(jobs).collect()).await?;
    let mut answers = Vec::with_capacity(jobs.len());
    for job in jobs {
        answers.push(match job.work.tenant() {
            _ if job.is_given_up() => Answer::GivenUp,
            Some(tenant) if !free.contains(tenant) => Answer::Waits,
            _ => Answer::Told(alone(tx, &job.work).await?),
        });
    }
    Ok(answers)
}

/// The outer error is one of the transaction, the inner one of the value.
async fn alone(tx: &RecordTransaction, work: &Work) -> Result<Result<Verdict, PortError>, PortError> {
    let savepoint = tx.savepoint().await?;
    match apply(savepoint.session(), &[work]).await {
        Ok(mut verdicts) => {
            savepoint.commit().await?;
            Ok(verdicts.pop().ok_or_else(|| PortError::corrupt("a value without a verdict")))
        }
        Err(error) => {
            savepoint.rollback().await?;
            Ok(Err(error))
        }
    }
}

fn tenants(jobs: &[Job]) -> impl Iterator<Item = &TenantId> {
    jobs.iter().filter_map(|job| job.work.tenant())
}

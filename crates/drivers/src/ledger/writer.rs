//! The one writer of the ledger. A batch is what queued while the previous commit waited for the disk: there
//! is no timer, one caller alone never waits for company.
//!
//! A batch is applied together first. If that fails, it is rolled back. Values of a tenant whose lock another writer keeps
//! wait for the next batch, until their callers give up, and take no place in it; the others waited for them once, for as
//! long as one lock is awaited, however many tenants are kept. They
//! are applied again, and what fails is halved, within a savepoint each, until a bad value fails alone. All that succeed
//! still share one commit.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use sea_orm::DbBackend;
use tokio::runtime::Builder;

use super::batch::apply;
use super::disowned::{Disowned, Orphan};
use super::job::{Job, Verdict, Work};
use super::meter::LedgerMeter;
use super::queue::Queue;
use super::recovery::disown;
use crate::database::{Database, RecordTransaction};

/// Most new values in one transaction, and most orphans.
const MOST_AT_ONCE: usize = 256;

/// The longest that a batch is taken apart: those who wait for it, and for the next one, have not given up by then.
const LONGEST_APART: Duration = Duration::from_millis(400);

/// What became of a value of a batch.
enum Answer {
    /// It was tried, and its caller is told this.
    Told(Result<Verdict, PortError>),
    /// Its caller has gone, so it was not tried.
    GivenUp,
    /// Somebody else writes for its tenant, or there was no time for it: it waits for the next batch.
    Waits,
}

impl Answer {
    fn is_written(&self) -> bool {
        matches!(self, Self::Told(Ok(_)))
    }
}

/// Starts serving the queue.
///
/// On SQLite the ledger's connection works on the thread that asks, and waits for the disk there: this thread has
/// nothing else to do. PostgreSQL's connections belong to the runtime that reads their sockets.
pub(super) fn start(database: Database, queue: Queue, disowned: Disowned, meter: Arc<dyn LedgerMeter>) {
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
async fn run(database: Database, mut queue: Queue, disowned: Disowned, meter: Arc<dyn LedgerMeter>) {
    let mut jobs = Vec::with_capacity(MOST_AT_ONCE);
    while queue.fill(&mut jobs, MOST_AT_ONCE).await {
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
    let values =
        written.as_ref().map_or(jobs.len(), |answers| answers.iter().filter(|one| one.is_written()).count());
    meter.committed(values, begun.elapsed(), written.is_ok());
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
            tracing::warn!(%error, values = jobs.len(), "a batch of the trail failed; taking it apart");
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

/// Applies what a batch holds of tenants that are free: all together, and the halves of what fails, until a bad value is
/// alone. What there is no time for waits.
async fn apart(tx: &RecordTransaction, jobs: &[Job]) -> Result<Vec<Answer>, PortError> {
    let free = tx.of_free(&tenants(jobs).collect()).await?;
    let is_free = |job: &Job| job.work.tenant().is_none_or(|tenant| free.contains(tenant));
    let mut answers: Vec<Answer> =
        jobs.iter().map(|job| if job.is_given_up() { Answer::GivenUp } else { Answer::Waits }).collect();
    let tried: Vec<usize> =
        (0..jobs.len()).filter(|at| !jobs[*at].is_given_up() && is_free(&jobs[*at])).collect();
    let (begun, mut groups) = (Instant::now(), vec![tried.as_slice()]);
    while begun.elapsed() < LONGEST_APART
        && let Some(group) = groups.pop()
    {
        let works: Vec<&Work> = group.iter().map(|at| &jobs[*at].work).collect();
        match (within(tx, &works).await?, group) {
            (Ok(verdicts), _) => {
                for (at, verdict) in group.iter().zip(verdicts) {
                    answers[*at] = Answer::Told(Ok(verdict));
                }
            }
            (Err(error), [bad]) => answers[*bad] = Answer::Told(Err(error)),
            // The first half first: values stay in their order.
            (Err(_), _) => {
                let (first, second) = group.split_at(group.len() / 2);
                groups.extend([second, first]);
            }
        }
    }
    Ok(answers)
}

/// Applies values so that all of them, and nothing else, can be taken back. The outer error is one of the transaction, the
/// inner one of the values.
async fn within(
    tx: &RecordTransaction,
    works: &[&Work],
) -> Result<Result<Vec<Verdict>, PortError>, PortError> {
    let savepoint = tx.savepoint().await?;
    match apply(savepoint.session(), works).await {
        Ok(verdicts) => savepoint.commit().await.map(|()| Ok(verdicts)),
        Err(error) => savepoint.rollback().await.map(|()| Err(error)),
    }
}

fn tenants(jobs: &[Job]) -> impl Iterator<Item = &TenantId> {
    jobs.iter().filter_map(|job| job.work.tenant())
}

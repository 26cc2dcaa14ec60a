//! The one writer of the ledger. A batch is what queued while the previous commit waited for the disk: there
//! is no timer, one caller alone never waits for company.
//!
//! A batch is applied together first. If that fails, it is rolled back. Values of a tenant whose lock another writer keeps
//! wait for the next batch, until their callers give up, and take no place in it; the others waited for them once, for as
//! long as one lock is awaited, however many tenants are kept. They are applied again, and what fails is halved, within a
//! savepoint each, until a bad value fails alone. All that succeed still share one commit, for which there is little time:
//! what is not reached waits too, and new values meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::ledger::Recorded;
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

/// When a batch that has written anything goes on with no other value: some of its callers' time is left for the commit.
const LONGEST_APART: Duration = Duration::from_millis(400);

/// What became of a value of a batch.
enum Answer {
    /// It was tried, and its caller is told this.
    Told(Result<Verdict, PortError>),
    /// Its caller has gone, so it was not tried.
    GivenUp,
    /// Somebody else writes for its tenant: it waits for the next batch, besides those that the batch is made of.
    Waits,
    /// There was no time for it: it is one of the next batch.
    Unreached,
}

impl Answer {
    /// Whether the commit holds anything of it: a value that is declined leaves nothing.
    fn is_written(&self) -> bool {
        let Self::Told(Ok(verdict)) = self else { return false };
        match verdict {
            Verdict::Recorded(recorded) => matches!(recorded, Recorded::Receipt(_)),
            Verdict::Forgotten(keys) => *keys > 0,
            Verdict::Written => true,
            Verdict::Closed => false,
        }
    }
}

/// What is left of a batch for the next one.
#[derive(Default)]
struct Left {
    jobs: Vec<Job>,
    /// How many of them were not reached, and so take places of the next batch.
    unreached: usize,
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
    let mut left = Left::default();
    loop {
        let most = MOST_AT_ONCE.saturating_sub(left.unreached);
        let mut jobs = left.jobs;
        if !queue.fill(&mut jobs, most).await {
            return;
        }
        meter.waiting(queue.len());
        left = serve(&database, &disowned, &*meter, jobs).await;
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
) -> Left {
    let orphans = disowned.take(MOST_AT_ONCE);
    jobs.retain(|job| !job.is_given_up());
    let mut left = Left::default();
    let begun = Instant::now();
    let written = write(database, disowned, &jobs, orphans, begun).await;
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
                    Answer::Waits => left.jobs.push(job),
                    Answer::Unreached => {
                        left.unreached += 1;
                        left.jobs.push(job);
                    }
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
    begun: Instant,
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
    let answers = apart(&tx, jobs, begun).await?;
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

/// Applies what a batch that began then holds of tenants that are free, and the halves of what fails, until a bad value is
/// alone.
async fn apart(tx: &RecordTransaction, jobs: &[Job], begun: Instant) -> Result<Vec<Answer>, PortError> {
    let all: BTreeSet<&TenantId> = tenants(jobs).collect();
    let free = tx.of_free(&all).await?;
    let mut answers: Vec<Answer> = jobs.iter().map(|job| place(job, &free)).collect();
    let mut groups = groups(jobs, &answers, free.len() == all.len());
    let mut wrote = false;
    while (!wrote || begun.elapsed() < LONGEST_APART)
        && let Some(mut group) = groups.pop()
    {
        for at in group.extract_if(.., |at| jobs[*at].is_given_up()) {
            answers[at] = Answer::GivenUp;
        }
        if group.is_empty() {
            continue;
        }
        let works: Vec<&Work> = group.iter().map(|at| &jobs[*at].work).collect();
        match (within(tx, &works).await?, group.as_slice()) {
            (Ok(verdicts), _) => {
                wrote = true;
                for (at, verdict) in group.into_iter().zip(verdicts) {
                    answers[at] = Answer::Told(Ok(verdict));
                }
            }
            (Err(error), [bad]) => answers[*bad] = Answer::Told(Err(error)),
            (Err(_), _) => groups.extend(halves(group)),
        }
    }
    Ok(answers)
}

/// What a value is told if it is not tried.
fn place(job: &Job, free: &BTreeSet<TenantId>) -> Answer {
    match job.work.tenant() {
        Some(tenant) if !free.contains(tenant) => Answer::Waits,
        _ => Answer::Unreached,
    }
}

/// The values to be tried, as a stack of groups that each keep their order: leases first, whatever time there is; then what
/// is of tenants; last the rest, which shares rows with other replicas and may wait for them, each alone. If every tenant is
/// free, one of the values was what failed: all of them together would fail again.
fn groups(jobs: &[Job], answers: &[Answer], are_all_free: bool) -> Vec<Vec<usize>> {
    let tried = (0..jobs.len()).filter(|at| matches!(answers[*at], Answer::Unreached));
    let (of_tenants, of_none): (Vec<usize>, Vec<usize>) =
        tried.partition(|at| jobs[*at].work.tenant().is_some());
    let (renewals, others): (Vec<usize>, Vec<usize>) =
        of_none.into_iter().partition(|at| matches!(jobs[*at].work, Work::Renew { .. }));
    let mut groups: Vec<Vec<usize>> = others.into_iter().rev().map(|at| vec![at]).collect();
    if are_all_free && of_tenants.len() > 1 {
        groups.extend(halves(of_tenants));
    } else {
        groups.push(of_tenants);
    }
    groups.push(renewals);
    groups
}

/// The second half below the first, as a stack takes them.
fn halves(mut group: Vec<usize>) -> [Vec<usize>; 2] {
    let second = group.split_off(group.len() / 2);
    [second, group]
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

#[cfg(test)]
mod tests {
    use portcullis_schemas::logs::ledger::Refusal;
    use portcullis_schemas::timestamp::Timestamp;
    use portcullis_testkit::fixtures::tenant;
    use tokio::sync::oneshot;

    use super::*;

    /// A value of this tenant, or of none.
    fn job(of: Option<u32>) -> Job {
        let refusal = || Refusal { events: Vec::new(), invocation: None, incident: None, approval: None };
        let work = match of {
            Some(number) => Work::Refuse { tenant: tenant(number), refusal: Box::new(refusal()) },
            None => Work::Probe,
        };
        Job { work, answer: oneshot::channel().0 }
    }

    fn renewal() -> Job {
        let instance = "ins_01arz3ndektsv4rrffq69g5fav".parse().unwrap();
        let work = Work::Renew { instance, until: Timestamp::from_micros(3_000_000) };
        Job { work, answer: oneshot::channel().0 }
    }

    /// The groups in the order in which they are tried. Nobody waits for these values, which does not matter here.
    fn tried(jobs: &[Job], free: &[u32]) -> Vec<Vec<usize>> {
        let free: BTreeSet<_> = free.iter().map(|number| tenant(*number)).collect();
        let answers: Vec<_> = jobs.iter().map(|job| place(job, &free)).collect();
        let all: BTreeSet<_> = tenants(jobs).collect();
        let mut groups = groups(jobs, &answers, free.len() == all.len());
        groups.reverse();
        groups
    }

    #[test]
    fn what_is_tried_together_and_in_which_order() {
        let jobs = [None, Some(1), Some(2), Some(1), None, Some(1)].map(job);
        let jobs: Vec<Job> = jobs.into_iter().chain([renewal()]).collect();
        let (lease, alone) = ([vec![6]], [vec![0], vec![4]]);
        // A tenant is kept: that may have been all.
        assert_eq!(tried(&jobs, &[1]), [&lease[..], &[vec![1, 3, 5]], &alone].concat());
        // None is: one of the values was it.
        assert_eq!(tried(&jobs, &[1, 2]), [&lease[..], &[vec![1, 2], vec![3, 5]], &alone].concat());
        assert_eq!(halves(vec![7, 8, 9]), [vec![8, 9], vec![7]], "the first half is on top");
        assert_eq!(tried(&jobs[..2], &[1]), [vec![], vec![1], vec![0]]);
    }
}

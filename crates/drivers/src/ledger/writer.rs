//! The one task that writes the ledger. A batch is what queued while the previous commit waited for the disk: there
//! is no timer, one caller alone never waits for company.
//!
//! A batch is applied together first. If that fails, it is rolled back and applied again with a savepoint for each
//! value, so that one bad value fails alone; all that succeed still share one commit.

use portcullis_schemas::ids::IntentId;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use sea_orm::{DatabaseTransaction, TransactionTrait};
use tokio::sync::mpsc;

use super::batch::apply;
use super::disowned::Disowned;
use super::job::{Job, Verdict, Work};
use super::recovery::disown;
use crate::database::Database;
use crate::rows::port_error;

/// Most values in one transaction.
const MOST_AT_ONCE: usize = 256;

/// Serves the queue until every sender is gone and nothing is queued.
pub(super) async fn run(database: Database, mut queue: mpsc::Receiver<Job>, disowned: Disowned) {
    let mut jobs = Vec::with_capacity(MOST_AT_ONCE);
    while queue.recv_many(&mut jobs, MOST_AT_ONCE).await > 0 {
        serve(&database, &disowned, std::mem::take(&mut jobs)).await;
    }
}

/// A failure as callers of the ledger see it: the record is not there, so nothing may be done on it.
pub(super) fn unrecorded(error: PortError) -> PortError {
    PortError::new(PortErrorKind::Unavailable, codes::AUDIT_UNAVAILABLE, error.detail().to_owned())
        .with_source(error)
}

/// The order matters: an intent is disowned only after its caller's end of the channel is gone. So the list is taken
/// first; a caller who gives up later is either seen to be gone, or disowns an intent that this batch commits, and
/// the next batch finds that on the list.
async fn serve(database: &Database, disowned: &Disowned, jobs: Vec<Job>) {
    let orphans = disowned.take();
    let (jobs, result) = match database.begin_write().await {
        Ok(tx) => {
            let jobs: Vec<Job> = jobs.into_iter().filter(|job| !job.is_given_up()).collect();
            let result = commit(database, tx, &jobs, &orphans).await;
            (jobs, result)
        }
        Err(error) => (jobs, Err(error)),
    };
    match result {
        Ok(results) => {
            jobs.into_iter().zip(results).for_each(|(job, result)| job.answer(result.map_err(unrecorded)))
        }
        Err(error) => {
            tracing::error!(%error, values = jobs.len(), "the trail cannot be written");
            disowned.put(orphans);
            for job in jobs {
                let detail = error.detail().to_owned();
                job.answer(Err(unrecorded(PortError::new(error.kind(), error.code(), detail))));
            }
        }
    }
}

/// One durable commit for all, with a result for each.
async fn commit(
    database: &Database,
    tx: DatabaseTransaction,
    jobs: &[Job],
    orphans: &[IntentId],
) -> Result<Vec<Result<Verdict, PortError>>, PortError> {
    match together(&tx, jobs, orphans).await {
        Ok(verdicts) => {
            tx.commit().await.map_err(port_error)?;
            Ok(verdicts.into_iter().map(Ok).collect())
        }
        Err(error) => {
            tx.rollback().await.map_err(port_error)?;
            tracing::warn!(%error, values = jobs.len(), "a batch of the trail failed; applying its values one by one");
            let tx = database.begin_write().await?;
            let results = apart(&tx, jobs, orphans).await?;
            tx.commit().await.map_err(port_error)?;
            Ok(results)
        }
    }
}

async fn together(
    tx: &DatabaseTransaction,
    jobs: &[Job],
    orphans: &[IntentId],
) -> Result<Vec<Verdict>, PortError> {
    disown(tx, orphans).await?;
    let works: Vec<&Work> = jobs.iter().map(|job| &job.work).collect();
    apply(tx, &works).await
}

async fn apart(
    tx: &DatabaseTransaction,
    jobs: &[Job],
    orphans: &[IntentId],
) -> Result<Vec<Result<Verdict, PortError>>, PortError> {
    disown(tx, orphans).await?;
    let mut results = Vec::with_capacity(jobs.len());
    for job in jobs {
        if job.is_given_up() {
            results.push(Err(PortError::unavailable("the caller gave up before it was written")));
            continue;
        }
        let savepoint = tx.begin().await.map_err(port_error)?;
        match apply(&savepoint, &[&job.work]).await {
            Ok(mut verdicts) => {
                savepoint.commit().await.map_err(port_error)?;
                results.push(verdicts.pop().ok_or_else(|| PortError::corrupt("a value without a verdict")));
            }
            Err(error) => {
                savepoint.rollback().await.map_err(port_error)?;
                results.push(Err(error));
            }
        }
    }
    Ok(results)
}

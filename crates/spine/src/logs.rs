//! Handlers of `logs.trail.*`, the making of checkpoints, and the export.

pub(crate) mod checkpoint_job;
pub(crate) mod checkpoints;
pub(crate) mod export;

use portcullis_engines::logs::verification::TrailCheck;
use portcullis_schemas::Error;
use portcullis_schemas::logs::event::AuditEvent;
use portcullis_schemas::logs::operations::{
    GetTrailCheckpoint, ListTrailEvents, TrailCheckpoint, TrailVerification, VerifyTrail,
};
use portcullis_schemas::logs::ports::EventFilter;
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_trail::chain::GENESIS;

use crate::scene::Scene;

/// Events read at a time while verifying.
const BATCH: u16 = 1000;

pub(crate) async fn list_events(scene: Scene, request: ListTrailEvents) -> Result<Page<AuditEvent>, Error> {
    let mut work = scene.read().await?;
    let filter = EventFilter {
        types: request.event_type.into_iter().collect(),
        subject: request.subject.map(|subject| subject.to_string()),
    };
    let page = PageRequest::new(request.limit, request.cursor);
    Ok(work.audit_log().list(scene.tenant(), &filter, &page).await?)
}

/// Reads the chain batch by batch and holds no connection between: a long verification must not keep other tenants
/// from reading. Events never change, so batches from different snapshots fit together.
pub(crate) async fn verify_trail(scene: Scene, _: VerifyTrail) -> Result<TrailVerification, Error> {
    let mut check = TrailCheck::new(scene.tenant());
    let mut next = 1;
    loop {
        let batch = scene.read().await?.audit_log().texts(scene.tenant(), next, BATCH).await?;
        for event in &batch {
            if !check.push(event) {
                return Ok(check.finish());
            }
        }
        if batch.len() < usize::from(BATCH) {
            return Ok(check.finish());
        }
        next += u64::from(BATCH);
    }
}

/// The checkpoint is of all tenants' records; of these it tells how many there are, and nothing more.
pub(crate) async fn get_checkpoint(scene: Scene, _: GetTrailCheckpoint) -> Result<TrailCheckpoint, Error> {
    let mut work = scene.read().await?;
    let newest = work.checkpoints().newest().await?.ok_or_else(|| Error::not_found("checkpoint"))?;
    let own = work.checkpoints().covered(scene.tenant()).await?;
    Ok(TrailCheckpoint {
        number: newest.number,
        size: newest.size,
        root: newest.root,
        note: newest.note,
        created_at: newest.created_at,
        events: own.as_ref().map_or(0, |span| span.last_sequence),
        head: own.map_or_else(|| GENESIS.to_string(), |span| span.last_hash),
    })
}

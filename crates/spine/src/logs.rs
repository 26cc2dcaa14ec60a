//! Handlers of `logs.trail.*`.

use portcullis_engines::logs::verification::TrailCheck;
use portcullis_schemas::Error;
use portcullis_schemas::logs::event::AuditEvent;
use portcullis_schemas::logs::operations::{ListTrailEvents, TrailVerification, VerifyTrail};
use portcullis_schemas::logs::ports::EventFilter;
use portcullis_schemas::paging::{Page, PageRequest};

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
        let batch = scene.read().await?.audit_log().range(scene.tenant(), next, BATCH).await?;
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

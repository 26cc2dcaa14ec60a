//! What runs beside the dispatches: this instance's lease, the recovery of intents that another instance, or an earlier
//! life of this one, has left open, and the forgetting of old idempotency keys.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portcullis_engines::integrations::mcp::invocation::McpToolInvocationEngine;
use portcullis_engines::integrations::mcp::rounds;
use portcullis_schemas::ids::IntentId;
use portcullis_schemas::logs::ledger::{AbandonedIntent, LEASE, LEASE_RENEWAL};
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, codes};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, sleep, timeout};
use tracing::{Instrument, debug_span};

use crate::logs::checkpoint_job::{self, CheckpointJob};
use crate::scene::Stage;
use crate::spine::Spine;
use crate::tenure::Tenure;

/// How soon a renewal that failed is tried again. With the next second, a storage that stands still at two moments would
/// cost the lease.
const RENEW_AGAIN: Duration = Duration::from_millis(100);

/// Intents closed in one sweep.
const SWEEP: u16 = 100;
/// The longest that a sweep may take.
const SWEEP_TIME: Duration = Duration::from_secs(30);

/// Idempotency keys forgotten at once: as many as the trail can wait for, were all of their answers large.
const FORGET: u16 = 500;

/// Calls write in between.
const BREATH: Duration = Duration::from_millis(100);

/// The running background work; it ends when this is dropped.
#[derive(Debug)]
pub struct Background {
    task: JoinHandle<()>,
    _checkpoints: Option<CheckpointJob>,
}

impl Background {
    /// Ends the work, and waits until it has ended: nothing renews the lease any more.
    pub async fn stop(mut self) {
        self.task.abort();
        // Aborted, or it had panicked: both is an end.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Spine {
    /// Takes this instance's lease and goes on renewing it; once it has held it for as long as a lease lasts, also
    /// closes what instances without one have left open. Call it before the first dispatch: an intent of an instance
    /// without a lease counts as abandoned.
    ///
    /// # Errors
    /// When the lease cannot be written; nothing may be served then.
    pub async fn start_background(&self) -> Result<Background, Error> {
        let stage = Arc::clone(self.stage());
        let mut tenure = Tenure::default();
        let now = stage.ports.clock.monotonic();
        renew(&stage).await?;
        tenure.renewed(now);
        let checkpoints = checkpoint_job::start(&stage);
        let task = tokio::spawn(keep(stage, tenure));
        Ok(Background { task, _checkpoints: checkpoints })
    }
}

/// Renews and sweeps for ever. Both call ports that an embedder may have written, so each runs in a task of its own:
/// one that panics is logged and tried again, and a sweep that hangs does not cost the lease.
async fn keep(stage: Arc<Stage>, mut tenure: Tenure) {
    let mut tick = tokio::time::interval(LEASE_RENEWAL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut renewals, mut sweeps) = (JoinSet::new(), JoinSet::new());
    let mut forgetting = JoinSet::new();
    let may_judge = Arc::new(AtomicBool::new(false));
    loop {
        tick.tick().await;
        while let Some(swept) = sweeps.try_join_next() {
            match swept {
                Ok(Ok(())) => {}
                Ok(Err(_)) => tracing::error!("closing abandoned intents took too long; it is tried again"),
                Err(_) => tracing::error!("closing abandoned intents panicked; it is tried again"),
            }
        }
        let fresh = Arc::clone(&stage);
        let now = stage.ports.clock.monotonic();
        renewals.spawn(async move { renew(&fresh).await });
        match renewals.join_next().await {
            Some(Ok(Ok(()))) => tenure.renewed(now),
            Some(failed) => {
                tenure.broken();
                tick.reset_after(RENEW_AGAIN);
                match failed {
                    Ok(Err(error)) => {
                        tracing::error!(%error, "the lease could not be renewed; it is tried again")
                    }
                    _ => tracing::error!("renewing the lease panicked; it is tried again"),
                }
            }
            None => {}
        }
        may_judge.store(tenure.may_judge_others(now), Ordering::SeqCst);
        if sweeps.is_empty() && tenure.may_judge_others(now) {
            let fresh = Arc::clone(&stage);
            let may_judge = Arc::clone(&may_judge);
            sweeps.spawn(async move { timeout(SWEEP_TIME, sweep(&fresh, &may_judge)).await });
        }
        while let Some(forgot) = forgetting.try_join_next() {
            if forgot.is_err() {
                tracing::error!("forgetting old idempotency keys panicked; it is tried again");
            }
        }
        if forgetting.is_empty() && tenure.may_judge_others(now) {
            let fresh = Arc::clone(&stage);
            forgetting.spawn(async move { forget_keys(&fresh).await });
        }
    }
}

async fn renew(stage: &Stage) -> Result<(), Error> {
    let until = stage.ports.clock.now().plus(LEASE);
    Ok(stage.ports.ledger.renew_lease(&stage.instance, until).await?)
}

/// Page by page, for as long as others may be judged. What was not closed is found again, so it is asked for more than that:
/// it must not hide what came after it.
async fn sweep(stage: &Arc<Stage>, may_judge: &AtomicBool) {
    let mut stuck = BTreeSet::new();
    while may_judge.load(Ordering::SeqCst) {
        let limit = SWEEP.saturating_add(u16::try_from(stuck.len()).unwrap_or(u16::MAX));
        let mut found = match stage.ports.ledger.abandoned(stage.ports.clock.now(), limit).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "abandoned intents could not be read");
                break;
            }
        };
        let is_full = found.len() == usize::from(limit);
        found.retain(|intent| !stuck.contains(&intent.intent_id));
        if found.is_empty() {
            break;
        }
        stuck.extend(close_all(stage, found).await);
        if !is_full {
            break;
        }
    }
}

/// Closes them side by side, so that they share commits. Those that it has not closed.
async fn close_all(stage: &Arc<Stage>, abandoned: Vec<AbandonedIntent>) -> BTreeSet<IntentId> {
    let mut open: BTreeSet<_> = abandoned.iter().map(|intent| intent.intent_id.clone()).collect();
    let mut closing = JoinSet::new();
    for intent in abandoned {
        let stage = Arc::clone(stage);
        closing.spawn(async move { close_one(&stage, &intent).await.then_some(intent.intent_id) });
    }
    while let Some(closed) = closing.join_next().await {
        match closed {
            Ok(Some(closed)) => drop(open.remove(&closed)),
            Ok(None) => {}
            Err(_) => tracing::error!("closing an abandoned intent panicked; it is tried again"),
        }
    }
    open
}

/// Whether this instance has closed it.
async fn close_one(stage: &Stage, intent: &AbandonedIntent) -> bool {
    let span = debug_span!(
        "gate.recover",
        portcullis.tenant.id = %intent.tenant,
        portcullis.intent.id = %intent.intent_id,
    );
    match close(stage, intent).instrument(span).await {
        Ok(()) => {
            tracing::warn!(tenant = %intent.tenant, intent = %intent.intent_id, "closed as unknown");
            true
        }
        Err(error) if error.code() == codes::INTENT_CLOSED => {
            tracing::debug!(intent = %intent.intent_id, "another instance was faster");
            false
        }
        Err(error) => {
            tracing::error!(tenant = %intent.tenant, intent = %intent.intent_id, %error, "left open");
            false
        }
    }
}

/// All that are old, so that they do not pile up however many calls a second have one. What is not forgotten now is
/// forgotten by the next second, or by another instance. It waits for nothing that is recovered, nor does that for it.
async fn forget_keys(stage: &Stage) {
    // A state whose use was forgotten while it is good would be good twice; twice its life, since clocks differ.
    let kept = stage.options.keep_keys.max(2 * rounds::LIFETIME);
    let kept = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
    let before = Timestamp::from_micros(stage.ports.clock.now().as_micros().saturating_sub(kept));
    loop {
        match stage.ports.ledger.forget_keys(before, FORGET).await {
            Ok(forgotten) if forgotten < u64::from(FORGET) => return,
            Ok(_) => sleep(BREATH).await,
            Err(error) => {
                tracing::error!(%error, "old idempotency keys could not be forgotten");
                return;
            }
        }
    }
}

/// Closes one intent as unknown. It is never run again. Losing the race to another instance is an error here and
/// harmless: the settlement is fenced.
async fn close(stage: &Stage, intent: &AbandonedIntent) -> Result<(), Error> {
    let engine = McpToolInvocationEngine::new(stage.invocation_ports());
    let receipt = stage.ports.ledger.take_over(&intent.tenant, intent).await?;
    let settlement = engine.recover(intent).await;
    Ok(stage.ports.ledger.settle(&receipt, settlement).await?)
}

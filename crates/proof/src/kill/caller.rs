//! The caller's side: a steady load, and a ledger of what was sent and what was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use color_eyre::eyre::Result;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, timeout};

use super::reconcile::{Answer, Call};
use crate::permitted::PermittedTool;

/// Callers at a time, and how often each calls: 200 calls a second together.
pub(super) const CALLERS: u64 = 16;
const PERIOD: Duration = Duration::from_millis(80);
/// Longer than any call may take; a caller that waits longer counts as cut off.
const PATIENCE: Duration = Duration::from_secs(20);

/// A call, the number of the gate that it was made at, and from when to when its caller waited.
pub(super) struct CallAt {
    pub(super) gate: usize,
    pub(super) call: Call,
    pub(super) asked: Instant,
    pub(super) ended: Instant,
}

/// A running load.
pub(super) struct Load {
    over: Arc<AtomicBool>,
    callers: JoinSet<Vec<CallAt>>,
}

impl Load {
    /// Has so many callers call these tools, which are spread over them, each call with a nonce of its own that starts
    /// with `prefix`. Without tools nobody calls.
    pub(super) fn start(tools: &[(usize, PermittedTool)], callers: u64, prefix: &str) -> Self {
        let numbers = 0..callers;
        let over = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for (number, (gate, tool)) in numbers.zip(tools.iter().cycle()) {
            let (gate, tool, over) = (*gate, tool.clone(), Arc::clone(&over));
            callers.spawn(call_on(gate, tool, format!("{prefix}-{number}"), number, over));
        }
        Self { over, callers }
    }

    /// Ends it; what is on its way may come to its end.
    pub(super) async fn stop(mut self) -> Result<Vec<CallAt>> {
        self.over.store(true, Ordering::SeqCst);
        let mut calls = Vec::new();
        while let Some(ended) = self.callers.join_next().await {
            calls.extend(ended?);
        }
        Ok(calls)
    }
}

async fn call_on(
    gate: usize,
    tool: PermittedTool,
    prefix: String,
    number: u64,
    over: Arc<AtomicBool>,
) -> Vec<CallAt> {
    let mut calls = Vec::new();
    let first = tokio::time::Instant::now() + Duration::from_millis(5 * number);
    let mut tick = tokio::time::interval_at(first, PERIOD);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if over.load(Ordering::SeqCst) {
            return calls;
        }
        let nonce = format!("{prefix}-{}", calls.len());
        let asked = Instant::now();
        let answer = call(&tool, &nonce).await;
        calls.push(CallAt { gate, call: Call { nonce, answer }, asked, ended: Instant::now() });
    }
}

/// One call; the run's id carries the nonce into the trail, the argument carries it upstream.
async fn call(tool: &PermittedTool, nonce: &str) -> Option<Answer> {
    let body = json!({ "arguments": { "nonce": nonce }, "run_id": nonce });
    let answer = timeout(PATIENCE, tool.invoke(&body, &[])).await.ok()?.ok()?;
    Answer::read(answer.status, &answer.json())
}

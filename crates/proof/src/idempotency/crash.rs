//! Keys whose calls are upstream when the gate is killed, and what repeats of them get.

use std::path::Path;
use std::time::{Duration, Instant};

use color_eyre::eyre::{Result, ensure};

use super::{body, is_problem};
use crate::permitted::PermittedTool;
use crate::replicas::Replicas;
use crate::upstream;

/// Keys in one crash.
const AT_ONCE: usize = 20;
/// For all calls of a crash to be in the upstream's ledger.
const ARRIVAL: Duration = Duration::from_secs(20);
/// For recovery: a lease, a sweep, and a busy machine.
const RECOVERY: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(10);
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// What is counted over all keys.
#[derive(Debug, Default)]
pub(super) struct Crashes {
    pub(super) run_again: u64,
    pub(super) certain: u64,
}

/// Cuts off so many keys, some at a time.
pub(super) async fn run(
    replicas: &mut Replicas,
    ledger: &Path,
    keys: usize,
    crashes: &mut Crashes,
) -> Result<()> {
    let mut arrived = 0;
    for first in (0..keys).step_by(AT_ONCE) {
        let names: Vec<String> = (first..keys.min(first + AT_ONCE)).map(name).collect();
        let victim = replicas.count() - 1;
        let callers: Vec<_> = names
            .iter()
            .map(|name| {
                let (tool, name) = (replicas.tools[victim].clone(), name.clone());
                tokio::spawn(async move { tool.invoke(&body(&name), &[("idempotency-key", &name)]).await })
            })
            .collect();
        arrived += names.len();
        wait_for(ledger, arrived).await?;
        replicas.kill(victim).await?;
        for caller in callers {
            let answered = caller.await?.is_ok();
            ensure!(!answered, "a call ended before the crash: the machine is too slow for this trial");
        }
        let restarted = replicas.restart(victim).await?;
        for name in &names {
            // Over each gate in turn: a claim is the database's, not a gate's.
            for tool in &replicas.tools {
                crashes.certain += u64::from(!is_unknown(tool, name, restarted).await?);
            }
        }
    }
    Ok(())
}

/// Repeats a call until it is not in flight any more.
async fn is_unknown(tool: &PermittedTool, name: &str, restarted: Instant) -> Result<bool> {
    loop {
        let answer = tool.invoke(&body(name), &[("idempotency-key", name)]).await?;
        if !is_problem(&answer, 409, "idempotency_in_flight") || restarted.elapsed() > RECOVERY {
            return Ok(is_problem(&answer, 409, "outcome_unknown"));
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

async fn wait_for(ledger: &Path, calls: usize) -> Result<()> {
    let since = Instant::now();
    while upstream::read(ledger)?.len() < calls {
        ensure!(since.elapsed() < ARRIVAL, "calls do not arrive upstream");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

fn name(number: usize) -> String {
    format!("{}{number}", upstream::SLOW)
}

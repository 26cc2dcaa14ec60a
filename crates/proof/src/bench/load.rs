//! Many callers at once, for a while; what they saw, in numbers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use color_eyre::eyre::{ContextCompat, Result};

use super::process::Meter;
use super::wire::{Caller, NUMBER, Request};

/// One measurement.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    pub(super) calls: u64,
    pub(super) per_second: f64,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
    /// Processor time of what was called, per call.
    pub(super) cpu: Option<Duration>,
}

/// Calls on `callers` connections for `length`. `meter` looks at the process that answers.
pub(super) async fn measure(
    request: &Request,
    callers: usize,
    length: Duration,
    meter: Option<&Meter>,
) -> Result<Figures> {
    let over = Arc::new(AtomicBool::new(false));
    let before = meter.map(Meter::cpu).transpose()?;
    let started = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| tokio::spawn(call_until(request.clone(), caller, Arc::clone(&over))))
        .collect();
    tokio::time::sleep(length).await;
    over.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    let elapsed = started.elapsed();
    let after = meter.map(Meter::cpu).transpose()?;
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().context("no call ended");
    let calls = u32::try_from(times.len()).unwrap_or(u32::MAX);
    let cpu = before.zip(after).map(|(before, after)| after.saturating_sub(before) / calls.max(1));
    Ok(Figures {
        calls: u64::from(calls),
        per_second: f64::from(calls) / elapsed.as_secs_f64(),
        p50: at(50)?,
        p99: at(99)?,
        cpu,
    })
}

/// The median of rounds, by calls per second; its processor time is the median by itself.
pub(super) fn median(mut rounds: Vec<Figures>) -> Result<Figures> {
    let mut cpu: Vec<Duration> = rounds.iter().filter_map(|round| round.cpu).collect();
    cpu.sort_unstable();
    rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    let (middle, cpu) = (rounds.len() / 2, cpu.get(cpu.len() / 2).copied());
    let round = rounds.into_iter().nth(middle).context("at least one round")?;
    Ok(Figures { cpu, ..round })
}

async fn call_until(request: Request, caller: usize, over: Arc<AtomicBool>) -> Result<Vec<Duration>> {
    let mut connection = Caller::connect(&request).await?;
    let (mut times, mut number) = (Vec::new(), 0_usize);
    while !over.load(Ordering::Relaxed) {
        number += 1;
        let next = request.with(NUMBER, &(1_000_000 + (number * 1000 + caller) % 9_000_000).to_string());
        let started = Instant::now();
        connection.call(&next).await?;
        times.push(started.elapsed());
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_round_counts_and_its_processor_time_by_itself() {
        let round = |per_second, cpu| Figures {
            calls: 1,
            per_second,
            p50: Duration::ZERO,
            p99: Duration::ZERO,
            cpu: Some(Duration::from_micros(cpu)),
        };
        let middle = median(vec![round(3.0, 10), round(1.0, 30), round(2.0, 20)]).unwrap();
        assert_eq!((middle.per_second, middle.cpu), (2.0, Some(Duration::from_micros(20))));
        assert!(median(Vec::new()).is_err());
    }
}

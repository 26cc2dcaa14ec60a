//! SIGTERM under load (P12): once, for an orderly end; twice, for the end at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use color_eyre::eyre::Result;
use portcullis_server::config::LimitSettings;

use super::detour::Way;
use super::ledgers::{Differences, Outcomes, Sent, compared};
use super::sample::End;
use super::scene::{Manner, Scene};
use crate::kill::longest_closing;
use crate::prove::setting::Setting;
use crate::prove::suite::{Control, Figure, Suite, Trial};

const CUT_OFF: &str = "calls that reached the upstream and have no outcome of their own";
const UNRECORDED: &str = "answered calls whose outcome is not on record";
const DOUBLED: &str = "calls with two outcomes, or made twice";
const ENDED: &str = "until it had ended";
const CALLERS: usize = 24;
const GRACE: Duration = Duration::from_secs(5);
/// Beyond the grace.
const TAIL: Duration = Duration::from_secs(5);
/// What "at once" may take.
const AT_ONCE: Duration = Duration::from_secs(1);
/// What is not on record by then is lost, and not late.
const LOST: Duration = Duration::from_secs(30);
const SLOW: Way = Way::Slow(Duration::from_millis(20), Duration::from_millis(400));
/// Within the grace, and longer than [`AT_ONCE`].
const SLOWER: Way = Way::Slow(Duration::from_millis(20), Duration::from_millis(3000));

/// The orderly end.
pub(crate) fn suite() -> Suite {
    Suite {
        name: "shutdown",
        promises: &["P12"],
        what: "Sends SIGTERM to a gate with 24 callers at a random moment, starts it again on the same data, and compares \
            what callers got, what the upstream saw and what is on record.",
        per_database: true,
        trial: Arc::new(Orderly { signals: 1, runs: (100, 5) }),
        controls: vec![Control {
            broken: "no drain: it ends at once",
            breaks: &[CUT_OFF],
            trial: Arc::new(Orderly { signals: 2, runs: (20, 2) }),
        }],
    }
}

/// The end at once, by a second signal.
pub(crate) fn second_signal() -> Suite {
    Suite {
        name: "second-signal",
        promises: &["P12", "P2"],
        what: "Sends SIGTERM twice to a gate with 24 callers, whose calls take up to 3 s: it ends at once, and what it cut \
            off is closed as unknown by the next one.",
        per_database: true,
        trial: Arc::new(AtOnce { signals: 2, runs: (20, 3) }),
        controls: vec![Control {
            broken: "the second signal is not heard",
            breaks: &[ENDED],
            trial: Arc::new(AtOnce { signals: 1, runs: (3, 1) }),
        }],
    }
}

/// Judged as an end in order. A gate without a drain is one that is told to end at once.
struct Orderly {
    signals: usize,
    runs: (usize, usize),
}

/// Judged as an end at once. A gate that is deaf to the second signal is one that never gets it.
struct AtOnce {
    signals: usize,
    runs: (usize, usize),
}

/// What many runs came to.
#[derive(Default)]
struct Tally {
    runs: u64,
    answered: u64,
    broken: u64,
    found: Differences,
    failed_exits: u64,
    unready: Duration,
    closing: Duration,
    exit: Duration,
}

#[async_trait]
impl Trial for Orderly {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let runs = setting.times(self.runs.0, self.runs.1);
        let tally = tried(setting, SLOW, self.signals, runs).await?;
        Ok(vec![
            Figure::told("runs", tally.runs),
            Figure::at_least("calls answered", tally.runs, tally.answered),
            Figure::told("calls without an answer, because the gate was gone", tally.broken),
            Figure::exactly(UNRECORDED, 0, tally.found.unrecorded),
            Figure::exactly(DOUBLED, 0, tally.found.doubled),
            Figure::exactly(CUT_OFF, 0, tally.found.cut_off),
            Figure::within("until it was not ready", Duration::from_secs(1), tally.unready),
            Figure::within("until it had ended, with a grace of 5 s", GRACE + TAIL, tally.exit),
            Figure::exactly("ends with another exit code than 0", 0, tally.failed_exits),
        ])
    }
}

#[async_trait]
impl Trial for AtOnce {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let runs = setting.times(self.runs.0, self.runs.1);
        let tally = tried(setting, SLOWER, self.signals, runs).await?;
        Ok(vec![
            Figure::told("runs", tally.runs),
            Figure::told("calls answered", tally.answered),
            Figure::at_least("calls that were cut off", 1, tally.found.cut_off),
            Figure::exactly(UNRECORDED, 0, tally.found.unrecorded),
            Figure::exactly(DOUBLED, 0, tally.found.doubled),
            Figure::exactly("calls of the upstream that do not come on record", 0, tally.found.missing),
            Figure::within(
                "until they were, after the next start",
                longest_closing(setting.form),
                tally.closing,
            ),
            Figure::within(ENDED, AT_ONCE, tally.exit),
        ])
    }
}

async fn tried(setting: &Setting, way: Way, signals: usize, runs: usize) -> Result<Tally> {
    let limits = LimitSettings { grace_seconds: GRACE.as_secs(), ..LimitSettings::default() };
    let mut scene = Scene::set(setting, 1, limits).await?;
    scene.servers[0].detour.take(way);
    let mut dice = setting.dice("shutdown");
    let mut tally = Tally::default();
    for _ in 0..runs {
        scene.servers[0].detour.forget();
        let crowd = scene.callers(0, CALLERS, Manner { until_broken: true, ..Manner::default() })?;
        tokio::time::sleep(dice.time(Duration::from_millis(300), Duration::from_millis(1500))).await;
        end(&mut scene, signals, &mut tally).await?;
        let samples = crowd.stop().await;
        scene.again().await?;
        tally.answered += samples.answered() as u64;
        tally.broken += samples.count(|end| *end == End::Broken) as u64;
        let seen = scene.servers[0].detour.seen();
        let (recorded, closing) = settled(&scene, &seen).await?;
        tally.closing = tally.closing.max(closing);
        tally.found.add(&compared(&samples.0, &seen, &recorded));
    }
    Ok(tally)
}

/// Asks the gate to end, and times how it does from the last time that it was asked.
async fn end(scene: &mut Scene, signals: usize, tally: &mut Tally) -> Result<()> {
    let mut asked = Instant::now();
    scene.gate.terminate()?;
    while scene.gate.is_ready().await {}
    tally.unready = tally.unready.max(asked.elapsed());
    if signals > 1 {
        // The first one was heard: two that are not are one.
        asked = Instant::now();
        scene.gate.terminate()?;
    }
    let status = scene.gate.ended(GRACE + TAIL * 2).await?;
    tally.exit = tally.exit.max(asked.elapsed());
    tally.failed_exits += u64::from(!status.success());
    tally.runs += 1;
    Ok(())
}

/// What is on record once every call that the upstream saw is, or [`LOST`] after the start; and how long that took.
async fn settled(scene: &Scene, seen: &Sent) -> Result<(Outcomes, Duration)> {
    let started = Instant::now();
    loop {
        let recorded = scene.recorded().await?;
        if seen.keys().all(|mark| recorded.contains_key(mark)) || started.elapsed() > LOST {
            return Ok((recorded, started.elapsed()));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

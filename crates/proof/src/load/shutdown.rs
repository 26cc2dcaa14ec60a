//! SIGTERM under load (P12): once, for an orderly end; twice, for the end at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use color_eyre::eyre::Result;
use portcullis_server::config::LimitSettings;

use super::detour::Way;
use super::ledgers::{Differences, Outcomes, Sent, compared};
use super::sample::{End, Sample, Samples};
use super::scene::{Manner, Scene};
use crate::kill::longest_closing;
use crate::prove::setting::Setting;
use crate::prove::suite::{Control, Figure, Suite, Trial};
use crate::tap::{Flow, Tap};

const CUT_OFF: &str = "calls that reached the upstream and have no outcome of their own";
const UNRECORDED: &str = "answered calls whose outcome is not on record";
const DOUBLED: &str = "calls with two outcomes, or made twice";
const CUT_SHORT: &str = "calls that had time, and were cut off on record";
const UNTOLD: &str = "calls that ended on record, and whose callers got no answer";
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
/// As [`SLOW`], but for one of so many calls, which outlasts every grace.
const SOME_NEVER: Way = Way::SlowOrNever(Duration::from_millis(20), Duration::from_millis(400), 8);
/// Within the grace, and longer than [`AT_ONCE`].
const SLOWER: Way = Way::Slow(Duration::from_millis(20), Duration::from_millis(3000));

/// The orderly end.
pub(crate) fn suite() -> Suite {
    Suite {
        name: "shutdown",
        promises: &["P12"],
        what: "Sends SIGTERM to a gate with 24 callers at a random moment, starts it again on the same data, and compares \
            what callers got, what the upstream saw and what is on record. Their calls take up to 0.4 s; in further \
            runs one of eight would take for ever, and is cut off at the end of the grace of 5 s, on record. Whoever \
            has called is told how it ended: only what never reached the upstream may get no answer.",
        per_database: true,
        trial: Arc::new(Orderly { ending: Ending::Sound, runs: (100, 5), overlong: (10, 1) }),
        controls: vec![
            Control {
                broken: "no drain: it ends at once",
                breaks: &[CUT_OFF],
                trial: Arc::new(Orderly { ending: Ending::AtOnce, runs: (20, 2), overlong: (0, 0) }),
            },
            Control {
                broken: "no grace: what is under way is cut off at once, on record",
                breaks: &[CUT_SHORT],
                trial: Arc::new(Orderly { ending: Ending::NoGrace, runs: (5, 1), overlong: (0, 0) }),
            },
            Control {
                broken: "no answer at the end: outcomes are recorded, and connections dropped",
                breaks: &[UNTOLD],
                trial: Arc::new(Orderly { ending: Ending::Unanswered, runs: (5, 2), overlong: (0, 0) }),
            },
        ],
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
        trial: Arc::new(AtOnce { ending: Ending::AtOnce, runs: (20, 3) }),
        controls: vec![Control {
            broken: "the second signal is not heard",
            breaks: &[ENDED],
            trial: Arc::new(AtOnce { ending: Ending::Sound, runs: (3, 1) }),
        }],
    }
}

/// How a gate is made to end, or to seem to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// By one signal.
    Sound,
    /// By two: so does one without a drain.
    AtOnce,
    /// By one, with a grace of nothing.
    NoGrace,
    /// By one; and whatever it answers from then on is dropped on the way, with the connection.
    Unanswered,
}

/// Judged as an end in order.
struct Orderly {
    ending: Ending,
    runs: (usize, usize),
    /// Further runs, with calls that outlast the grace.
    overlong: (usize, usize),
}

/// Judged as an end at once. A gate that is deaf to the second signal is one that never gets it.
struct AtOnce {
    ending: Ending,
    runs: (usize, usize),
}

/// What many runs came to.
#[derive(Default)]
struct Tally {
    runs: u64,
    answered: u64,
    /// Got no answer, and never reached the upstream.
    too_late: u64,
    /// The upstream never answers them.
    never: u64,
    found: Differences,
    failed_exits: u64,
    unready: Duration,
    closing: Duration,
    exit: Duration,
    /// The shortest time to an end.
    soonest: Option<Duration>,
}

#[async_trait]
impl Trial for Orderly {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let runs = setting.times(self.runs.0, self.runs.1);
        let mut tally = tried(setting, SLOW, self.ending, runs).await?;
        let overlong = setting.times(self.overlong.0, self.overlong.1);
        let longer = tried(setting, SOME_NEVER, self.ending, overlong).await?;
        let in_time = tally.exit;
        tally.add(&longer);
        let mut figures = vec![
            Figure::told(
                "runs, and of them with calls that outlast the grace",
                format!("{}, {overlong}", tally.runs),
            ),
            Figure::at_least("calls answered", tally.runs, tally.answered),
            Figure::told(
                "calls that came too late: they got no answer, and never reached the upstream",
                tally.too_late,
            ),
            Figure::exactly(UNTOLD, 0, tally.found.untold),
            Figure::exactly(UNRECORDED, 0, tally.found.unrecorded),
            Figure::exactly(DOUBLED, 0, tally.found.doubled),
            Figure::exactly(CUT_OFF, 0, tally.found.cut_off),
            Figure::exactly(CUT_SHORT, 0, tally.found.cut_short),
            Figure::within("until it was not ready", Duration::from_secs(1), tally.unready),
            Figure::within("until it had ended, with a grace of 5 s", GRACE + TAIL, in_time),
            Figure::exactly("ends with another exit code than 0", 0, tally.failed_exits),
        ];
        if let Some(soonest) = longer.soonest {
            figures.extend(cut(&longer, soonest));
        }
        Ok(figures)
    }
}

/// What must hold of runs in which calls outlast the grace.
fn cut(longer: &Tally, soonest: Duration) -> [Figure; 4] {
    let shown = format!("{:.3} s", soonest.as_secs_f64());
    [
        Figure::at_least("calls that outlast the grace", longer.runs, longer.never),
        Figure::exactly("of these, not on record as cancelled", 0, longer.found.not_cancelled),
        Figure::holds(
            "with these, until it had ended, shortest",
            "at least 5.000 s",
            shown,
            soonest >= GRACE,
        ),
        Figure::within("with these, until it had ended, longest", GRACE + TAIL, longer.exit),
    ]
}

#[async_trait]
impl Trial for AtOnce {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let runs = setting.times(self.runs.0, self.runs.1);
        let tally = tried(setting, SLOWER, self.ending, runs).await?;
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

impl Tally {
    fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.answered += other.answered;
        self.too_late += other.too_late;
        self.never += other.never;
        self.found.add(&other.found);
        self.failed_exits += other.failed_exits;
        self.unready = self.unready.max(other.unready);
        self.closing = self.closing.max(other.closing);
        self.exit = self.exit.max(other.exit);
    }
}

async fn tried(setting: &Setting, way: Way, ending: Ending, runs: usize) -> Result<Tally> {
    let mut tally = Tally::default();
    if runs == 0 {
        return Ok(tally);
    }
    let grace = if ending == Ending::NoGrace { Duration::ZERO } else { GRACE };
    let limits = LimitSettings { grace_seconds: grace.as_secs(), ..LimitSettings::default() };
    let mut scene = Scene::set(setting, 1, limits).await?;
    let wire = Tap::to(scene.admin.origin().trim_start_matches("http://").to_owned()).await?;
    if ending == Ending::Unanswered {
        scene.go_through(&format!("http://{}", wire.address()))?;
    }
    scene.servers[0].detour.take(way);
    let mut dice = setting.dice("shutdown");
    for _ in 0..runs {
        scene.servers[0].detour.forget();
        wire.set(Flow::Open);
        let crowd = scene.callers(0, CALLERS, Manner { until_broken: true, ..Manner::default() })?;
        tokio::time::sleep(dice.time(Duration::from_millis(300), Duration::from_millis(1500))).await;
        if ending == Ending::Unanswered {
            wire.set(Flow::Unanswered);
        }
        end(&mut scene, ending, &mut tally).await?;
        let samples = crowd.stop().await;
        scene.again().await?;
        look(&scene, &samples, &mut tally).await?;
    }
    Ok(tally)
}

/// Asks the gate to end, and times how it does from the last time that it was asked.
async fn end(scene: &mut Scene, ending: Ending, tally: &mut Tally) -> Result<()> {
    let mut asked = Instant::now();
    scene.gate.terminate()?;
    while scene.gate.is_ready().await {}
    tally.unready = tally.unready.max(asked.elapsed());
    if ending == Ending::AtOnce {
        // The first one was heard: two that are not are one.
        asked = Instant::now();
        scene.gate.terminate()?;
    }
    let status = scene.gate.ended(GRACE + TAIL * 2).await?;
    let took = asked.elapsed();
    tally.exit = tally.exit.max(took);
    tally.soonest = Some(tally.soonest.map_or(took, |soonest| soonest.min(took)));
    tally.failed_exits += u64::from(!status.success());
    tally.runs += 1;
    Ok(())
}

/// Compares the ledgers once the gate runs again.
async fn look(scene: &Scene, samples: &Samples, tally: &mut Tally) -> Result<()> {
    let detour = &scene.servers[0].detour;
    let (seen, never) = (detour.seen(), detour.never());
    let (recorded, closing) = settled(scene, &seen).await?;
    tally.closing = tally.closing.max(closing);
    tally.answered += samples.answered() as u64;
    let is_late = |sample: &&Sample| sample.end == End::Broken && !seen.contains_key(&sample.mark);
    tally.too_late += samples.0.iter().filter(is_late).count() as u64;
    tally.never += never.len() as u64;
    tally.found.add(&compared(&samples.0, &seen, &never, &recorded));
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

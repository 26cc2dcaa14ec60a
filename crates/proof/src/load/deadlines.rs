//! Calls whose caller waits for one second (P13): at servers that hang in every way, and a million at one that hangs now
//! and then.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use color_eyre::eyre::{Result, ensure};
use portcullis_server::config::LimitSettings;

use super::detour::Way;
use super::lateness::Sleeper;
use super::ledgers::{Outcomes, Sent, compared};
use super::sample::{End, Samples};
use super::scene::{Manner, Scene};
use crate::prove::setting::Setting;
use crate::prove::suite::{Control, Figure, Suite, Trial};

const LATEST: &str = "the latest answer after its deadline";
const DEADLINE: Duration = Duration::from_secs(1);
const CALLERS: usize = 24;
/// Of so many calls of the million one is never answered.
const NEVER: u32 = 500;
/// How long a tenth of a million may take.
const LONGEST: Duration = Duration::from_secs(1200);

pub(crate) fn suite() -> Suite {
    Suite {
        name: "deadlines",
        promises: &["P13"],
        what: "Calls with `Prefer: wait=1` at four servers by turns and together: one that answers after 0.5 to 1.5 s, \
            one that hangs before it accepts a connection, one before its answer, and one in the middle of it; callers do not go in step. Each \
            call takes a second here; the million that the promise speaks of is the suite `endurance`.",
        per_database: true,
        trial: Arc::new(Deadlines { wait: Some("wait=1") }),
        controls: vec![Control {
            broken: "the caller's deadline is not heard",
            breaks: &[LATEST],
            trial: Arc::new(Deadlines { wait: None }),
        }],
    }
}

struct Deadlines {
    wait: Option<&'static str>,
}

#[async_trait]
impl Trial for Deadlines {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let limits = LimitSettings { call_seconds: 3, ..LimitSettings::default() };
        let mut scene = Scene::set(setting, 4, limits).await?;
        scene.servers[0].detour.take(Way::Slow(Duration::from_millis(500), Duration::from_millis(1500)));
        scene.servers[1].detour.close().await;
        scene.servers[2].detour.take(Way::Silent);
        scene.servers[3].detour.take(Way::Broken);
        let calls = if self.wait.is_some() { setting.times(20_000, 1_000) } else { 4 * CALLERS };
        let length = DEADLINE * u32::try_from(calls / (4 * CALLERS))?;
        let manner = Manner { wait: self.wait, spread: DEADLINE, ..Manner::default() };
        let sleeper = Sleeper::start();
        let mut crowds = Vec::new();
        for server in 0..4 {
            crowds.push(scene.callers(server, CALLERS, manner)?);
        }
        tokio::time::sleep(length).await;
        let mut samples = Samples::default();
        for crowd in crowds {
            samples.0.extend(crowd.stop().await.0);
        }
        let lateness = sleeper.stop()?;
        let ends = Ends::of(&samples, &scene.recorded().await?);
        let mut figures =
            vec![Figure::at_least("calls", calls as u64 * setting.bound(9, 5) / 10, ends.calls)];
        figures.extend(ends.figures(setting));
        figures.push(lateness);
        Ok(figures)
    }
}

/// A million such calls, on the first database that is named.
pub(crate) fn endurance() -> Suite {
    Suite {
        name: "endurance",
        promises: &["P13"],
        what: "A million calls with `Prefer: wait=1` at a server that answers at once, but for one call of 500, which it \
            never answers, so that some 2000 meet their deadline. Ten gates make a tenth each, one after the other, and each trail is verified; one gate makes 3000 in \
            the short form.",
        per_database: false,
        trial: Arc::new(Endurance { wait: Some("wait=1") }),
        controls: vec![Control {
            broken: "the caller's deadline is not heard",
            breaks: &[LATEST],
            trial: Arc::new(Endurance { wait: None }),
        }],
    }
}

struct Endurance {
    wait: Option<&'static str>,
}

#[async_trait]
impl Trial for Endurance {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let (gates, calls) = match self.wait {
            Some(_) => (setting.times(10, 1), setting.times(100_000, 1_500)),
            None => (1, 2_000),
        };
        let sleeper = Sleeper::start();
        let mut ends = Ends::default();
        for _ in 0..gates {
            ends.add(self.one_gate(setting, calls).await?);
        }
        let mut figures = vec![Figure::at_least("calls", (gates * calls) as u64, ends.calls)];
        figures.extend(ends.figures(setting));
        figures.push(sleeper.stop()?);
        Ok(figures)
    }
}

impl Endurance {
    async fn one_gate(&self, setting: &Setting, calls: usize) -> Result<Ends> {
        let limits = LimitSettings { call_seconds: 3, ..LimitSettings::default() };
        let scene = Scene::set(setting, 1, limits).await?;
        scene.servers[0].detour.take(Way::SlowOrNever(Duration::ZERO, Duration::ZERO, NEVER));
        let manner = Manner { wait: self.wait, ..Manner::default() };
        let crowd = scene.callers(0, CALLERS, manner)?;
        let started = Instant::now();
        while scene.begun() < calls {
            ensure!(started.elapsed() < LONGEST, "{} calls of {calls} in {LONGEST:?}", scene.begun());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let samples = crowd.stop().await;
        Ok(Ends::of(&samples, &scene.recorded().await?))
    }
}

/// How calls ended, for their callers and on record.
#[derive(Default)]
struct Ends {
    calls: u64,
    answered: u64,
    refused: u64,
    otherwise: u64,
    unrecorded: u64,
    doubled: u64,
    unknown: u64,
    /// Of the latest answer.
    latest: Duration,
    /// The highest of any crowd.
    p99: Duration,
}

impl Ends {
    fn of(samples: &Samples, recorded: &Outcomes) -> Self {
        let found = compared(&samples.0, &Sent::new(), &BTreeSet::new(), recorded);
        let otherwise = samples.count(|end| match end {
            End::Answered | End::Refused(_) => false,
            End::Failed(status, _) => *status != 504,
            End::Broken => true,
        });
        Self {
            calls: samples.0.len() as u64,
            answered: samples.answered() as u64,
            refused: samples.refused() as u64,
            otherwise: otherwise as u64,
            unrecorded: found.unrecorded,
            doubled: found.doubled,
            unknown: recorded.values().flatten().filter(|outcome| *outcome == "unknown").count() as u64,
            latest: samples.0.iter().map(|sample| sample.took).max().unwrap_or_default(),
            p99: samples.percentile(99, |_| true),
        }
    }

    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.answered += other.answered;
        self.refused += other.refused;
        self.otherwise += other.otherwise;
        self.unrecorded += other.unrecorded;
        self.doubled += other.doubled;
        self.unknown += other.unknown;
        self.latest = self.latest.max(other.latest);
        self.p99 = self.p99.max(other.p99);
    }

    fn figures(self, setting: &Setting) -> [Figure; 8] {
        let grace = setting.bound(Duration::from_millis(250), Duration::from_secs(1));
        [
            Figure::told("answered in time", self.answered),
            Figure::told("refused for want of a place", self.refused),
            Figure::within(LATEST, grace, self.latest.saturating_sub(DEADLINE)),
            Figure::told("p99 of all", format!("{:.3} s", self.p99.as_secs_f64())),
            Figure::exactly(
                "calls that ended otherwise than answered, refused or out of time",
                0,
                self.otherwise,
            ),
            Figure::exactly("answered calls without one outcome on record", 0, self.unrecorded),
            Figure::exactly("calls with two outcomes on record", 0, self.doubled),
            Figure::exactly("calls on record as unknown", 0, self.unknown),
        ]
    }
}

//! Failpoints (P2): a gate crashes before and after each method of each port that a story passes, one crash at a time, at
//! a few random passes of each, and what is left must be whole.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use color_eyre::eyre::Result;
use tokio::task::JoinSet;

use self::scenario::Step;
use self::scene::{Left, Scene};
use crate::crash::{Failpoint, Side};
use crate::kill::longest_closing;
use crate::kill::reconcile::Differences;
use crate::patience::is_stall;
use crate::process::Child;
use crate::prove::setting::{Form, Setting, UnderTest};
use crate::prove::suite::{Control, Figure, Suite, Trial};
use crate::upstream::{self, Place};
use crate::wiring::Wiring;

mod askers;
mod coverage;
mod scenario;
mod scene;

/// What the call takes upstream that an earlier life of the gate leaves open: time to see it, and to kill the gate.
const SLOW: Duration = Duration::from_secs(3);
/// How many times a random pass is drawn for each side of every point in the full form. In the short one it is once, for one
/// of the sides.
const PASSES: usize = 3;
/// How often a scene is played that the disk keeps from its end.
const ATTEMPTS: usize = 3;

const UNPASSED: &str = "watched points that the story never passes";
const NOT_HIT: &str = "failpoints at which the gate did not crash";
const WITHOUT_INTENT: &str = "upstream calls without a durable intent";
const UNRECORDED: &str = "acknowledged answers without their outcome in the trail";
const LEFT_OPEN: &str = "calls left open";
const DOUBLES: &str = "intents run or ended twice";
const HALF: &str = "changes acknowledged without their event, or recorded more than once";
const CLOSING: &str = "slowest closing of open calls after a restart";
const STALLS: &str = "scenes that the disk broke off, each played anew";
const BREAKS: &str = "trails that do not verify, or differ between API and database";

pub(crate) fn suite() -> Suite {
    Suite {
        name: "failpoints",
        promises: &["P1", "P2"],
        what: "A story of every kind of operation is played once to enumerate the points that it passes and to \
               count their passes. A point is a method of a port: stores, units of work, ledger, vault, MCP client, \
               egress. Calls are let through, refused by a policy, approved by a person, judged by what their run \
               has touched, and made over MCP; whatever point it does not pass is named. Then for each point that \
               is passed, before it and after it, at a random one of its passes (three are drawn in the full form; \
               in the short form one, before or after; not every pass is tried), a gate plays the story on a fresh \
               database and kills itself there; it is started again and the same three ledgers are compared as for \
               kills, and every acknowledged change with its event. A call that was open from an earlier life is \
               recovered meanwhile. A scene that the gate ends because its storage does not answer in time is played \
               anew; what it has left is not compared.",
        per_database: true,
        trial: Arc::new(Failpoints { wiring: Wiring::Sound, only: None }),
        controls: vec![
            Control {
                broken: "calls are recorded after they were made",
                breaks: &[WITHOUT_INTENT],
                trial: Arc::new(Failpoints {
                    wiring: Wiring::AuditAfterEffect,
                    only: Some("McpClient::call_tool"),
                }),
            },
            Control { broken: "a story without toolsets", breaks: &[UNPASSED], trial: Arc::new(Coverage) },
        ],
    }
}

/// Which points a story passes that lacks something.
struct Coverage;

/// The trial.
struct Failpoints {
    wiring: Wiring,
    /// This point instead of all.
    only: Option<&'static str>,
}

/// What is counted.
#[derive(Default)]
struct Tally {
    crashes: usize,
    not_hit: Vec<String>,
    half: Vec<String>,
    flaws: Vec<String>,
    slowest_closing: Duration,
    stalls: usize,
    left: Vec<Left>,
}

/// What came of a failpoint.
struct Tried {
    failpoint: Failpoint,
    left: Left,
    stalls: usize,
}

/// In front of which upstream scenes are played, on which database and with which gate that crashes.
#[derive(Clone)]
struct Stage {
    setting: Setting,
    wiring: Wiring,
    upstream: Place,
}

#[async_trait]
impl Trial for Failpoints {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let directory = setting.directory()?;
        let ledger = directory.path().join("upstream");
        let upstream = Child::upstream(&ledger, Duration::ZERO, SLOW).await?;
        let stage = Stage { setting: setting.clone(), wiring: self.wiring, upstream: Place::of(&upstream)? };
        let counts = match self.only {
            Some(point) => BTreeMap::from([(point.to_owned(), 1)]),
            None => stage.count(scenario::story).await?,
        };
        let points = counts.len();
        let unpassed = if self.only.is_some() { Vec::new() } else { coverage::unpassed(&counts) };
        let failpoints = enumerate(setting, &counts);
        let started = Instant::now();
        let tally = crash_at(&stage, failpoints).await?;
        let per_crash = started.elapsed().as_secs_f64() / tally.crashes.max(1) as f64;
        upstream.stop().await?;
        let lines = upstream::read(&ledger)?;
        let mut found = Differences::default();
        tally.left.iter().for_each(|left| found.add(&left.reconciled_with(&lines)));
        Ok(vec![
            Figure::told("points watched, and of them excepted", coverage::told()),
            Figure::told("points found", points),
            Figure::none(UNPASSED, &unpassed),
            Figure::told("crashes", tally.crashes),
            Figure::none(NOT_HIT, &tally.not_hit),
            Figure::holds(
                STALLS,
                &format!("at most {}", most_stalls(tally.crashes)),
                tally.stalls,
                tally.stalls <= most_stalls(tally.crashes),
            ),
            Figure::exactly(WITHOUT_INTENT, 0, found.without_intent),
            Figure::exactly(UNRECORDED, 0, found.unrecorded),
            Figure::exactly(LEFT_OPEN, 0, found.open),
            Figure::exactly(DOUBLES, 0, found.doubles),
            Figure::none(HALF, &tally.half),
            Figure::within(CLOSING, longest_closing(setting.form), tally.slowest_closing),
            Figure::none(BREAKS, &tally.flaws),
            Figure::told(
                "time of a crash with all that follows, several at once",
                format!("{per_crash:.1} s"),
            ),
        ])
    }
}

#[async_trait]
impl Trial for Coverage {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let directory = setting.directory()?;
        let upstream = Child::upstream(&directory.path().join("upstream"), Duration::ZERO, SLOW).await?;
        let (setting, wiring, upstream_at) = (setting.clone(), Wiring::Sound, Place::of(&upstream)?);
        let stage = Stage { setting, wiring, upstream: upstream_at };
        let counts = stage.count(scenario::without_toolsets).await?;
        upstream.stop().await?;
        Ok(vec![Figure::none(UNPASSED, &coverage::unpassed(&counts))])
    }
}

/// Both sides of every point, each at [`PASSES`] random ones of the passes that were counted, not at all of them. In the
/// short form one side, drawn too, at one pass; where there is but one point, both.
fn enumerate(setting: &Setting, counts: &BTreeMap<String, u64>) -> Vec<Failpoint> {
    let mut dice = setting.dice("failpoints");
    let is_brief = setting.form == Form::Short && counts.len() > 1;
    let mut failpoints = Vec::new();
    for (point, count) in counts {
        let mut sides = vec![Side::Before, Side::After];
        if is_brief {
            sides.remove(usize::from(dice.below(2) == 0));
        }
        for side in sides {
            for _ in 0..setting.times(PASSES, 1) {
                failpoints.push(Failpoint { point: point.clone(), side, pass: 1 + dice.below(*count) });
            }
        }
    }
    failpoints
}

async fn crash_at(stage: &Stage, failpoints: Vec<Failpoint>) -> Result<Tally> {
    let mut tally = Tally { crashes: failpoints.len(), ..Tally::default() };
    let mut waiting = failpoints.into_iter().enumerate();
    let mut running = JoinSet::new();
    loop {
        while running.len() < at_once(&stage.setting)
            && let Some((number, failpoint)) = waiting.next()
        {
            let stage = stage.clone();
            running.spawn(async move { stage.crash(number, failpoint).await });
        }
        let Some(ended) = running.join_next().await else { return Ok(tally) };
        let Tried { failpoint, left, stalls } = ended??;
        tally.stalls += stalls;
        if !left.crashed {
            tally.not_hit.push(failpoint.to_string());
        }
        tally.half.extend(left.half.iter().map(|event| format!("{event} at {failpoint}")));
        tally.flaws.extend(left.flaw.iter().map(|flaw| format!("{flaw} at {failpoint}")));
        tally.slowest_closing = tally.slowest_closing.max(left.closing);
        tally.left.push(left);
    }
}

impl Stage {
    /// The points that a story passes, and how often each.
    async fn count(&self, story: fn() -> Vec<Step>) -> Result<BTreeMap<String, u64>> {
        let mut attempt = 1;
        loop {
            match self.scene("count")?.count(story()).await {
                Err(error) if is_stall(&error) && attempt < ATTEMPTS => attempt += 1,
                ended => return ended,
            }
        }
    }

    /// One crash. A pass that depends on time may not come again; the first one does.
    async fn crash(&self, number: usize, failpoint: Failpoint) -> Result<Tried> {
        let mut stalls = 0;
        let left = self.play(&format!("f{number}"), &failpoint, &mut stalls).await?;
        if left.crashed || failpoint.pass == 1 {
            return Ok(Tried { failpoint, left, stalls });
        }
        let failpoint = Failpoint { pass: 1, ..failpoint };
        let left = self.play(&format!("g{number}"), &failpoint, &mut stalls).await?;
        Ok(Tried { failpoint, left, stalls })
    }

    /// A scene to its end. One that the disk breaks off is played anew, under a name of its own.
    async fn play(&self, name: &str, failpoint: &Failpoint, stalls: &mut usize) -> Result<Left> {
        let mut attempt = 1;
        loop {
            match self.scene(&format!("{name}.{attempt}"))?.crash(failpoint).await {
                Err(error) if is_stall(&error) && attempt < ATTEMPTS => attempt += 1,
                ended => {
                    *stalls += attempt - 1;
                    return ended;
                }
            }
        }
    }

    fn scene(&self, name: &str) -> Result<Scene> {
        Scene::new(&self.setting, name, self.wiring, &self.upstream)
    }
}

/// How many scenes the disk may break off: more would say that it is the gate that stands still.
fn most_stalls(crashes: usize) -> usize {
    crashes / 10 + 3
}

/// Databases that are tried at the same time. Those on PostgreSQL share one disk log.
fn at_once(setting: &Setting) -> usize {
    match setting.database {
        UnderTest::Sqlite => 8,
        UnderTest::Postgres(_) => 3,
    }
}

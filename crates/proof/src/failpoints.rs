//! Failpoints (P2): a gate crashes before and after each method of each port that a story passes, one crash at a time, at
//! a few random passes of each, and what is left must be whole.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use color_eyre::eyre::Result;
use tokio::task::JoinSet;

use self::scene::{Left, Scene};
use crate::crash::{Failpoint, Side};
use crate::kill::longest_closing;
use crate::kill::reconcile::Differences;
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

const UNPASSED: &str = "watched points that the story never passes";
const NOT_HIT: &str = "failpoints at which the gate did not crash";
const WITHOUT_INTENT: &str = "upstream calls without a durable intent";
const UNRECORDED: &str = "acknowledged answers without their outcome in the trail";
const LEFT_OPEN: &str = "calls left open";
const DOUBLES: &str = "intents run or ended twice";
const HALF: &str = "changes acknowledged without their event, or recorded more than once";
const CLOSING: &str = "slowest closing of open calls after a restart";
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
               recovered meanwhile.",
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
    left: Vec<Left>,
}

#[async_trait]
impl Trial for Failpoints {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let directory = setting.directory()?;
        let ledger = directory.path().join("upstream");
        let upstream = Child::upstream(&ledger, Duration::ZERO, SLOW).await?;
        let at = Place::of(&upstream)?;
        let counts = match self.only {
            Some(point) => BTreeMap::from([(point.to_owned(), 1)]),
            None => Scene::new(setting, "count", self.wiring, &at)?.count(scenario::story()).await?,
        };
        let points = counts.len();
        let unpassed = if self.only.is_some() { Vec::new() } else { coverage::unpassed(&counts) };
        let failpoints = enumerate(setting, &counts);
        let started = Instant::now();
        let tally = crash_at(setting, self.wiring, &at, failpoints).await?;
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
        let scene = Scene::new(setting, "count", Wiring::Sound, &Place::of(&upstream)?)?;
        let counts = scene.count(scenario::without_toolsets()).await?;
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

async fn crash_at(
    setting: &Setting,
    wiring: Wiring,
    at: &Place,
    failpoints: Vec<Failpoint>,
) -> Result<Tally> {
    let mut tally = Tally { crashes: failpoints.len(), ..Tally::default() };
    let mut waiting = failpoints.into_iter().enumerate();
    let mut running = JoinSet::new();
    loop {
        while running.len() < at_once(setting)
            && let Some((number, failpoint)) = waiting.next()
        {
            let (setting, at) = (setting.clone(), at.clone());
            running.spawn(async move { crash(&setting, wiring, &at, number, failpoint).await });
        }
        let Some(ended) = running.join_next().await else { return Ok(tally) };
        let (failpoint, left) = ended??;
        if !left.crashed {
            tally.not_hit.push(failpoint.to_string());
        }
        tally.half.extend(left.half.iter().map(|event| format!("{event} at {failpoint}")));
        tally.flaws.extend(left.flaw.iter().map(|flaw| format!("{flaw} at {failpoint}")));
        tally.slowest_closing = tally.slowest_closing.max(left.closing);
        tally.left.push(left);
    }
}

/// One crash. A pass that depends on time may not come again; the first one does.
async fn crash(
    setting: &Setting,
    wiring: Wiring,
    at: &Place,
    number: usize,
    failpoint: Failpoint,
) -> Result<(Failpoint, Left)> {
    let left = Scene::new(setting, &format!("f{number}"), wiring, at)?.crash(&failpoint).await?;
    if left.crashed || failpoint.pass == 1 {
        return Ok((failpoint, left));
    }
    let first = Failpoint { pass: 1, ..failpoint };
    let left = Scene::new(setting, &format!("g{number}"), wiring, at)?.crash(&first).await?;
    Ok((first, left))
}

/// Databases that are tried at the same time. Those on PostgreSQL share one disk log.
fn at_once(setting: &Setting) -> usize {
    match setting.database {
        UnderTest::Sqlite => 8,
        UnderTest::Postgres(_) => 3,
    }
}

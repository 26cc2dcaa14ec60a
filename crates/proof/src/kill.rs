//! Kills at random times (P1, P2): gates under load get SIGKILL and are started again on the same database, and then
//! three ledgers are reconciled: the caller's, the trail, and the upstream's.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use color_eyre::eyre::Result;
use tokio::task::JoinSet;

use self::lane::{Lane, Tally};
use self::reconcile::Differences;
use self::stalls::StorageWatch;
use crate::process::Child;
use crate::prove::setting::{Form, Setting, UnderTest};
use crate::prove::suite::{Control, Figure, Suite, Trial};
use crate::upstream::{self, Place};
use crate::wiring::Wiring;

mod caller;
mod lane;
pub(crate) mod reconcile;
mod spared;
mod stalls;
pub(crate) mod trail;

/// The longest that a call takes upstream: so that many kills meet calls on their way.
const UPSTREAM_DELAY: Duration = Duration::from_millis(30);
/// Kills of a broken wiring in a round, and rounds until it shows: each kill meets a few calls on their way, or none.
const CONTROL_KILLS: usize = 6;
const CONTROL_ROUNDS: usize = 5;
/// Databases that are tried at the same time: most of a cycle is waiting for leases to run out. Those on PostgreSQL have
/// two gates each, and share one disk log.
const LANES: usize = 8;
const LANES_ON_POSTGRES: usize = 4;
const SHORT_LANES: usize = 3;

const WITHOUT_INTENT: &str = "upstream calls without a durable intent";
const UNRECORDED: &str = "acknowledged answers without their outcome in the trail";
const LEFT_OPEN: &str = "calls left open";
const DOUBLES: &str = "intents run or ended twice";
const INVENTED: &str = "successes recorded without an upstream call";
const WITHHELD: &str = "answers withheld though the storage was healthy";
const SPARED: &str = "calls at a gate beside the one that was killed";
const SPARED_UNKNOWN: &str = "calls at a gate beside, closed as unknown";
const CLOSING: &str = "slowest closing of open calls after a restart";
const BREAKS: &str = "trails that do not verify, or differ between API and database";

pub(crate) fn suite() -> Suite {
    let control = |broken, wiring, breaks| Control { broken, breaks, trial: Arc::new(Kills { wiring }) };
    Suite {
        name: "kill",
        promises: &["P1", "P2"],
        what: "A gate under about 200 calls a second gets SIGKILL at a random moment, and is started again on the \
               same database; one in eight is killed again while it recovers. On PostgreSQL two gates share the \
               database and one of them dies; the other is called on meanwhile, and none of its calls may be closed \
               as unknown. No answer of any gate may be withheld, but while the storage stands still, which \
               somebody else who writes to it tells. Once the dead one's open calls are closed, the \
               next kill comes. In the end three ledgers are compared: the caller's, the trail (read through the \
               API and from the database, and verified), and the upstream's, which it writes to disk before it \
               answers.",
        per_database: true,
        trial: Arc::new(Kills { wiring: Wiring::Sound }),
        controls: vec![
            control("calls are recorded after they were made", Wiring::AuditAfterEffect, &[WITHOUT_INTENT]),
            control(
                "answers are given out before they are durable",
                Wiring::AnswerBeforeRecord,
                &[UNRECORDED],
            ),
            control("recovery runs abandoned calls again", Wiring::RerunAbandoned, &[DOUBLES]),
            control("intents are not recorded", Wiring::NoIntents, &[WITHOUT_INTENT]),
            // On PostgreSQL only: it takes two gates.
            control(
                "recovery closes calls of a gate that lives",
                Wiring::SweepTheLiving,
                &[SPARED_UNKNOWN, WITHHELD],
            ),
        ],
    }
}

/// The trial.
struct Kills {
    wiring: Wiring,
}

#[async_trait]
impl Trial for Kills {
    fn applies_to(&self, database: &UnderTest) -> bool {
        self.wiring != Wiring::SweepTheLiving || has_two_gates(database)
    }

    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        if self.wiring == Wiring::Sound {
            let lanes = match (setting.form, &setting.database) {
                (Form::Short, _) => SHORT_LANES,
                (Form::Full, UnderTest::Sqlite) => LANES,
                (Form::Full, UnderTest::Postgres(_)) => LANES_ON_POSTGRES,
            };
            let tally = self.kill(setting, setting.times(1000, 10), lanes, 0).await?;
            return Ok(figures(&tally, setting));
        }
        let mut tally = Tally::default();
        for round in 0..CONTROL_ROUNDS {
            tally.add(&self.kill(setting, CONTROL_KILLS, SHORT_LANES, round * SHORT_LANES).await?);
            if self.is_found(&tally) {
                break;
            }
        }
        Ok(figures(&tally, setting))
    }
}

impl Kills {
    /// Whether what is broken has shown. Another difference, as a slow machine may make, is not it.
    fn is_found(&self, tally: &Tally) -> bool {
        let found = &tally.differences;
        match self.wiring {
            Wiring::AuditAfterEffect | Wiring::NoIntents => found.without_intent > 0,
            Wiring::AnswerBeforeRecord => found.unrecorded > 0,
            Wiring::RerunAbandoned => found.doubles > 0,
            Wiring::SweepTheLiving => tally.spared.unknown > 0 && tally.spared.withheld > 0,
            _ => *found != Differences::default(),
        }
    }

    /// Kills so often, spread over lanes that are numbered from `first`.
    async fn kill(&self, setting: &Setting, kills: usize, lanes: usize, first: usize) -> Result<Tally> {
        let directory = setting.directory()?;
        let ledger = directory.path().join("upstream");
        let upstream = Child::upstream(&ledger, UPSTREAM_DELAY, Duration::ZERO).await?;
        let storage = Arc::new(StorageWatch::start(&setting.database, directory.path())?);
        let mut running = JoinSet::new();
        for number in 0..lanes {
            let share = kills / lanes + usize::from(number < kills % lanes);
            let (setting, wiring, place) = (setting.clone(), self.wiring, Place::of(&upstream)?);
            let storage = Arc::clone(&storage);
            running.spawn(async move {
                Lane::open(&setting, first + number, wiring, &place, storage).await?.run(share).await
            });
        }
        let (mut tally, mut ended) = (Tally::default(), Vec::new());
        while let Some(lane) = running.join_next().await {
            ended.push(lane??);
        }
        tally.stalls = storage.stalls()?;
        upstream.stop().await?;
        let lines = upstream::read(&ledger)?;
        for lane in &ended {
            tally.add(&lane.tally);
            tally.differences.add(&lane.reconciled_with(&lines));
        }
        Ok(tally)
    }
}

/// The longest that open calls may wait for their end after a restart: a lease, a sweep, a start. The short form runs beside
/// builds and tests, where a disk that stands still for a second costs a lease more.
pub(crate) fn longest_closing(form: Form) -> Duration {
    match form {
        Form::Full => Duration::from_secs(5),
        Form::Short => Duration::from_secs(8),
    }
}

/// Whether another gate lives on while one is killed.
fn has_two_gates(database: &UnderTest) -> bool {
    matches!(database, UnderTest::Postgres(_))
}

fn figures(tally: &Tally, setting: &Setting) -> Vec<Figure> {
    let mut figures = figures_of_kills(tally, setting.form);
    if has_two_gates(&setting.database) {
        figures.push(Figure::at_least(SPARED, tally.kills, tally.spared.calls));
        figures.push(Figure::exactly(SPARED_UNKNOWN, 0, tally.spared.unknown));
    } else {
        figures.push(Figure::told(SPARED, "no other gate"));
    }
    figures
}

fn figures_of_kills(tally: &Tally, form: Form) -> Vec<Figure> {
    let found = &tally.differences;
    // In its short form the suite runs beside others, where a processor may be missed as well as a disk.
    let missed = if form == Form::Full { 0 } else { tally.acknowledged / 100 };
    // Beyond that it is no moment of a disk that others use too.
    let spoilt = tally.acknowledged / if form == Form::Full { 100 } else { 10 };
    let longest_stall = tally.stalls.iter().max().copied().unwrap_or_default();
    let per_kill = tally.took.as_secs_f64() / tally.kills.max(1) as f64;
    vec![
        Figure::told(
            "kills, and how many of them while recovering",
            format!("{}, {}", tally.kills, tally.kills_while_recovering),
        ),
        Figure::told(
            "calls sent, acknowledged, cut off",
            format!("{}, {}, {}", tally.sent, tally.acknowledged, tally.sent - tally.acknowledged),
        ),
        // Otherwise nothing was at stake, and nothing is shown.
        Figure::at_least("calls that were acknowledged", tally.kills, tally.acknowledged),
        Figure::at_least("kills that left calls open", tally.kills / 4, tally.kills_that_left_open),
        Figure::exactly(WITHOUT_INTENT, 0, found.without_intent),
        Figure::exactly(UNRECORDED, 0, found.unrecorded),
        Figure::exactly(LEFT_OPEN, 0, found.open),
        Figure::exactly(DOUBLES, 0, found.doubles),
        Figure::exactly(INVENTED, 0, found.invented),
        Figure::holds(
            WITHHELD,
            &format!("at most {missed}"),
            tally.spared.withheld,
            tally.spared.withheld <= missed,
        ),
        Figure::holds(
            "answers withheld while the storage stood still",
            &format!("at most {spoilt}"),
            tally.spared.stalled,
            tally.spared.stalled <= spoilt,
        ),
        Figure::told(
            "how often it stood still for 0.1 s, and for how long at most",
            format!("{}, {longest_stall:.2?}", tally.stalls.len()),
        ),
        Figure::within(CLOSING, longest_closing(form), tally.slowest_closing),
        Figure::none(BREAKS, &tally.flaws),
        Figure::told("calls closed as unknown", tally.unknown),
        Figure::told("events in the trails", tally.events),
        Figure::told("time of a kill with all that follows, in its lane", format!("{per_kill:.1} s")),
    ]
}

//! Storage that errors or hangs (P1): no record, no call; no recorded outcome, no answer; and it is said in time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use color_eyre::eyre::Result;

use self::fail_open::Failing;
use crate::prove::setting::{Form, Setting, UnderTest};
use crate::prove::suite::{Control, Figure, Suite, Trial};

mod fail_open;
mod lock;
mod on_disk;
mod on_server;
mod scene;
mod within;

/// From the request to the refusal.
const IN_TIME: Duration = Duration::from_secs(1);
/// The short form runs beside builds and tests.
const IN_TIME_ON_A_BUSY_MACHINE: Duration = Duration::from_secs(3);

const OTHERWISE: &str = "calls that were not refused, or for another reason";
const BYTES: &str = "bytes sent upstream while the storage was down";
const LONGEST: &str = "time to the refusal, longest";
const RESULTS: &str = "results given though their outcome was not recorded";
const STUCK: &str = "outages after which calls were not served again within 10 s";
const BROKEN: &str = "trails that do not verify after an outage";

pub(crate) fn suite() -> Suite {
    Suite {
        name: "storage",
        promises: &["P1"],
        what: "The storage fails in every way that can be made here, one after the other. SQLite: the disk is full, \
               writes, syncs or reads fail with EIO or do not return, another process holds the write lock, all \
               connections that read are taken. PostgreSQL: the server hangs, the server is gone, all connections are taken. \
               Meanwhile agents call, and what goes upstream is counted on the wire. A call must be refused with 503 \
               audit_unavailable; where the gate cannot even read who calls, with 503 store_unavailable. Where only \
               reads fail, it may be served from what the gate remembers, and is recorded then, or refused as well \
               (with 500 store_corrupt too, which is what SQLite makes of EIO). Calls that are upstream when the \
               storage fails get no result unless it was recorded. Then the storage works again, and so must the gate.",
        per_database: true,
        trial: Arc::new(Outages(Failing::Closed)),
        controls: vec![
            Control {
                broken: "a ledger that fails open: what cannot be recorded is done all the same",
                breaks: &[BYTES, OTHERWISE],
                trial: Arc::new(Outages(Failing::Open)),
            },
            Control {
                broken: "a ledger that fails open at the end: results are given out, recorded or not",
                breaks: &[RESULTS],
                trial: Arc::new(Outages(Failing::OpenAtTheEnd)),
            },
            Control {
                broken: "a ledger that tries for long before it fails",
                breaks: &[LONGEST],
                trial: Arc::new(Outages(Failing::Late)),
            },
        ],
    }
}

/// The trial.
struct Outages(Failing);

/// What is counted over all outages.
#[derive(Debug, Default)]
struct Counts {
    outages: Vec<&'static str>,
    calls: u64,
    refusals: Vec<Duration>,
    /// Refusals by what they said.
    said: BTreeMap<String, u64>,
    /// Answers that are not the refusal, by outage and by what they were.
    otherwise: BTreeMap<String, u64>,
    /// Served while reads failed.
    served: u64,
    bytes_upstream: u64,
    cut_off: u64,
    results_unrecorded: u64,
    stuck: u64,
    broken_trails: u64,
}

#[async_trait]
impl Trial for Outages {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let mut counts = Counts::default();
        let calls = setting.times(10_000, 288);
        match setting.database {
            // Seven faults of the disk, the lock, and connections that are taken.
            UnderTest::Sqlite if self.0 == Failing::Closed => {
                on_disk::fail(setting, &mut counts, calls / 9).await?;
                within::fail(setting, &mut counts, calls / 9, self.0).await?;
            }
            UnderTest::Sqlite => within::fail(setting, &mut counts, calls / 10, self.0).await?,
            UnderTest::Postgres(_) if self.0 == Failing::Closed => {
                on_server::fail(setting, &mut counts, calls / 3, self.0).await?;
                within::fail(setting, &mut counts, calls / 3, self.0).await?;
            }
            UnderTest::Postgres(_) => on_server::fail(setting, &mut counts, calls / 10, self.0).await?,
        }
        Ok(figures(counts, setting.form))
    }
}

fn figures(mut counts: Counts, form: Form) -> Vec<Figure> {
    counts.refusals.sort_unstable();
    let at = |share: usize| {
        let place = (counts.refusals.len() * share / 1000).min(counts.refusals.len().saturating_sub(1));
        counts.refusals.get(place).copied().unwrap_or_default()
    };
    let (p50, p99, most) = (at(500), at(990), at(1000));
    let in_time = if form == Form::Full { IN_TIME } else { IN_TIME_ON_A_BUSY_MACHINE };
    let otherwise: u64 = counts.otherwise.values().sum();
    let found =
        if otherwise == 0 { "0".to_owned() } else { format!("{otherwise} ({})", shown(&counts.otherwise)) };
    vec![
        Figure::told("outages", format!("{} ({})", counts.outages.len(), counts.outages.join(", "))),
        Figure::told("calls while the storage was down", counts.calls),
        Figure::told("refused", shown(&counts.said)),
        Figure::told("served while only reads failed, from what the gate remembers", counts.served),
        Figure::holds(OTHERWISE, "0", found, otherwise == 0),
        Figure::exactly(BYTES, 0, counts.bytes_upstream),
        Figure::at_least("calls whose refusal was timed", 1, counts.refusals.len() as u64),
        Figure::within(LONGEST, in_time, most),
        Figure::told(
            "time to the refusal, p50 and p99",
            format!("{:.3} s, {:.3} s", p50.as_secs_f64(), p99.as_secs_f64()),
        ),
        Figure::told("calls that were upstream when the storage failed", counts.cut_off),
        Figure::exactly(RESULTS, 0, counts.results_unrecorded),
        Figure::exactly(STUCK, 0, counts.stuck),
        Figure::exactly(BROKEN, 0, counts.broken_trails),
    ]
}

fn shown(counted: &BTreeMap<String, u64>) -> String {
    let shown: Vec<String> = counted.iter().map(|(what, count)| format!("{what}: {count}")).collect();
    shown.join("; ")
}

//! Idempotency (P14): many callers at once present one key, and the upstream is called once; and a call that a crash
//! has cut off is never run again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use color_eyre::eyre::Result;
use portcullis_server::api_client::Answer;
use serde_json::{Value, json};

use self::crash::Crashes;
use self::stampede::Answers;
use crate::process::Child;
use crate::prove::setting::Setting;
use crate::prove::suite::{Control, Figure, Suite, Trial};
use crate::replicas::Replicas;
use crate::upstream::{self, Place};
use crate::wiring::Wiring;

mod crash;
mod stampede;

/// What a slow call takes upstream. It is in the upstream's ledger after half of it.
const SLOW: Duration = Duration::from_secs(3);
/// Keys that a broken wiring is tried with.
const CONTROL_KEYS: usize = 5;
/// And keys that are cut off: where each is run again, each takes as long as a slow call, at every gate.
const CONTROL_CUT_OFF: usize = 1;

const UPSTREAM_CALLS: &str = "keys whose upstream was called other than once";
const ANSWERS: &str = "answers other than the first one's, 409 while it is in flight, or 429";
const REPEATS: &str = "late repeats that did not get the first answer";
const MISMATCHES: &str = "keys with another body not refused with 422 idempotency_mismatch";
const RUN_AGAIN: &str = "keys run again after a crash";
const CERTAIN: &str = "repeats after a crash answered other than 409 outcome_unknown";

pub(crate) fn suite() -> Suite {
    Suite {
        name: "idempotency",
        promises: &["P14"],
        what: "For each key, 50 callers send the same request at the same moment, on PostgreSQL to two gates; then one \
               repeats it, and one sends another body. Then keys are cut off: their calls are upstream when the gate \
               gets SIGKILL, and they are repeated after its restart, at first while they still count as in flight. \
               Upstream calls are counted by the upstream's own ledger.",
        per_database: true,
        trial: Arc::new(Keys { wiring: Wiring::Sound, part: Part::Both }),
        controls: vec![
            Control {
                broken: "a ledger that forgets idempotency keys",
                breaks: &[UPSTREAM_CALLS],
                trial: Arc::new(Keys { wiring: Wiring::ForgetClaims, part: Part::Stampedes }),
            },
            Control {
                broken: "a ledger that forgets the keys of calls that a crash cuts off",
                breaks: &[CERTAIN],
                trial: Arc::new(Keys { wiring: Wiring::ForgetClaims, part: Part::Crashes }),
            },
            Control {
                broken: "recovery runs abandoned calls again",
                breaks: &[RUN_AGAIN],
                trial: Arc::new(Keys { wiring: Wiring::RerunAbandoned, part: Part::Crashes }),
            },
        ],
    }
}

/// The trial.
struct Keys {
    wiring: Wiring,
    part: Part,
}

/// What is tried; each broken wiring shows in one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Both,
    Stampedes,
    Crashes,
}

#[async_trait]
impl Trial for Keys {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let (keys, cut_off) = match self.wiring {
            Wiring::Sound => (setting.times(10_000, 60), setting.times(200, 20)),
            _ => (CONTROL_KEYS, CONTROL_CUT_OFF),
        };
        let mut figures = Vec::new();
        if self.part != Part::Crashes {
            figures.extend(stampedes_with(setting, self.wiring, keys).await?);
        }
        if self.part != Part::Stampedes {
            let crashes = crash_with(setting, self.wiring, cut_off).await?;
            figures.extend([
                Figure::told("keys cut off by a crash", cut_off),
                Figure::exactly(RUN_AGAIN, 0, crashes.run_again),
                Figure::exactly(CERTAIN, 0, crashes.certain),
            ]);
        }
        Ok(figures)
    }
}

async fn stampedes_with(setting: &Setting, wiring: Wiring, keys: usize) -> Result<[Figure; 6]> {
    let directory = setting.directory()?;
    let ledger = directory.path().join("upstream");
    let upstream = Child::upstream(&ledger, Duration::ZERO, Duration::ZERO).await?;
    let mut replicas = Replicas::found(setting, wiring, &Place::of(&upstream)?).await?;
    let mut answers = Answers::default();
    for number in 0..keys {
        stampede::run(&replicas.tools, &format!("key-{number}"), &mut answers).await?;
    }
    replicas.stop().await?;
    upstream.stop().await?;
    let calls = calls_of(&ledger)?;
    let once = calls.values().filter(|times| **times == 1).count();
    let other_than_once = keys.saturating_sub(once) + calls.len().saturating_sub(keys);
    Ok([
        Figure::told("keys, each presented at once by 50 callers", keys),
        Figure::exactly(UPSTREAM_CALLS, 0, other_than_once as u64),
        Figure::exactly(ANSWERS, 0, answers.other),
        Figure::exactly(REPEATS, 0, answers.other_repeats),
        Figure::exactly(MISMATCHES, 0, answers.mismatches_let_through),
        Figure::told(
            "answered 409 idempotency_in_flight, refused with 429 overloaded",
            format!("{}, {} of {}", answers.in_flight, answers.overloaded, answers.requests),
        ),
    ])
}

async fn crash_with(setting: &Setting, wiring: Wiring, keys: usize) -> Result<Crashes> {
    let directory = setting.directory()?;
    let ledger = directory.path().join("upstream");
    let upstream = Child::upstream(&ledger, Duration::ZERO, SLOW).await?;
    let mut replicas = Replicas::found(setting, wiring, &Place::of(&upstream)?).await?;
    let mut crashes = Crashes::default();
    crash::run(&mut replicas, &ledger, keys, &mut crashes).await?;
    replicas.stop().await?;
    upstream.stop().await?;
    crashes.run_again = calls_of(&ledger)?.values().filter(|times| **times > 1).count() as u64;
    Ok(crashes)
}

/// How often the upstream was called for each nonce.
fn calls_of(ledger: &std::path::Path) -> Result<BTreeMap<String, u64>> {
    let mut calls = BTreeMap::new();
    for nonce in upstream::read(ledger)? {
        *calls.entry(nonce).or_default() += 1;
    }
    Ok(calls)
}

fn body(nonce: &str) -> Value {
    json!({ "arguments": { "nonce": nonce } })
}

fn is_problem(answer: &Answer, status: u16, code: &str) -> bool {
    answer.status == status && answer.json()["code"] == code
}

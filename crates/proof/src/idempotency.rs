//! Idempotency (P14): many callers at once present one key, and the upstream is called once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use color_eyre::eyre::{ContextCompat, Result};
use portcullis_mcp::version::ProtocolVersion;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::{Answer, ApiClient};
use portcullis_server::demo::tools::DemoTool;
use portcullis_server::demo::upstream::Upstream;
use portcullis_server::running;
use serde_json::{Value, json};

use self::forgetful::ForgetfulLedger;
use crate::permitted::PermittedTool;
use crate::prove::home::Home;
use crate::prove::setting::Setting;
use crate::prove::suite::{Control, Figure, Suite, Trial};

mod forgetful;

/// Callers that present one key at once.
const DUPLICATES: usize = 50;

/// Keys that a broken wiring is tried with.
const CONTROL_KEYS: usize = 5;

const UPSTREAM_CALLS: &str = "keys whose upstream was called other than once";
const ANSWERS: &str = "answers other than the first one's, or 409 while it is in flight";
const REPEATS: &str = "late repeats that did not get the first answer";
const MISMATCHES: &str = "keys with another body not refused with 422 idempotency_mismatch";

pub(crate) fn suite() -> Suite {
    Suite {
        name: "idempotency",
        promises: &["P14"],
        what: "For each key, 50 callers send the same request at the same moment; then one repeats it, and one \
               sends another body. Upstream calls are counted by the upstream.",
        per_database: true,
        trial: Arc::new(Stampede { forgets_claims: false }),
        controls: vec![Control {
            broken: "a ledger that forgets idempotency keys",
            breaks: &[UPSTREAM_CALLS],
            trial: Arc::new(Stampede { forgets_claims: true }),
        }],
    }
}

/// The trial.
struct Stampede {
    forgets_claims: bool,
}

/// What is counted over all keys.
#[derive(Default)]
struct Counts {
    requests: u64,
    in_flight: u64,
    other_answers: u64,
    other_repeats: u64,
    mismatches_let_through: u64,
}

/// Calls of the upstream, by key.
type Calls = Arc<Mutex<BTreeMap<String, u64>>>;

#[async_trait]
impl Trial for Stampede {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let keys = if self.forgets_claims { CONTROL_KEYS } else { setting.times(10_000, 200) };
        let calls = Calls::default();
        let home = Home::new(setting)?;
        let upstream =
            Upstream::start("counting", ProtocolVersion::V2026_07_28, vec![counting(&calls)]).await?;
        let settings = home.settings("gate", &[upstream.origin()]);
        let forgets = self.forgets_claims;
        let gate =
            running::start_with(
                &settings,
                |ports| {
                    if forgets { ForgetfulLedger::in_place_of(ports) } else { ports }
                },
            )
            .await?;
        let key = gate.first_key().context("the database is not empty")?.secret.0.clone();
        let admin = ApiClient::new(&gate.url(), Secret::new(key))?;
        let tool = PermittedTool::admit(&admin, &upstream.url(), "get_receipt").await?;
        let mut counts = Counts::default();
        for number in 0..keys {
            stampede(&tool, &format!("key-{number}"), &mut counts).await?;
        }
        gate.shutdown().await?;
        let calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
        let once = calls.values().filter(|count| **count == 1).count();
        let wrong = keys.saturating_sub(once) + calls.len().saturating_sub(keys);
        Ok(vec![
            Figure::told("keys, each presented at once by 50 callers", keys),
            Figure::exactly(UPSTREAM_CALLS, 0, wrong as u64),
            Figure::exactly(ANSWERS, 0, counts.other_answers),
            Figure::exactly(REPEATS, 0, counts.other_repeats),
            Figure::exactly(MISMATCHES, 0, counts.mismatches_let_through),
            Figure::told(
                "answered 409 idempotency_in_flight",
                format!("{} of {}", counts.in_flight, counts.requests),
            ),
        ])
    }
}

/// One key: many at once, one afterwards, one with another body.
async fn stampede(tool: &PermittedTool, key: &str, counts: &mut Counts) -> Result<()> {
    let same = body(key);
    let callers: Vec<_> = (0..DUPLICATES)
        .map(|_| {
            let (tool, body, key) = (tool.clone(), same.clone(), key.to_owned());
            tokio::spawn(async move { tool.invoke(&body, &[("idempotency-key", &key)]).await })
        })
        .collect();
    let mut answers = Vec::with_capacity(DUPLICATES);
    for caller in callers {
        answers.push(caller.await??);
    }
    let again = tool.invoke(&same, &[("idempotency-key", key)]).await?;
    let other = tool.invoke(&body("another body"), &[("idempotency-key", key)]).await?;
    for answer in &answers {
        counts.requests += 1;
        if is_problem(answer, 409, "idempotency_in_flight") {
            counts.in_flight += 1;
        } else if answer.status != 200 || answer.text != again.text {
            counts.other_answers += 1;
        }
    }
    counts.other_repeats += u64::from(again.status != 200);
    counts.mismatches_let_through += u64::from(!is_problem(&other, 422, "idempotency_mismatch"));
    Ok(())
}

fn body(nonce: &str) -> Value {
    json!({ "arguments": { "nonce": nonce } })
}

fn is_problem(answer: &Answer, status: u16, code: &str) -> bool {
    answer.status == status && answer.json()["code"] == code
}

fn counting(calls: &Calls) -> DemoTool {
    let calls = Arc::clone(calls);
    DemoTool::reading("get_receipt", "A receipt for a nonce.", "nonce", move |nonce| {
        let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry(nonce.to_owned()).or_default() += 1;
        format!("receipt for {nonce}")
    })
}

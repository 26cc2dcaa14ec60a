//! Agents, a gate, a wire to the upstream; and what is measured while the storage behind the gate is down.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use color_eyre::eyre::{Result, bail};
use portcullis_mcp::version::ProtocolVersion;
use portcullis_server::api_client::{Answer, ApiClient};
use portcullis_server::demo::{tools, upstream::Upstream};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::Counts;
use crate::permitted::PermittedTool;
use crate::tap::{Flow, Tap};

/// Agents that call at the same time.
const CALLERS: usize = 32;
/// Calls that are upstream when the storage fails.
const CUT_OFF: usize = 8;
/// How often it is looked whether they are, and how far apart.
const LOOKS: usize = 50;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// How long the gate may take to serve calls again.
const RECOVERY: Duration = Duration::from_secs(10);

/// A way in which the storage is down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    pub(super) name: &'static str,
    pub(super) hits: Hits,
}

/// What of the storage is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hits {
    /// The trail cannot be written.
    Writes,
    /// Nothing works, so the gate may be unable to read who calls, and not come as far as the trail.
    Everything,
    /// The trail can be written. A call may be served from what the gate remembers; then it must be recorded.
    Reads,
}

/// The upstream, behind a wire.
pub(super) struct Wire {
    tap: Tap,
    _upstream: Upstream,
}

impl Wire {
    pub(super) async fn lay() -> Result<Self> {
        let upstream = Upstream::start("weather", ProtocolVersion::V2026_07_28, tools::weather()).await?;
        let server = upstream.origin().trim_start_matches("http://").to_owned();
        Ok(Self { tap: Tap::to(server).await?, _upstream: upstream })
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.tap.address())
    }
}

/// A gate with a permitted tool behind the wire.
pub(super) struct Scene {
    wire: Wire,
    admin: ApiClient,
    tool: PermittedTool,
}

impl Scene {
    pub(super) async fn set(wire: Wire, admin: ApiClient) -> Result<Self> {
        let tool = PermittedTool::admit(&admin, &format!("{}/mcp", wire.origin()), "get_forecast").await?;
        Ok(Self { wire, admin, tool })
    }

    /// Has so many calls made while the storage is down. Returns the answers that hold a result.
    pub(super) async fn call(
        &self,
        outage: Outage,
        calls: usize,
        counts: &mut Counts,
    ) -> Result<Vec<Answer>> {
        counts.outages.push(outage.name);
        let before = self.wire.tap.bytes_asked();
        let left = Arc::new(AtomicUsize::new(calls));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS.min(calls) {
            callers.spawn(call_while(self.tool.clone(), Arc::clone(&left)));
        }
        let mut served = Vec::new();
        while let Some(answers) = callers.join_next().await {
            for (answer, took) in answers?? {
                counts.calls += 1;
                let said = said(&answer);
                if outage.hits == Hits::Reads && answer.status == 200 {
                    served.push(answer);
                } else if outage.hits.refuses_with(&said) {
                    counts.refusals.push(took);
                    *counts.said.entry(said).or_default() += 1;
                } else {
                    *counts.otherwise.entry(format!("{}: {said}", outage.name)).or_default() += 1;
                }
            }
        }
        if outage.hits != Hits::Reads {
            counts.bytes_upstream += self.wire.tap.bytes_asked() - before;
        }
        counts.served += served.len() as u64;
        Ok(served)
    }

    /// Sends calls upstream and holds them there. The storage must work.
    pub(super) async fn hold_some(&self) -> Result<JoinSet<Result<Answer>>> {
        self.wire.tap.set(Flow::Held);
        let before = self.wire.tap.bytes_asked();
        let mut held = JoinSet::new();
        for _ in 0..CUT_OFF {
            let tool = self.tool.clone();
            held.spawn(async move { tool.invoke(&body(), &[]).await });
        }
        // All are on their way when nothing has come for a while.
        let mut seen = before;
        for _ in 0..LOOKS {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            let now = self.wire.tap.bytes_asked();
            if now > before && now == seen {
                return Ok(held);
            }
            seen = now;
        }
        bail!("no call reaches the upstream")
    }

    /// Lets the upstream answer those calls, while the storage is down. Returns the answers that hold a result.
    pub(super) async fn let_go(
        &self,
        mut held: JoinSet<Result<Answer>>,
        counts: &mut Counts,
    ) -> Result<Vec<Answer>> {
        self.wire.tap.set(Flow::Open);
        let mut results = Vec::new();
        while let Some(answer) = held.join_next().await {
            let answer = answer??;
            counts.cut_off += 1;
            if answer.status == 200 || !answer.json()["result"].is_null() {
                results.push(answer);
            }
        }
        Ok(results)
    }

    /// Looks whether what these results say is recorded. The storage must work again.
    pub(super) async fn look_for(&self, results: Vec<Answer>, counts: &mut Counts) -> Result<()> {
        for result in results {
            let id = result.json()["invocation_id"].as_str().unwrap_or("none").to_owned();
            let recorded = self.admin.get(&format!("/integrations/mcp-invocations/{id}")).await?.json();
            counts.results_unrecorded += u64::from(recorded["outcome"] != "success");
        }
        Ok(())
    }

    /// The storage works again: so must calls, and what is recorded must hold.
    pub(super) async fn recover(&self, counts: &mut Counts) -> Result<()> {
        let served = tokio::time::timeout(RECOVERY, async {
            while self.tool.invoke(&body(), &[]).await?.status != 200 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok::<(), color_eyre::Report>(())
        });
        match served.await {
            Ok(served) => served?,
            Err(_) => counts.stuck += 1,
        }
        let verified = self.admin.get("/logs/trail/verify").await?.json();
        counts.broken_trails += u64::from(verified["intact"] != true);
        Ok(())
    }
}

impl Hits {
    fn refuses_with(self, said: &str) -> bool {
        match said {
            "503 audit_unavailable" => true,
            "503 store_unavailable" => self != Self::Writes,
            "500 store_corrupt" | "503 outcome_unrecorded" => self == Self::Reads,
            _ => false,
        }
    }
}

async fn call_while(tool: PermittedTool, left: Arc<AtomicUsize>) -> Result<Vec<(Answer, Duration)>> {
    let mut answers = Vec::new();
    let take = || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    while take().is_ok() {
        let started = Instant::now();
        let answer = tool.invoke(&body(), &[]).await?;
        answers.push((answer, started.elapsed()));
    }
    Ok(answers)
}

fn body() -> Value {
    json!({ "arguments": { "city": "Zurich" } })
}

fn said(answer: &Answer) -> String {
    let body = answer.json();
    format!("{} {}", answer.status, body["code"].as_str().unwrap_or("without a code"))
}

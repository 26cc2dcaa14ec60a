//! One database on which a gate plays the story, crashes, and is started again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use color_eyre::eyre::{ContextCompat, Result, WrapErr, bail, ensure};
use portcullis_schemas::api_keys::tokens::{TokenAlgorithm, TokenIssuer, TokenRule, TokenSettings};
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::principal::ActorType;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::{Answer as Response, ApiClient};
use serde_json::Value;

use super::askers::{Askers, body};
use super::scenario::{By, Step, epilogue, story};
use crate::crash::{Failpoint, take_mark};
use crate::kill::reconcile::{Answer, Call, Differences, reconcile};
use crate::kill::trail::Trail;
use crate::permitted::PermittedTool;
use crate::process::{Child, GateOptions};
use crate::prove::home::Home;
use crate::prove::setting::Setting;
use crate::upstream::{self, Place};
use crate::wiring::Wiring;

/// For a call to be recorded.
const ON_ITS_WAY: Duration = Duration::from_secs(30);
/// For recovery: a lease, a sweep, and a busy machine.
const RECOVERY: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// A crashed process is gone after this.
const END: Duration = Duration::from_secs(5);

/// Whose access tokens gates take. Nobody presents one, so nobody asks it for its keys.
pub(super) const ISSUER: &str = "https://login.example";

/// See the module.
pub(super) struct Scene {
    name: String,
    /// Of the sound gates, which found the database and find what is left.
    plan: GateOptions,
    /// Of the gate that crashes.
    wiring: Wiring,
    upstream: Place,
    calls: Vec<Call>,
    /// Calls that got their result over MCP, which names no invocation.
    over_mcp: Vec<String>,
    /// Events of acknowledged changes.
    changes: BTreeMap<&'static str, u64>,
    /// Those of the change that got no answer.
    in_doubt: &'static [&'static str],
    kept: BTreeMap<&'static str, String>,
    _home: Home,
}

/// What a crash leaves.
pub(super) struct Left {
    name: String,
    calls: Vec<Call>,
    over_mcp: Vec<String>,
    trail: Trail,
    pub(super) crashed: bool,
    pub(super) closing: Duration,
    pub(super) half: Vec<String>,
    /// What is wrong with the trail.
    pub(super) flaw: Option<String>,
}

impl Scene {
    pub(super) fn new(setting: &Setting, name: &str, wiring: Wiring, at: &Place) -> Result<Self> {
        let home = Home::new(setting)?;
        let mut settings = home.settings("gate", std::slice::from_ref(&at.origin));
        // Whatever gates before have signed, there is something to sign: each gate passes these points too.
        settings.trail.checkpoint_records = 1;
        settings.tokens = Some(tokens()?);
        let plan = GateOptions::new("gate", home.path(), settings, Wiring::Sound);
        let (calls, over_mcp, changes, kept) = Default::default();
        let (name, upstream) = (name.to_owned(), at.clone());
        Ok(Self { name, plan, wiring, upstream, calls, over_mcp, changes, in_doubt: &[], kept, _home: home })
    }

    /// Plays a story without a crash, and counts the passes of every point.
    pub(super) async fn count(mut self, story: Vec<Step>) -> Result<BTreeMap<String, u64>> {
        let (askers, _) = self.found().await?;
        let gate = Child::gate(&GateOptions { count: true, ..self.plan.clone() }).await?;
        if !self.play_all(&askers.at(&gate)?, story).await? {
            bail!("the story broke off at {:?}", self.in_doubt);
        }
        let counts = gate.stop().await?.context("the gate told no counts")?;
        serde_json::from_value(counts).wrap_err("the counts of a gate")
    }

    /// Plays it until the crash, starts the gate again, and looks at what is left.
    pub(super) async fn crash(mut self, failpoint: &Failpoint) -> Result<Left> {
        let (askers, base) = self.found().await?;
        let armed = GateOptions { crash: Some(failpoint.clone()), wiring: self.wiring, ..self.plan.clone() };
        // A gate may crash while it starts.
        if let Ok(mut gate) = Child::gate(&armed).await {
            let ended = !self.play_all(&askers.at(&gate)?, story()).await? && gate.ends_within(END).await;
            if !ended {
                // It may crash while it stops; whether it did, its mark says.
                let _ = gate.stop().await;
            }
        }
        let crashed = take_mark(&self.plan.scratch);
        let restarted = Instant::now();
        let gate = Child::gate(&self.plan).await?;
        let admin = askers.at(&gate)?.admin;
        let mut trail = base.clone();
        let closing = until_closed(&mut trail, &admin, restarted).await?;
        let verified = Trail::verified_by(&admin).await?;
        trail.catch_up(&admin).await?;
        gate.stop().await?;
        let flaw = trail.flaw(&verified, &self.plan.settings).await;
        let half = self.half_done(&base, &trail);
        let Self { name, calls, over_mcp, .. } = self;
        Ok(Left { name, calls, over_mcp, trail, crashed, closing, half, flaw })
    }

    /// Founds the database, and leaves a call open in it.
    async fn found(&mut self) -> Result<(Askers, Trail)> {
        let gate = Child::gate(&self.plan).await?;
        let admin = ApiClient::new(gate.said("origin")?, Secret::new(gate.said("key")?.to_owned()))?;
        let tool = PermittedTool::admit(&admin, &self.upstream.url, upstream::TOOL).await?;
        let PermittedTool { server_id, tool_id, key_id, .. } = tool.clone();
        let url = self.upstream.url.clone();
        self.kept.extend([("server", server_id), ("tool", tool_id), ("agent", key_id), ("url", url)]);
        let base = self.leave_open(&tool, &admin, &mut Some(gate)).await?;
        Ok((Askers { admin, tool }, base))
    }

    /// Makes a call, and kills the gate as soon as its intent is in the trail. A machine that is too busy may refuse
    /// calls at first.
    async fn leave_open(
        &mut self,
        tool: &PermittedTool,
        admin: &ApiClient,
        gate: &mut Option<Child>,
    ) -> Result<Trail> {
        let (called, mut trail) = (Instant::now(), Trail::default());
        while called.elapsed() < ON_ITS_WAY {
            let nonce = format!("{}{}", upstream::SLOW, self.nonce(&format!("open{}", self.calls.len())));
            let (caller, body) = (tool.clone(), body(&nonce));
            let call = tokio::spawn(async move { caller.invoke(&body, &[]).await });
            while trail.open() == 0 && !call.is_finished() {
                tokio::time::sleep(LOOK_AGAIN).await;
                trail.catch_up(admin).await?;
            }
            let is_open = trail.open() > 0;
            if let (true, Some(gate)) = (is_open, gate.take()) {
                gate.kill().await?;
            }
            let answer = call.await?.ok().and_then(|answer| Answer::read(answer.status, &answer.json()));
            self.calls.push(Call { nonce, answer });
            if is_open {
                return Ok(trail);
            }
        }
        bail!("no call is recorded: {:?}", self.calls.last())
    }

    /// A story, recovery, the epilogue. False when the gate went away.
    async fn play_all(&mut self, askers: &Askers, story: Vec<Step>) -> Result<bool> {
        if !self.play(askers, story).await? {
            return Ok(false);
        }
        let mut trail = Trail::default();
        if until_closed(&mut trail, &askers.admin, Instant::now()).await.is_err() {
            return Ok(false);
        }
        self.play(askers, epilogue()).await
    }

    async fn play(&mut self, askers: &Askers, steps: Vec<Step>) -> Result<bool> {
        for step in steps {
            let Some(answer) = self.ask(askers, &step).await else {
                self.in_doubt = step.events;
                return Ok(false);
            };
            let expected = step.status.map_or(200..300, |status| status..status + 1);
            ensure!(expected.contains(&answer.status), "{}: {} {}", step.path, answer.status, answer.text);
            for event in step.events {
                *self.changes.entry(event).or_default() += 1;
            }
            if let Some((name, place)) = step.keep {
                let found = answer.json().pointer(place).and_then(Value::as_str).map(str::to_owned);
                self.kept.insert(name, found.with_context(|| format!("{}: no {place}", step.path))?);
            }
        }
        Ok(true)
    }

    /// The answer, if one came. What a call was told is kept.
    async fn ask(&mut self, askers: &Askers, step: &Step) -> Option<Response> {
        let path = self.filled(step.path);
        let Some(nonce) = step.by.nonce().map(|name| self.nonce(name)) else {
            let body = step.body.as_ref().map(|body| self.filled_in(body));
            return askers.admin.send(step.method, &path, body.as_ref(), &[]).await.ok();
        };
        let answer = match step.by {
            By::OverMcp(tool, _) => askers.call_over_mcp(&path, tool, &nonce).await.ok(),
            _ => askers.call(&path, &nonce).await.ok(),
        };
        let told = answer.as_ref().and_then(|answer| Answer::read(answer.status, &answer.json()));
        if answer.as_ref().is_some_and(|answer| answer.json()["result"]["resultType"] == "complete") {
            self.over_mcp.push(nonce.clone());
        }
        self.calls.push(Call { nonce, answer: told });
        answer
    }

    /// Events of changes that are absent, or there too often: only those without an answer may be there or not.
    fn half_done(&self, base: &Trail, trail: &Trail) -> Vec<String> {
        let mut half = Vec::new();
        let unanswered = self.in_doubt.iter().filter(|event| !self.changes.contains_key(*event));
        for event in self.changes.keys().chain(unanswered) {
            let acknowledged = self.changes.get(event).copied().unwrap_or_default();
            let recorded = trail.count_of(event) - base.count_of(event);
            let most = acknowledged + u64::from(self.in_doubt.contains(event));
            if !(acknowledged..=most).contains(&recorded) {
                half.push(format!("{event}: {recorded} instead of {acknowledged}"));
            }
        }
        half
    }

    fn nonce(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    fn filled(&self, text: &str) -> String {
        self.kept
            .iter()
            .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    fn filled_in(&self, body: &Value) -> Value {
        serde_json::from_str(&self.filled(&body.to_string())).unwrap_or_default()
    }
}

impl Left {
    /// Compares its ledgers with what the upstream wrote down of it.
    pub(super) fn reconciled_with(&self, upstream: &[String]) -> Differences {
        let own = format!("{}-", self.name);
        let of_this = |nonce: &&str| nonce.trim_start_matches(upstream::SLOW).starts_with(&own);
        let mut found =
            reconcile(&self.calls, &self.trail, upstream.iter().map(String::as_str).filter(of_this));
        let is_recorded = |nonce: &str| {
            self.trail.calls().any(|call| call.succeeded() && call.nonce.as_deref() == Some(nonce))
        };
        found.unrecorded += self.over_mcp.iter().filter(|nonce| !is_recorded(nonce)).count() as u64;
        found
    }
}

/// Settings that name the issuer, whose tokens stand for nobody here.
fn tokens() -> Result<TokenSettings> {
    let rule = TokenRule {
        tenant: TenantId::from_trusted("ten_01jd0000000000000000000000")?,
        subject_claim: "sub".to_owned(),
        actor_type: ActorType::Machine,
        scopes: None,
        register: false,
        when: BTreeMap::new(),
    };
    let issuer = TokenIssuer {
        issuer: ISSUER.to_owned(),
        jwks_uri: None,
        audiences: Vec::new(),
        algorithms: TokenAlgorithm::ALL.to_vec(),
        skew_seconds: 30,
        rules: vec![rule],
    };
    Ok(TokenSettings {
        resource: "https://gw.example".to_owned(),
        scope_prefix: String::new(),
        issuers: vec![issuer],
    })
}

/// Waits until nothing is open; returns how long after `since` that was, or how long it was waited in vain.
async fn until_closed(trail: &mut Trail, admin: &ApiClient, since: Instant) -> Result<Duration> {
    loop {
        trail.catch_up(admin).await?;
        if trail.open() == 0 || since.elapsed() > RECOVERY {
            return Ok(since.elapsed());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

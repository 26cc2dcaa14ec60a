//! What the trials of load start from: a gate, upstreams behind detours, a tool that is permitted on each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use color_eyre::eyre::{Result, ensure};
use portcullis_mcp::version::ProtocolVersion;
use portcullis_server::api_client::ApiClient;
use portcullis_server::config::{LimitSettings, LogLevel, Settings};
use portcullis_server::demo::tools;
use portcullis_server::demo::upstream::Upstream;
use tokio::task::JoinSet;

use super::detour::Detour;
use super::gate::Gate;
use super::ledgers::Outcomes;
use super::sample::{End, Sample, Samples, call, runs_in};
use crate::permitted::PermittedTool;
use crate::prove::home::Home;
use crate::prove::setting::Setting;

/// Callers that share a client, and so its connections.
const CALLERS_A_CLIENT: usize = 16;

/// See the module.
pub(crate) struct Scene {
    pub(crate) gate: Gate,
    pub(crate) servers: Vec<Server>,
    pub(crate) admin: ApiClient,
    settings: Settings,
    home: Home,
    numbers: Arc<AtomicUsize>,
}

/// One upstream, and its tool.
pub(crate) struct Server {
    pub(crate) detour: Detour,
    tool: PermittedTool,
    _upstream: Upstream,
}

impl Scene {
    /// Starts a gate with these limits, before so many upstreams.
    pub(crate) async fn set(setting: &Setting, servers: usize, limits: LimitSettings) -> Result<Self> {
        let home = Home::new(setting)?;
        let mut behind = Vec::new();
        for _ in 0..servers {
            let upstream = Upstream::start("load", ProtocolVersion::V2026_07_28, tools::weather()).await?;
            let detour = Detour::to(upstream.address()).await?;
            behind.push((upstream, detour));
        }
        let origins: Vec<String> = behind.iter().map(|(_, detour)| detour.origin()).collect();
        let mut settings = home.settings("gate", &origins);
        settings.limits = limits;
        settings.log.level = LogLevel::Error;
        let gate = Gate::start(&settings, home.path()).await?;
        // The same after a restart, so that its callers find it.
        settings.listen = gate.address();
        let admin = gate.admin()?;
        let mut servers = Vec::new();
        for (upstream, detour) in behind {
            let url = format!("{}/mcp", detour.origin());
            let tool = PermittedTool::admit(&admin, &url, "get_forecast").await?;
            servers.push(Server { detour, tool, _upstream: upstream });
        }
        Ok(Self { gate, servers, admin, settings, home, numbers: Arc::default() })
    }

    /// Starts the gate again on the same data, after it has ended.
    pub(crate) async fn again(&mut self) -> Result<()> {
        self.gate = Gate::start(&self.settings, self.home.path()).await?;
        Ok(())
    }

    /// Has callers reach the gate by this origin from now on.
    pub(crate) fn go_through(&mut self, origin: &str) -> Result<()> {
        for server in &mut self.servers {
            server.tool = server.tool.at(origin)?;
        }
        Ok(())
    }

    /// So many callers of one server, who call again and again until they are told to stop.
    pub(crate) fn callers(&self, server: usize, count: usize, manner: Manner) -> Result<Callers> {
        let server = &self.servers[server];
        let over = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for first in (0..count).step_by(CALLERS_A_CLIENT) {
            let agent = server.tool.agent.apart()?;
            for place in first..count.min(first + CALLERS_A_CLIENT) {
                let caller = Caller {
                    tool: PermittedTool { agent: agent.clone(), ..server.tool.clone() },
                    numbers: Arc::clone(&self.numbers),
                    over: Arc::clone(&over),
                    manner,
                };
                let begin = manner.spread * u32::try_from(place)? / u32::try_from(count)?;
                tasks.spawn(async move {
                    tokio::time::sleep(begin).await;
                    caller.go_on().await
                });
            }
        }
        Ok(Callers { over, tasks })
    }

    /// How many calls have been begun.
    pub(crate) fn begun(&self) -> usize {
        self.numbers.load(Ordering::Relaxed)
    }

    /// Single calls of one server, at a rate, whatever becomes of them.
    pub(crate) async fn at_rate(&self, server: usize, a_second: f64, length: Duration) -> Result<Samples> {
        let server = &self.servers[server];
        let mut tools = Vec::new();
        for _ in 0..CALLERS_A_CLIENT {
            tools.push(PermittedTool { agent: server.tool.agent.apart()?, ..server.tool.clone() });
        }
        let mut tasks = JoinSet::new();
        let mut tick = tokio::time::interval(Duration::from_secs_f64(1.0 / a_second));
        let started = tokio::time::Instant::now();
        while started.elapsed() < length {
            tick.tick().await;
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let tool = tools[number % tools.len()].clone();
            tasks.spawn(async move { call(&tool, number, &[]).await });
        }
        Ok(Samples(tasks.join_all().await))
    }

    /// The outcome on record of every run, and how often there is one; the trail must verify.
    pub(crate) async fn recorded(&self) -> Result<Outcomes> {
        let verified = self.admin.get("/logs/trail/verify").await?.success()?;
        ensure!(verified["intact"] == true, "the trail does not verify: {verified}");
        let mut outcomes = Outcomes::new();
        let mut cursor = String::new();
        loop {
            let page = self
                .admin
                .get(&format!("/integrations/mcp-invocations?limit=100{cursor}"))
                .await?
                .success()?;
            for (run, outcome) in runs_in(&page) {
                outcomes.entry(run).or_default().push(outcome);
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(outcomes),
            }
        }
    }
}

/// How callers behave.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// `Prefer: wait=`, in seconds.
    pub(crate) wait: Option<&'static str>,
    /// They begin one after another over this time: callers who wait equally long would else go on in step.
    pub(crate) spread: Duration,
    /// Ends at the first call that gets no answer.
    pub(crate) until_broken: bool,
}

/// A crowd at work; it goes home when dropped.
pub(crate) struct Callers {
    over: Arc<AtomicBool>,
    tasks: JoinSet<Vec<Sample>>,
}

impl Callers {
    /// Lets them work for a while, and end what they have begun.
    pub(crate) async fn work(self, length: Duration) -> Samples {
        tokio::time::sleep(length).await;
        self.stop().await
    }

    /// Lets them end what they have begun.
    pub(crate) async fn stop(self) -> Samples {
        self.over.store(true, Ordering::Relaxed);
        Samples(self.tasks.join_all().await.into_iter().flatten().collect())
    }
}

struct Caller {
    tool: PermittedTool,
    numbers: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    manner: Manner,
}

impl Caller {
    async fn go_on(self) -> Vec<Sample> {
        let mut samples = Vec::new();
        let prefer = self.manner.wait.map(|wait| ("prefer", wait));
        while !self.over.load(Ordering::Relaxed) {
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let sample = call(&self.tool, number, prefer.as_slice()).await;
            let end = sample.end.clone();
            samples.push(sample);
            match end {
                End::Refused(wait) => tokio::time::sleep(Duration::from_secs(wait.unwrap_or(1))).await,
                End::Broken if self.manner.until_broken => break,
                End::Broken => tokio::time::sleep(Duration::from_millis(50)).await,
                _ => {}
            }
        }
        samples
    }
}

//! The gates of one database, as processes: one on SQLite, two on PostgreSQL, with a tool that an agent may call.

use std::time::Instant;

use color_eyre::eyre::Result;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use portcullis_server::config::Settings;

use crate::permitted::PermittedTool;
use crate::process::{Child, GateOptions};
use crate::prove::home::Home;
use crate::prove::setting::{Setting, UnderTest};
use crate::upstream::{self, Place};
use crate::wiring::Wiring;

/// See the module. Members of one gate stand at the same place in each list.
pub(crate) struct Replicas {
    pub(crate) admins: Vec<ApiClient>,
    pub(crate) tools: Vec<PermittedTool>,
    plans: Vec<GateOptions>,
    gates: Vec<Child>,
    _home: Home,
}

impl Replicas {
    /// Founds an empty database, and starts its gates in front of this upstream.
    pub(crate) async fn found(setting: &Setting, wiring: Wiring, upstream: &Place) -> Result<Self> {
        let home = Home::new(setting)?;
        let count = match setting.database {
            UnderTest::Sqlite => 1,
            UnderTest::Postgres(_) => 2,
        };
        let plan = |number| {
            let name = format!("gate-{number}");
            let settings = home.settings(&name, std::slice::from_ref(&upstream.origin));
            GateOptions::new(&name, home.path(), settings, wiring)
        };
        let plans: Vec<GateOptions> = (0..count).map(plan).collect();
        let first = Child::gate(&plans[0]).await?;
        let admin = ApiClient::new(first.said("origin")?, Secret::new(first.said("key")?.to_owned()))?;
        let tool = PermittedTool::admit(&admin, &upstream.url, upstream::TOOL).await?;
        let (mut gates, mut admins, mut tools) = (vec![first], vec![admin.clone()], vec![tool.clone()]);
        for plan in &plans[1..] {
            let gate = Child::gate(plan).await?;
            admins.push(admin.at(gate.said("origin")?)?);
            tools.push(tool.at(gate.said("origin")?)?);
            gates.push(gate);
        }
        Ok(Self { admins, tools, plans, gates, _home: home })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.plans.len()
    }

    /// The tool at each gate but this one, with the gate's number.
    pub(crate) fn tools_but(&self, victim: Option<usize>) -> Vec<(usize, PermittedTool)> {
        self.tools.iter().cloned().enumerate().filter(|(gate, _)| Some(*gate) != victim).collect()
    }

    /// Settings that open the database, once no gate runs.
    pub(crate) fn settings(&self) -> &Settings {
        &self.plans[0].settings
    }

    /// SIGKILL. [`Replicas::restart`] must follow.
    pub(crate) async fn kill(&mut self, victim: usize) -> Result<()> {
        self.gates.remove(victim).kill().await
    }

    /// Starts a killed gate again. Returns when the start began.
    pub(crate) async fn restart(&mut self, victim: usize) -> Result<Instant> {
        let started = Instant::now();
        let gate = Child::gate(&self.plans[victim]).await?;
        self.admins[victim] = self.admins[victim].at(gate.said("origin")?)?;
        self.tools[victim] = self.tools[victim].at(gate.said("origin")?)?;
        self.gates.insert(victim, gate);
        Ok(started)
    }

    /// Stops all in order.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        for gate in std::mem::take(&mut self.gates) {
            gate.stop().await?;
        }
        Ok(())
    }
}

//! A real run of two tenants, and its trail as the product exports it.

use std::path::PathBuf;

use color_eyre::eyre::{ContextCompat, Result};
use portcullis::trail::Checkpointer;
use portcullis_mcp::version::ProtocolVersion;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use portcullis_server::config::Settings;
use portcullis_server::demo::{tools, upstream::Upstream};
use portcullis_server::running::{self, Running};
use portcullis_trail::note::VerifierKey;
use serde_json::json;

use super::product;
use crate::permitted::PermittedTool;
use crate::prove::home::Home;
use crate::prove::setting::{Setting, UnderTest};

/// Checkpoints that are made on the way.
const CHECKPOINTS: usize = 6;

/// What is left of the run: the data directory, with nobody in it, and what auditors get of it.
pub(super) struct Site {
    pub(super) home: Home,
    /// An admin's key of each tenant.
    pub(super) keys: [Secret; 2],
    /// As the product has written it.
    pub(super) export: Vec<u8>,
    /// The log's, as the product tells them; the last one signs.
    pub(super) log_keys: Vec<VerifierKey>,
}

impl Site {
    pub(super) fn settings(&self) -> Settings {
        self.home.settings("gate", &[])
    }

    pub(super) fn database(&self) -> PathBuf {
        self.settings().data_dir.join("portcullis.db")
    }

    /// The newest checkpoint that the gate has kept outside of its database. Their names sort as they were made.
    pub(super) fn kept_checkpoint(&self) -> Result<PathBuf> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.settings().data_dir.join("checkpoints"))? {
            files.push(entry?.path());
        }
        files.retain(|file| file.extension().is_some_and(|extension| extension == "checkpoint"));
        files.into_iter().max().context("no checkpoint was kept")
    }
}

/// Has agents of two tenants call in turn; every third call is refused, for its arguments. Checkpoints are made on the
/// way, and the last one by the end of the gate.
pub(super) async fn record(setting: &Setting, calls: usize) -> Result<Site> {
    // The file is edited as well, so there must be one.
    let home = Home::new(&Setting { database: UnderTest::Sqlite, ..setting.clone() })?;
    let upstream = Upstream::start("weather", ProtocolVersion::V2026_07_28, tools::weather()).await?;
    let gate = running::start(&home.settings("gate", &[upstream.origin()])).await?;
    let first = Secret::new(gate.first_key().context("the database is not empty")?.secret.0.clone());
    let operator = ApiClient::new(&gate.url(), first.clone())?;
    let made = operator.post("/tenants", &json!({ "name": "second" })).await?.success()?;
    let second = made["admin_key"]["secret"].as_str().context("no key of the second tenant")?;
    let keys = [first, Secret::new(second.to_owned())];

    let mut agents = Vec::new();
    for key in &keys {
        let admin = operator.with_key(key.clone());
        agents.push(PermittedTool::admit(&admin, &upstream.url(), "get_forecast").await?);
    }
    for number in 0..calls {
        let arguments = if number % 3 == 2 { json!({ "unknown": 1 }) } else { json!({ "city": "Zurich" }) };
        agents[number % 2].invoke(&json!({ "arguments": arguments }), &[]).await?;
        if number % (calls / CHECKPOINTS) == 0 {
            make_checkpoint(&gate).await?;
        }
    }
    gate.shutdown().await?;
    let data_dir = home.settings("gate", &[]).data_dir;
    let export = product::export(&data_dir, &home.path().join("trail.export")).await?;
    let log_keys = product::keys(&data_dir).await?;
    Ok(Site { home, keys, export, log_keys })
}

/// As the gate does it by itself, only that a minute need not pass.
async fn make_checkpoint(gate: &Running) -> Result<()> {
    let checkpointer = Checkpointer::new(gate.spine().ports(), gate.spine().options().checkpoints.clone());
    checkpointer.context("the gate signs nothing")?.make_now().await?;
    Ok(())
}

//! A real run of two tenants, and its trail as it is stored.

use std::path::PathBuf;

use color_eyre::eyre::{ContextCompat, Result, ensure};
use portcullis_mcp::version::ProtocolVersion;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use portcullis_server::config::Settings;
use portcullis_server::demo::{tools, upstream::Upstream};
use portcullis_server::running::{self, Running};
use serde_json::{Value, json};

use crate::permitted::PermittedTool;
use crate::prove::home::Home;
use crate::prove::setting::{Setting, UnderTest};

/// Records are read in pages.
const PAGE: u16 = 100;

/// What is left of the run.
pub(super) struct Run {
    /// The records of both tenants, in the order in which they were written.
    pub(super) records: Vec<Value>,
    pub(super) site: Site,
}

/// The data directory, with nobody in it.
pub(super) struct Site {
    pub(super) home: Home,
    /// An admin's key of each tenant.
    pub(super) keys: [Secret; 2],
    /// The records of both tenants.
    pub(super) records: Vec<Value>,
}

impl Site {
    pub(super) fn settings(&self) -> Settings {
        self.home.settings("gate", &[])
    }

    pub(super) fn database(&self) -> PathBuf {
        self.settings().data_dir.join("portcullis.db")
    }
}

/// Has agents of two tenants call in turn; every third call is refused, for its arguments.
pub(super) async fn record(setting: &Setting, calls: usize) -> Result<Run> {
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
    }
    let other = made["tenant"]["tenant_id"].as_str().context("no id of the second tenant")?;
    let own = first_tenant(&operator, other).await?;
    let mut trails = [stored(&gate, &own).await?, stored(&gate, other).await?];
    gate.shutdown().await?;
    ensure!(trails.iter().all(|trail| trail.len() > calls), "a trail is too short: {}", trails[0].len());
    let records = in_order(&mut trails);
    Ok(Run { records: records.clone(), site: Site { home, keys, records } })
}

async fn first_tenant(operator: &ApiClient, other: &str) -> Result<String> {
    let tenants = operator.get("/tenants").await?.success()?;
    let ids = tenants["items"].as_array().context("no tenants")?.iter();
    let mut ids = ids.filter_map(|tenant| tenant["tenant_id"].as_str());
    Ok(ids.find(|id| *id != other).context("no first tenant")?.to_owned())
}

async fn stored(gate: &Running, tenant: &str) -> Result<Vec<Value>> {
    let tenant = TenantId::from_trusted(tenant)?;
    let mut work = gate.spine().ports().store.read().await?;
    let mut records = Vec::new();
    loop {
        let page = work.audit_log().range(&tenant, records.len() as u64 + 1, PAGE).await?;
        let is_last = page.len() < usize::from(PAGE);
        records.extend(page.into_iter().map(|event| event.record));
        if is_last {
            return Ok(records);
        }
    }
}

/// Merged by their ids, which grow with time; each trail keeps its order.
fn in_order(trails: &mut [Vec<Value>; 2]) -> Vec<Value> {
    let [one, other] = trails;
    let (mut one, mut other) = (one.drain(..).peekable(), other.drain(..).peekable());
    let mut records = Vec::new();
    loop {
        let takes_one = match (one.peek(), other.peek()) {
            (Some(one), Some(other)) => one["event_id"].as_str() <= other["event_id"].as_str(),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return records,
        };
        records.extend(if takes_one { one.next() } else { other.next() });
    }
}

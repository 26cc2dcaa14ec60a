//! The trail, as far as it speaks of calls: read piece by piece through the API, or whole from the database.

use std::collections::{BTreeMap, BTreeSet};

use color_eyre::eyre::{ContextCompat, Result, WrapErr, eyre};
use portcullis::embedded::{self, EmbeddedOptions};
use portcullis_schemas::egress::HttpMethod;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use portcullis_server::config::Settings;
use portcullis_trail::chain::ChainVerifier;
use serde_json::Value;

use crate::patience::patiently;

/// Events of a read from the database.
const PORTION: u16 = 1000;

/// Calls and exchanges, as the trail tells of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trail {
    tenant: Option<String>,
    /// All events up to this one have been seen.
    last: u64,
    calls: BTreeMap<String, RecordedCall>,
    /// Exchanges begun and not ended; an exchange has no name of its own.
    exchanges: i64,
    kinds: BTreeMap<String, u64>,
}

/// One invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordedCall {
    pub(crate) nonce: Option<String>,
    /// Let through: its intent is durable.
    pub(crate) allowed: bool,
    pub(crate) denied: bool,
    /// `completed`, `failed` or `unknown`; one for each closing event.
    pub(crate) ends: Vec<String>,
}

impl RecordedCall {
    fn is_open(&self) -> bool {
        self.allowed && self.ends.is_empty()
    }

    /// Whether its one end is a result.
    pub(crate) fn succeeded(&self) -> bool {
        self.ends == ["completed"]
    }
}

impl Trail {
    /// Takes an event, as it is shown or stored. One that was seen before changes nothing.
    pub(crate) fn add(&mut self, event: &Value) {
        let sequence = event["sequence"].as_u64().unwrap_or_default();
        if sequence <= self.last {
            return;
        }
        self.last = sequence;
        let kind = event["event_type"].as_str().unwrap_or_default();
        *self.kinds.entry(kind.to_owned()).or_default() += 1;
        if let (None, Some(tenant)) = (&self.tenant, event["tenant_id"].as_str()) {
            self.tenant = Some(tenant.to_owned());
        }
        match kind.split_once('.') {
            Some(("tool_invocation", step)) => self.add_step(step, &event["subject"]),
            Some(("mcp_exchange", "started")) => self.exchanges += 1,
            Some(("mcp_exchange", _)) => self.exchanges -= 1,
            _ => {}
        }
    }

    fn add_step(&mut self, step: &str, subject: &Value) {
        let invocation = subject["invocation_id"].as_str().unwrap_or_default();
        let call = self.calls.entry(invocation.to_owned()).or_default();
        call.nonce = subject["run_id"].as_str().map(str::to_owned);
        match step {
            "requested" => {}
            "allowed" => call.allowed = true,
            "denied" => call.denied = true,
            end => call.ends.push(end.to_owned()),
        }
    }

    /// Reads what is new through the API.
    ///
    /// # Errors
    /// When the gate does not answer.
    pub(crate) async fn catch_up(&mut self, admin: &ApiClient) -> Result<()> {
        let mut new = Vec::new();
        let mut path = "/logs/trail?limit=100".to_owned();
        loop {
            let page = patiently(admin, HttpMethod::Get, &path, None).await?;
            let items = page["items"].as_array().context("no events")?;
            let seen = |event: &Value| event["sequence"].as_u64().is_none_or(|number| number <= self.last);
            new.extend(items.iter().filter(|event| !seen(event)).cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) if !items.iter().any(seen) => {
                    path = format!("/logs/trail?limit=100&cursor={cursor}");
                }
                _ => break,
            }
        }
        new.iter().rev().for_each(|event| self.add(event));
        Ok(())
    }

    /// What a gate says of the trail: `intact`, up to which event, and the first break.
    ///
    /// # Errors
    /// When the gate does not answer.
    pub(crate) async fn verified_by(admin: &ApiClient) -> Result<Value> {
        patiently(admin, HttpMethod::Get, "/logs/trail/verify", None).await
    }

    /// What is wrong with the trail, if anything: by the verdict of a gate, and by what is in the database, which is
    /// verified here and compared with what the API has shown. No gate may run any more.
    pub(crate) async fn flaw(&self, verdict: &Value, settings: &Settings) -> Option<String> {
        if verdict["intact"] != true {
            return Some(format!("the gate finds it broken: {verdict}"));
        }
        let tenant = self.tenant.as_deref().unwrap_or_default();
        match Self::stored(settings, tenant).await {
            Err(error) => Some(format!("{error:#}")),
            Ok(stored) if stored == *self => None,
            Ok(stored) => {
                Some(format!("the database holds {} events, the API showed {}", stored.last, self.last))
            }
        }
    }

    /// The whole trail of a tenant from the database of gates that have ended, its chain verified.
    async fn stored(settings: &Settings, tenant: &str) -> Result<Self> {
        let mut options = EmbeddedOptions::new(&settings.data_dir);
        options.database_url = settings.database_url.clone().map(Secret::new);
        options.master_key_file.clone_from(&settings.master_key_file);
        options.signing_key_file.clone_from(&settings.trail.signing_key_file);
        let database = embedded::open(options).await.wrap_err("the database cannot be opened")?;
        let read = read_all(&database.ports(), &TenantId::from_trusted(tenant)?).await;
        database.close().await;
        read
    }

    pub(crate) fn events(&self) -> u64 {
        self.last
    }

    /// Events of this type.
    pub(crate) fn count_of(&self, kind: &str) -> u64 {
        self.kinds.get(kind).copied().unwrap_or_default()
    }

    pub(crate) fn calls(&self) -> impl Iterator<Item = &RecordedCall> {
        self.calls.values()
    }

    pub(crate) fn call(&self, invocation: &str) -> Option<&RecordedCall> {
        self.calls.get(invocation)
    }

    /// Calls and exchanges that have begun and not ended.
    pub(crate) fn open(&self) -> usize {
        let calls = self.calls().filter(|call| call.is_open()).count();
        calls + usize::try_from(self.exchanges).unwrap_or_default()
    }

    /// As [`open`](Self::open), but for calls whose nonces begin so.
    pub(crate) fn open_but(&self, prefix: &str) -> usize {
        let is_other =
            |call: &&RecordedCall| call.nonce.as_ref().is_some_and(|nonce| nonce.starts_with(prefix));
        let others = self.calls().filter(|call| call.is_open()).filter(is_other).count();
        self.open() - others
    }

    /// Nonces of calls whose intent is recorded.
    pub(crate) fn nonces_with_intent(&self) -> BTreeSet<&str> {
        self.calls().filter(|call| call.allowed).filter_map(|call| call.nonce.as_deref()).collect()
    }
}

async fn read_all(ports: &portcullis::Ports, tenant: &TenantId) -> Result<Trail> {
    let mut trail = Trail::default();
    let mut chain = ChainVerifier::new(tenant.as_str());
    let mut work = ports.store.read().await?;
    loop {
        let portion = work.audit_log().texts(tenant, trail.last + 1, PORTION).await?;
        for event in &portion {
            chain.push_bytes(event.as_bytes()).map_err(|broken| eyre!("the chain is broken: {broken:?}"))?;
            trail.add(&serde_json::from_str(event)?);
        }
        if portion.len() < usize::from(PORTION) {
            return Ok(trail);
        }
    }
}

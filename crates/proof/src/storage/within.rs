//! Connections that are all taken, in a gate in this process: whoever took them holds them.

use color_eyre::eyre::{ContextCompat, Result};
use portcullis_schemas::secret::Secret;
use portcullis_schemas::store::{Store, UnitOfWork};
use portcullis_server::api_client::ApiClient;

use super::Counts;
use super::fail_open::FailOpenLedger;
use super::lock::{LOCKED, Lock};
use super::scene::{Hits, Outage, Scene, Wire};
use crate::prove::home::Home;
use crate::prove::setting::Setting;

/// More connections than any pool has.
const MOST: usize = 16;
const READERS_TAKEN: Outage = Outage { name: "all connections that read are taken", hits: Hits::Reads };

pub(super) async fn fail(
    setting: &Setting,
    counts: &mut Counts,
    calls: usize,
    fails_open: bool,
) -> Result<()> {
    let home = Home::new(setting)?;
    let wire = Wire::lay().await?;
    let settings = home.settings("gate", &[wire.origin()]);
    let gate = FailOpenLedger::start(&settings, fails_open).await?;
    let key = Secret::new(gate.first_key().context("the database is not empty")?.secret.0.clone());
    let scene = Scene::set(wire, ApiClient::new(&gate.url(), key)?).await?;
    let store = gate.spine().ports().store.clone();

    if fails_open {
        let lock = Lock::take(&settings.data_dir).await?;
        scene.call(LOCKED, calls, counts).await?;
        lock.release().await;
        scene.recover(counts).await?;
    } else {
        let taken = take_readers(&*store).await;
        let results = scene.call(READERS_TAKEN, calls, counts).await?;
        drop(taken);
        scene.recover(counts).await?;
        scene.look_for(results, counts).await?;
    }
    drop((scene, store));
    gate.shutdown().await
}

async fn take_readers(store: &dyn Store) -> Vec<Box<dyn UnitOfWork>> {
    let mut taken = Vec::new();
    while taken.len() < MOST
        && let Ok(work) = store.read().await
    {
        taken.push(work);
    }
    taken
}

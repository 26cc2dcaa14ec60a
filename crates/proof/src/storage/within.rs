//! Connections that are all taken, in a gate in this process and so on its runtime, not on the product's: whoever took
//! them holds them.

use color_eyre::eyre::{ContextCompat, Result};
use portcullis_schemas::secret::Secret;
use portcullis_schemas::store::{Store, UnitOfWork};
use portcullis_server::api_client::ApiClient;

use super::Counts;
use super::fail_open::Failing;
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
    failing: Failing,
) -> Result<()> {
    let home = Home::new(setting)?;
    let wire = Wire::lay().await?;
    let settings = home.settings("gate", &[wire.origin()]);
    let gate = failing.start(&settings).await?;
    let key = Secret::new(gate.first_key().context("the database is not empty")?.secret.0.clone());
    let scene = Scene::set(wire, ApiClient::new(&gate.url(), key)?).await?;
    let store = gate.spine().ports().store.clone();

    if failing == Failing::Closed {
        let taken = take_readers(&*store).await;
        let results = scene.call(READERS_TAKEN, calls, counts).await?;
        drop(taken);
        scene.recover(counts).await?;
        scene.look_for(results, counts).await?;
    } else {
        scene.lock(&settings.data_dir, calls, counts).await?;
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

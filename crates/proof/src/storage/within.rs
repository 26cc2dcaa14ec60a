//! Connections that are all taken, in a gate in this process: whoever took them holds them.

use color_eyre::eyre::{ContextCompat, Result};
use portcullis_schemas::secret::Secret;
use portcullis_schemas::store::{Store, UnitOfWork};
use portcullis_server::api_client::ApiClient;

use super::Counts;
use super::fail_open::FailOpenLedger;
use super::scene::{Outage, Scene, Wire};
use crate::prove::home::Home;
use crate::prove::setting::{Setting, UnderTest};

/// More connections than any pool has.
const MOST: usize = 16;
const WRITER_TAKEN: Outage = Outage { name: "the connection that writes is taken", blinds: false };
const READERS_TAKEN: Outage = Outage { name: "all connections that read are taken", blinds: true };

pub(super) async fn fail(
    setting: &Setting,
    counts: &mut Counts,
    calls: usize,
    fails_open: bool,
) -> Result<()> {
    let home = Home::new(setting)?;
    let wire = Wire::lay().await?;
    let gate = FailOpenLedger::start(&home.settings("gate", &[wire.origin()]), fails_open).await?;
    let key = Secret::new(gate.first_key().context("the database is not empty")?.secret.0.clone());
    let scene = Scene::set(wire, ApiClient::new(&gate.url(), key)?).await?;
    let store = gate.spine().ports().store.clone();

    if matches!(setting.database, UnderTest::Sqlite) {
        let taken = store.begin().await?;
        scene.call(WRITER_TAKEN, calls, counts).await?;
        drop(taken);
        scene.recover(counts).await?;
    }
    if !fails_open {
        let taken = take_readers(&*store).await;
        scene.call(READERS_TAKEN, calls, counts).await?;
        drop(taken);
        scene.recover(counts).await?;
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

//! SQLite on a disk that fails, and behind a lock that another process holds.

use color_eyre::eyre::{ContextCompat, Result, WrapErr};
use portcullis_drivers::database::{Database, DatabaseOptions};

use super::Counts;
use super::scene::{Outage, Scene, Wire};
use crate::child::{ChildGate, Plan};
use crate::disk::{Disk, Fault};
use crate::prove::setting::Setting;

const FAULTS: [(Fault, Outage); 7] = [
    (Fault::NoSpace, Outage { name: "the disk is full", blinds: false }),
    (Fault::Write, Outage { name: "writes fail", blinds: false }),
    (Fault::Sync, Outage { name: "syncs fail", blinds: false }),
    (Fault::Read, Outage { name: "reads fail", blinds: true }),
    (Fault::WriteHangs, Outage { name: "writes hang", blinds: false }),
    (Fault::SyncHangs, Outage { name: "syncs hang", blinds: false }),
    (Fault::AllHangs, Outage { name: "reads, writes and syncs hang", blinds: true }),
];
const LOCKED: Outage = Outage { name: "another process holds the write lock", blinds: false };

pub(super) async fn fail(setting: &Setting, counts: &mut Counts, calls: usize) -> Result<()> {
    let folder = setting.directory()?;
    let root = folder.path().canonicalize()?;
    let wire = Wire::lay().await?;
    let disk = Disk::build()?;
    let plan = Plan {
        data_dir: root.join("data"),
        database_url: None,
        waived_origins: vec![wire.origin()],
        sync_off: false,
    };
    let mut gate = ChildGate::spawn(&plan, &disk.environment(&plan.data_dir), &root.join("log"))?;
    let announced = gate.ready().await?;
    let admin = announced.client(announced.first_key.clone().context("no first key")?)?;
    let scene = Scene::set(wire, admin).await?;
    for (fault, outage) in FAULTS {
        let held = scene.hold_some().await?;
        disk.behave(fault)?;
        let results = scene.let_go(held, counts).await?;
        scene.call(outage, calls, counts).await?;
        disk.behave(Fault::None)?;
        scene.recover(counts).await?;
        scene.look_for(results, counts).await?;
    }
    let url = format!("sqlite://{}", plan.data_dir.join("portcullis.db").display());
    let other = Database::open(&url, DatabaseOptions::default()).await?;
    let lock = other.begin_write().await.wrap_err("the write lock cannot be had")?;
    scene.call(LOCKED, calls, counts).await?;
    drop(lock);
    scene.recover(counts).await?;
    other.close().await;
    gate.kill()
}

//! SQLite on a disk that fails, and behind a lock that another process holds.

use color_eyre::eyre::{ContextCompat, Result};

use super::Counts;
use super::scene::{Hits, Outage, Scene, Wire};
use crate::child::{ChildGate, Plan};
use crate::disk::{Disk, Fault};
use crate::prove::setting::Setting;

const FAULTS: [(Fault, Outage); 7] = [
    (Fault::NoSpace, Outage { name: "the disk is full", hits: Hits::Writes }),
    (Fault::Write, Outage { name: "writes fail", hits: Hits::Writes }),
    (Fault::Sync, Outage { name: "syncs fail", hits: Hits::Writes }),
    (Fault::Read, Outage { name: "reads fail", hits: Hits::Reads }),
    (Fault::WriteHangs, Outage { name: "writes hang", hits: Hits::Writes }),
    (Fault::SyncHangs, Outage { name: "syncs hang", hits: Hits::Writes }),
    (Fault::AllHangs, Outage { name: "reads, writes and syncs hang", hits: Hits::Everything }),
];

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
        server_calls: None,
    };
    let mut gate = ChildGate::spawn(&plan, &disk.environment(&plan.data_dir), &root.join("log"))?;
    let announced = gate.ready().await?;
    let admin = announced.client(announced.first_key.clone().context("no first key")?)?;
    let scene = Scene::set(wire, admin).await?;
    for (fault, outage) in FAULTS {
        let held = scene.hold_some().await?;
        disk.behave(fault)?;
        let mut results = scene.let_go(held, counts).await?;
        results.extend(scene.call(outage, calls, counts).await?);
        disk.behave(Fault::None)?;
        scene.recover(counts).await?;
        scene.look_for(results, counts).await?;
    }
    scene.lock(&plan.data_dir, calls, counts).await?;
    gate.kill()
}

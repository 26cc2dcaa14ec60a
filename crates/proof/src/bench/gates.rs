//! Every gate of a run: the one that is measured, without sync, on PostgreSQL, and other builds of it.

use std::path::Path;

use color_eyre::eyre::{Result, ensure};
use portcullis_server::demo::upstream::Upstream;

use super::gate::{Gate, Plan, Storage};
use super::postgres::Database;
use super::{Options, Side, side};

/// The side that the aims are for.
pub(super) const SQLITE: &str = "Portcullis, SQLite FULL";
pub(super) const UNSYNCED: &str = "Portcullis, SQLite without sync and log (comparison only)";
const POSTGRES: &str = "Portcullis, PostgreSQL synchronous_commit=on";

/// The gates, all before one upstream; gone when dropped, their databases too.
pub(super) struct Gates {
    pub(super) sqlite: Gate,
    others: Vec<(String, Gate)>,
    database: Option<Database>,
}

impl Gates {
    /// Starts those that the options ask for.
    pub(super) async fn start(options: &Options, upstream: &Upstream) -> Result<Self> {
        let ours = match &options.binary {
            Some(binary) => binary.clone(),
            None => std::env::current_exe()?.with_file_name("portcullis"),
        };
        let plan = |binary: &Path, storage| Plan {
            binary: binary.to_owned(),
            disk: options.disk.clone(),
            storage,
            upstream: (upstream.origin(), upstream.url()),
        };
        let sqlite = Gate::start(plan(&ours, Storage::Sqlite)).await?;
        let mut others = Vec::new();
        for binary in &options.against {
            let gate = Gate::start(plan(binary, Storage::Sqlite)).await?;
            others.push((format!("Portcullis, {}", binary.display()), gate));
        }
        let database = options.postgres.as_deref().map(Database::create).transpose()?;
        if let Some(database) = &database {
            let gate = Gate::start(plan(&ours, Storage::Postgres(database.url().to_owned()))).await?;
            others.push((POSTGRES.to_owned(), gate));
        }
        others.push((UNSYNCED.to_owned(), Gate::start(plan(&ours, Storage::Unsynced)).await?));
        Ok(Self { sqlite, others, database })
    }

    /// All of them, the one that is measured first. Those as they are served on SQLite are called over MCP too.
    pub(super) fn sides(&self) -> Vec<Side> {
        let mut sides = Vec::new();
        for (name, gate) in self.all() {
            sides.push(side(name, &gate.request, gate.meter()));
            if gate.is_plain() {
                sides.push(side(&format!("{name}, over MCP"), &gate.over_mcp, gate.meter()));
            }
        }
        sides
    }

    /// Looks at their trails.
    ///
    /// # Errors
    /// When one does not verify.
    pub(super) async fn verify(&self) -> Result<()> {
        for (name, gate) in self.all() {
            verify(name, gate).await?;
        }
        Ok(())
    }

    fn all(&self) -> impl Iterator<Item = (&str, &Gate)> {
        let others = self.others.iter().map(|(name, gate)| (name.as_str(), gate));
        std::iter::once((SQLITE, &self.sqlite)).chain(others)
    }
}

impl Drop for Gates {
    fn drop(&mut self) {
        // Before the database that some of them are on.
        self.others.clear();
        self.database = None;
    }
}

async fn verify(name: &str, gate: &Gate) -> Result<()> {
    let verified = gate.admin.get("/logs/trail/verify").await?.success()?;
    ensure!(verified["intact"] == true, "the trail does not verify: {name}");
    Ok(())
}

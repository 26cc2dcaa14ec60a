//! The write lock of SQLite, held by somebody else; and an outage by it.

use std::path::Path;

use color_eyre::eyre::{Result, WrapErr};
use portcullis_drivers::database::{Database, DatabaseOptions, Transaction};

use super::Counts;
use super::scene::{Hits, Outage, Scene};

const LOCKED: Outage = Outage { name: "another connection holds the write lock", hits: Hits::Writes };

impl Scene {
    /// Has the lock of this data directory taken while calls are upstream, and so many made meanwhile.
    pub(super) async fn lock(&self, data: &Path, calls: usize, counts: &mut Counts) -> Result<()> {
        let held = self.hold_some().await?;
        let lock = Lock::take(data).await?;
        let mut results = self.let_go(held, counts).await?;
        results.extend(self.call(LOCKED, calls, counts).await?);
        lock.release().await;
        self.recover(counts).await?;
        self.look_for(results, counts).await
    }
}

/// A transaction that may write, and does not.
struct Lock {
    other: Database,
    transaction: Transaction,
}

impl Lock {
    /// Takes the lock of the database in this data directory.
    async fn take(data: &Path) -> Result<Self> {
        let url = format!("sqlite://{}", data.join("portcullis.db").display());
        let other = Database::open(&url, DatabaseOptions::default()).await?;
        let transaction = other.begin_write().await.wrap_err("the write lock cannot be had")?;
        Ok(Self { other, transaction })
    }

    async fn release(self) {
        drop(self.transaction);
        self.other.close().await;
    }
}

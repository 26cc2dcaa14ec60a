//! The write lock of SQLite, held by somebody else.

use std::path::Path;

use color_eyre::eyre::{Result, WrapErr};
use portcullis_drivers::database::{Database, DatabaseOptions, Transaction};

use super::scene::{Hits, Outage};

pub(super) const LOCKED: Outage =
    Outage { name: "another connection holds the write lock", hits: Hits::Writes };

/// A transaction that may write, and does not.
pub(super) struct Lock {
    other: Database,
    transaction: Transaction,
}

impl Lock {
    /// Takes the lock of the database in this data directory.
    pub(super) async fn take(data: &Path) -> Result<Self> {
        let url = format!("sqlite://{}", data.join("portcullis.db").display());
        let other = Database::open(&url, DatabaseOptions::default()).await?;
        let transaction = other.begin_write().await.wrap_err("the write lock cannot be had")?;
        Ok(Self { other, transaction })
    }

    pub(super) async fn release(self) {
        drop(self.transaction);
        self.other.close().await;
    }
}

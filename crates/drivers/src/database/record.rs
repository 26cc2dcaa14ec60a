//! The transaction in which the ledger writes: on PostgreSQL as units of work have it, on SQLite on its own connection.

use std::collections::BTreeSet;

use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;

use super::direct::DirectTransaction;
use super::session::Session;
use super::transaction::Transaction;
use crate::rows::port_error;

/// Dropping it takes everything back.
#[derive(Debug)]
pub(crate) enum RecordTransaction {
    Pooled(Transaction),
    Direct(DirectTransaction),
}

impl RecordTransaction {
    /// For statements about rows that are no tenant's, or of tenants that were locked before.
    pub(crate) fn session(&self) -> &dyn Session {
        match self {
            Self::Pooled(transaction) => transaction.connection(),
            Self::Direct(transaction) => transaction,
        }
    }

    /// As [`Transaction::of_records`]. On SQLite the one write lock is enough.
    pub(crate) async fn of_records(&self, tenants: &BTreeSet<&TenantId>) -> Result<&dyn Session, PortError> {
        match self {
            Self::Pooled(transaction) => Ok(transaction.of_records(tenants).await?),
            Self::Direct(transaction) => Ok(transaction),
        }
    }

    /// As [`Transaction::of_free`]. On SQLite nobody else writes meanwhile.
    pub(crate) async fn of_free(
        &self,
        tenants: &BTreeSet<&TenantId>,
    ) -> Result<BTreeSet<TenantId>, PortError> {
        match self {
            Self::Pooled(transaction) => transaction.of_free(tenants).await,
            Self::Direct(_) => Ok(tenants.iter().map(|one| (*one).clone()).collect()),
        }
    }

    /// A transaction within this one: what it does can be taken back alone. Locks that it takes and keeps are this
    /// one's.
    pub(crate) async fn savepoint(&self) -> Result<Self, PortError> {
        match self {
            Self::Pooled(transaction) => transaction.savepoint().await.map(Self::Pooled),
            Self::Direct(transaction) => transaction.savepoint().map(Self::Direct).map_err(port_error),
        }
    }

    /// Makes everything durable, or nothing.
    ///
    /// # Errors
    /// As [`Transaction::commit`].
    pub(crate) async fn commit(self) -> Result<(), PortError> {
        match self {
            Self::Pooled(transaction) => transaction.commit().await,
            Self::Direct(transaction) => transaction.commit().map_err(port_error),
        }
    }

    /// Takes everything back.
    ///
    /// # Errors
    /// When the connection is broken; everything is taken back then too.
    pub(crate) async fn rollback(self) -> Result<(), PortError> {
        match self {
            Self::Pooled(transaction) => transaction.rollback().await,
            Self::Direct(transaction) => transaction.rollback().map_err(port_error),
        }
    }
}

//! A transaction as drivers hold it: every wait has an end, and each tenant has one writer at a time.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, TransactionTrait};

use super::bounded::{Bounded, within};
use super::tenant_locks;
use crate::rows::port_error;

/// A commit is worth more patience than a statement, since nobody knows what became of one that was given up.
const COMMIT_PATIENCE: u32 = 5;

/// An open transaction. Dropping it rolls back.
pub struct Transaction {
    connection: Bounded<DatabaseTransaction>,
    wait: Duration,
    /// The tenants whose locks it has. Absent where none are needed: on SQLite, and where it only reads.
    locked: Option<Mutex<BTreeSet<TenantId>>>,
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("locked", &self.locked).finish_non_exhaustive()
    }
}

impl Transaction {
    pub(super) fn reading(transaction: DatabaseTransaction, wait: Duration) -> Self {
        Self { connection: Bounded::new(transaction, wait), wait, locked: None }
    }

    pub(super) fn writing(transaction: DatabaseTransaction, wait: Duration) -> Self {
        let locks = transaction.get_database_backend() == DbBackend::Postgres;
        Self { connection: Bounded::new(transaction, wait), wait, locked: locks.then(Mutex::default) }
    }

    /// The connection, for statements about rows that are no tenant's, or of tenants that were locked before.
    pub fn connection(&self) -> &Bounded<DatabaseTransaction> {
        &self.connection
    }

    /// The connection, for statements about this tenant's rows. From here on no other writer changes them.
    ///
    /// # Errors
    /// `Unavailable` when another writer does not end in time.
    pub(crate) async fn of(&self, tenant: &TenantId) -> Result<&Bounded<DatabaseTransaction>, PortError> {
        if self.locked.is_none() {
            return Ok(&self.connection);
        }
        self.of_all(&BTreeSet::from([tenant])).await
    }

    /// As [`Transaction::of`], for several tenants. One transaction asks once, or for one tenant after another in
    /// their order: otherwise it may meet another that does so the other way round.
    pub(crate) async fn of_all(
        &self,
        tenants: &BTreeSet<&TenantId>,
    ) -> Result<&Bounded<DatabaseTransaction>, PortError> {
        let Some(locked) = &self.locked else { return Ok(&self.connection) };
        let missing: BTreeSet<&TenantId> = {
            let locked = locked.lock().unwrap_or_else(PoisonError::into_inner);
            tenants.iter().copied().filter(|tenant| !locked.contains(*tenant)).collect()
        };
        tenant_locks::take(&self.connection, &missing).await.map_err(port_error)?;
        let mut locked = locked.lock().unwrap_or_else(PoisonError::into_inner);
        locked.extend(missing.into_iter().cloned());
        Ok(&self.connection)
    }

    /// A transaction within this one: what it does can be taken back alone. Locks that it takes and keeps are this
    /// one's.
    pub(crate) async fn savepoint(&self) -> Result<Self, PortError> {
        let inner = within(self.wait, self.connection.connection().begin()).await.map_err(port_error)?;
        Ok(Self::writing(inner, self.wait))
    }

    /// Makes everything durable, or nothing.
    ///
    /// # Errors
    /// `Timeout` when nobody knows: the connection broke, or got no answer, while it was committed. Otherwise nothing
    /// was written.
    pub async fn commit(self) -> Result<(), PortError> {
        let Self { connection, wait, .. } = self;
        if connection.has_failed() {
            // PostgreSQL answers such a commit with a rollback, and calls that success.
            let detail = "a statement of the transaction failed, so nothing was committed";
            return Err(PortError::unavailable(detail));
        }
        let transaction = connection.into_connection();
        let engine = transaction.get_database_backend();
        match tokio::time::timeout(wait * COMMIT_PATIENCE, transaction.commit()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if engine != DbBackend::Postgres => Err(port_error(error)),
            Ok(Err(error)) => Err(unconfirmed().with_source(error)),
            Err(_) => Err(unconfirmed()),
        }
    }

    /// Takes everything back.
    ///
    /// # Errors
    /// When the connection is broken; everything is taken back then too.
    pub async fn rollback(self) -> Result<(), PortError> {
        let Self { connection, wait, .. } = self;
        within(wait, connection.into_connection().rollback()).await.map_err(port_error)
    }
}

fn unconfirmed() -> PortError {
    let detail = "the database did not confirm the commit; it may have been kept";
    PortError::new(PortErrorKind::Timeout, codes::STORE_UNAVAILABLE, detail)
}

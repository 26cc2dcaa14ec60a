//! A transaction as drivers hold it: every wait has an end, and each tenant has one writer at a time.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, TransactionTrait};

use super::bounded::{Bounded, within};
use super::tenant_locks;
use super::turns::Turn;
use crate::rows::port_error;

/// A commit is worth more patience than a statement, since nobody knows what became of one that was given up.
const COMMIT_PATIENCE: u32 = 5;

/// An open transaction. Dropping it rolls back.
pub struct Transaction {
    connection: Bounded<DatabaseTransaction>,
    wait: Duration,
    /// Whether tenants have locks of their own. On SQLite the one write lock is enough.
    locks: bool,
    /// Absent where it only reads.
    touched: Option<Mutex<Touched>>,
    /// Stands last, so that a rollback comes before the end of the turn.
    turn: Turn,
}

/// The tenants whose rows it has asked for.
#[derive(Debug, Default)]
struct Touched {
    locked: BTreeSet<TenantId>,
    /// Those whose configuration it may have changed.
    configured: BTreeSet<TenantId>,
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("touched", &self.touched).finish_non_exhaustive()
    }
}

impl Transaction {
    pub(super) fn reading(begun: DatabaseTransaction, wait: Duration) -> Self {
        Self { connection: Bounded::new(begun, wait), wait, locks: false, touched: None, turn: None }
    }

    pub(super) fn writing(begun: DatabaseTransaction, wait: Duration, turn: Turn) -> Self {
        let locks = begun.get_database_backend() == DbBackend::Postgres;
        let connection = Bounded::new(begun, wait);
        Self { connection, wait, locks, touched: Some(Mutex::default()), turn }
    }

    /// The connection, for statements about rows that are no tenant's, or of tenants that were locked before.
    pub fn connection(&self) -> &Bounded<DatabaseTransaction> {
        &self.connection
    }

    /// The connection, for statements about this tenant's rows. From here on no other writer changes them, and the
    /// tenant's configuration counts as changed by this transaction.
    ///
    /// # Errors
    /// `Unavailable` when another writer does not end in time.
    pub(crate) async fn of(&self, tenant: &TenantId) -> Result<&Bounded<DatabaseTransaction>, PortError> {
        let connection = self.of_record(tenant).await?;
        if let Some(mut touched) = self.touched() {
            touched.configured.insert(tenant.clone());
        }
        Ok(connection)
    }

    /// As [`Transaction::of`], for rows on which no decision about a call rests: the trail, invocations, incidents.
    pub(crate) async fn of_record(
        &self,
        tenant: &TenantId,
    ) -> Result<&Bounded<DatabaseTransaction>, PortError> {
        self.of_records(&BTreeSet::from([tenant])).await
    }

    /// As [`Transaction::of_record`], for several tenants. One transaction asks once, or for one tenant after another
    /// in their order: otherwise it may meet another that does so the other way round.
    pub(crate) async fn of_records(
        &self,
        tenants: &BTreeSet<&TenantId>,
    ) -> Result<&Bounded<DatabaseTransaction>, PortError> {
        if !self.locks {
            return Ok(&self.connection);
        }
        let missing: BTreeSet<&TenantId> = match self.touched() {
            Some(touched) => tenants.iter().copied().filter(|one| !touched.locked.contains(*one)).collect(),
            None => return Ok(&self.connection),
        };
        tenant_locks::take(&self.connection, &missing).await.map_err(port_error)?;
        if let Some(mut touched) = self.touched() {
            touched.locked.extend(missing.into_iter().cloned());
        }
        Ok(&self.connection)
    }

    /// Those of these tenants that no other writer keeps, without waiting for any: their rows are this transaction's from here
    /// on.
    pub(crate) async fn of_free(
        &self,
        tenants: &BTreeSet<&TenantId>,
    ) -> Result<BTreeSet<TenantId>, PortError> {
        if !self.locks {
            return Ok(tenants.iter().map(|one| (*one).clone()).collect());
        }
        let free = tenant_locks::take_free(&self.connection, tenants).await.map_err(port_error)?;
        if let Some(mut touched) = self.touched() {
            touched.locked.extend(free.iter().cloned());
        }
        Ok(free)
    }

    /// The tenants whose configuration this transaction may have changed.
    pub(crate) fn configured(&self) -> BTreeSet<TenantId> {
        self.touched().map(|touched| touched.configured.clone()).unwrap_or_default()
    }

    fn touched(&self) -> Option<MutexGuard<'_, Touched>> {
        Some(self.touched.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A transaction within this one: what it does can be taken back alone. Locks that it takes and keeps are this
    /// one's.
    pub(crate) async fn savepoint(&self) -> Result<Self, PortError> {
        let inner = within(self.wait, self.connection.connection().begin()).await.map_err(port_error)?;
        Ok(Self::writing(inner, self.wait, None))
    }

    /// Makes everything durable, or nothing.
    ///
    /// # Errors
    /// `Timeout` when nobody knows: the connection broke, or got no answer, while it was committed. Otherwise nothing
    /// was written.
    pub async fn commit(self) -> Result<(), PortError> {
        let Self { connection, wait, turn, .. } = self;
        if connection.has_failed() {
            // PostgreSQL answers such a commit with a rollback, and calls that success.
            let detail = "a statement of the transaction failed, so nothing was committed";
            return Err(PortError::unavailable(detail));
        }
        let transaction = connection.into_connection();
        let engine = transaction.get_database_backend();
        let committed = tokio::time::timeout(wait * COMMIT_PATIENCE, transaction.commit()).await;
        drop(turn);
        match committed {
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
        let Self { connection, wait, turn, .. } = self;
        let taken_back = within(wait, connection.into_connection().rollback()).await;
        drop(turn);
        taken_back.map_err(port_error)
    }
}

fn unconfirmed() -> PortError {
    let detail = "the database did not confirm the commit; it may have been kept";
    PortError::new(PortErrorKind::Timeout, codes::STORE_UNAVAILABLE, detail)
}

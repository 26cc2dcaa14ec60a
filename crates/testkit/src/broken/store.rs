//! Stores that forget the tenant, or that a configuration has changed.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{CredentialId, TenantId};
use portcullis_schemas::integrations::credentials::SealedSecret;
use portcullis_schemas::integrations::credentials::ports::SealedSecretStore;
use portcullis_schemas::store::{Store, UnitOfWork};

use crate::memory::{MemoryLedger, MemoryStore};

/// A store that works, but for the tenant condition of its queries.
#[derive(Clone, Debug)]
pub struct LeakyStore {
    inner: MemoryStore,
}

impl LeakyStore {
    /// An empty one whose reads find the rows of every tenant.
    pub fn reads() -> Self {
        Self { inner: MemoryStore::leaking_reads() }
    }

    /// An empty one whose reads are right, but whose writes change the rows of every tenant.
    pub fn writes() -> Self {
        Self { inner: MemoryStore::leaking_writes() }
    }

    /// An empty one that is sound until it is told to [leak](Self::leak_reads), so that data can be laid out first.
    pub fn not_yet() -> Self {
        Self { inner: MemoryStore::new() }
    }

    /// From here on reads find the rows of every tenant.
    pub async fn leak_reads(&self) {
        self.inner.start_leaking_reads().await;
    }

    /// A ledger that writes to it, and leaks as much.
    pub fn ledger(&self) -> MemoryLedger {
        self.inner.ledger()
    }
}

#[async_trait]
impl Store for LeakyStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        self.inner.begin().await
    }

    async fn read(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        self.inner.read().await
    }
}

#[async_trait]
impl SealedSecretStore for LeakyStore {
    async fn sealed(&self, tenant: &TenantId, id: &CredentialId) -> Result<Option<SealedSecret>, PortError> {
        self.inner.sealed(tenant, id).await
    }
}

/// A store that works, but for the version of a tenant's configuration, which never changes.
#[derive(Clone, Debug)]
pub struct StuckStore {
    inner: MemoryStore,
}

impl StuckStore {
    /// An empty one.
    pub fn new() -> Self {
        Self { inner: MemoryStore::with_stuck_versions() }
    }
}

impl Default for StuckStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Store for StuckStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        self.inner.begin().await
    }

    async fn read(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        self.inner.read().await
    }
}

//! Sealed secrets on their own, for tests of a vault.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{CredentialId, TenantId};
use portcullis_schemas::integrations::credentials::SealedSecret;
use portcullis_schemas::integrations::credentials::ports::SealedSecretStore;

use crate::lock::locked;

/// Sealed secrets that a test puts in place.
#[derive(Debug, Default)]
pub struct MemorySealedSecrets {
    secrets: Mutex<BTreeMap<(TenantId, CredentialId), SealedSecret>>,
}

impl MemorySealedSecrets {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a sealed secret in place of what was there.
    pub fn put(&self, tenant: &TenantId, id: &CredentialId, sealed: SealedSecret) {
        locked(&self.secrets).insert((tenant.clone(), id.clone()), sealed);
    }

    /// Removes a sealed secret, as deleting its credential does.
    pub fn remove(&self, tenant: &TenantId, id: &CredentialId) {
        locked(&self.secrets).remove(&(tenant.clone(), id.clone()));
    }
}

#[async_trait]
impl SealedSecretStore for MemorySealedSecrets {
    async fn sealed(&self, tenant: &TenantId, id: &CredentialId) -> Result<Option<SealedSecret>, PortError> {
        Ok(locked(&self.secrets).get(&(tenant.clone(), id.clone())).cloned())
    }
}

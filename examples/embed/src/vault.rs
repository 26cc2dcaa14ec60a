//! The service's own vault: secrets stay in the service, Portcullis stores a receipt in their place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use portcullis::ids::{CredentialId, ServerId, TenantId};
use portcullis::ports::{
    CredentialAccess, CredentialVault, ReferenceTarget, SealedSecret, SealedSecretStore,
};
use portcullis::records::CredentialGrant;
use portcullis::{PortError, PortErrorKind, Secret, codes};

/// A credential of a tenant, and which of its secrets.
type Slot = (TenantId, CredentialId, u64);

/// Holds secrets in memory; in a real service this is the door to an HSM or a secret manager.
pub struct DeskVault {
    secrets: Mutex<HashMap<Slot, Secret>>,
    // Tells which version of a secret is the committed one: a rotation that was rolled back must not take effect.
    receipts: Arc<dyn SealedSecretStore>,
}

impl DeskVault {
    /// A vault whose receipts Portcullis keeps in this store.
    pub fn new(receipts: Arc<dyn SealedSecretStore>) -> Self {
        Self { secrets: Mutex::default(), receipts }
    }

    /// How many secrets it holds.
    pub fn held(&self) -> usize {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[async_trait]
impl CredentialVault for DeskVault {
    fn check_reference(&self, tenant: &TenantId, reference: &str) -> Result<ReferenceTarget, PortError> {
        let id = reference.strip_prefix("cus-vault://").and_then(|path| {
            let (owner, id) = path.split_once('/')?;
            (owner == tenant.as_str()).then(|| id.parse().ok())?
        });
        id.map(ReferenceTarget::Vault).ok_or_else(|| {
            let expected = "expected the reference of a stored credential: cus-vault://<tenant>/<id>";
            PortError::new(PortErrorKind::Invalid, codes::CREDENTIAL_REFERENCE, expected)
        })
    }

    fn may_use(
        &self,
        _: &TenantId,
        target: &ReferenceTarget,
        grants: &[CredentialGrant],
        access: &CredentialAccess,
    ) -> bool {
        // Nobody unless granted. A vault with rules of its own would ask them here as well.
        let granted = grants.iter().any(|grant| grant.mcp_server == access.mcp_server);
        granted && matches!(target, ReferenceTarget::Vault(_))
    }

    async fn open(
        &self,
        tenant: &TenantId,
        reference: &str,
        _: &CredentialAccess,
    ) -> Result<Secret, PortError> {
        let Ok(ReferenceTarget::Vault(id)) = self.check_reference(tenant, reference) else {
            return Err(cannot_open());
        };
        let receipt = self.receipts.sealed(tenant, &id).await?.ok_or_else(cannot_open)?;
        let slot = (tenant.clone(), id, receipt.secret_version);
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        // The receipt may have been moved here from another row: it must be the one of this slot.
        let secret = secrets.get(&slot).filter(|_| receipt.envelope == receipt_of(&slot));
        secret.cloned().ok_or_else(cannot_open)
    }

    async fn seal(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
        secret_version: u64,
        secret: &Secret,
    ) -> Result<SealedSecret, PortError> {
        let slot = (tenant.clone(), id.clone(), secret_version);
        let envelope = receipt_of(&slot);
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).insert(slot, secret.clone());
        Ok(SealedSecret { envelope, secret_version })
    }

    async fn encrypt(&self, _: &TenantId, _: &ServerId, _: &Secret) -> Result<String, PortError> {
        let why = "this service keeps every secret in its vault: store a credential instead";
        Err(PortError::new(PortErrorKind::Unavailable, codes::KEY_UNAVAILABLE, why))
    }
}

fn receipt_of((tenant, id, version): &Slot) -> Vec<u8> {
    format!("held by the help desk: {tenant}/{id}/{version}").into_bytes()
}

/// Absent and foreign answer the same.
fn cannot_open() -> PortError {
    PortError::new(
        PortErrorKind::Refused,
        codes::CREDENTIAL_UNAVAILABLE,
        "the vault does not hold this secret",
    )
}

//! The embedded vault: secrets sealed in the database, under a master key that is not there.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_schemas::ids::{CredentialId, ServerId, TenantId};
use portcullis_schemas::integrations::credentials::ports::{
    CredentialVault, KeySource, ReferenceTarget, SealedSecretStore,
};
use portcullis_schemas::integrations::credentials::{CredentialAccess, CredentialGrant, SealedSecret};
use portcullis_schemas::runtime::Entropy;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::{PortError, PortErrorKind, codes};

use crate::envelope::{self, Place};
use crate::reference::{self, Reference, Scope};
use crate::rules::{CredentialAccessRuleChecker, DenyAllRuleChecker};

/// The `sealed` backend of `cus-vault://`, and `encrypted://`, for customer scope.
pub struct SealedVault {
    secrets: Arc<dyn SealedSecretStore>,
    keys: Arc<dyn KeySource>,
    entropy: Arc<dyn Entropy>,
    rules: Arc<dyn CredentialAccessRuleChecker>,
}

impl SealedVault {
    /// A vault over these secrets and keys. It lets nobody use anything until it is given rules.
    pub fn new(
        secrets: Arc<dyn SealedSecretStore>,
        keys: Arc<dyn KeySource>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { secrets, keys, entropy, rules: Arc::new(DenyAllRuleChecker) }
    }

    /// The same vault with rules, as a rule [`GrantRuleChecker`](crate::rules::GrantRuleChecker).
    #[must_use]
    pub fn with_rules(mut self, rules: Arc<dyn CredentialAccessRuleChecker>) -> Self {
        self.rules = rules;
        self
    }
}

#[async_trait]
impl CredentialVault for SealedVault {
    fn check_reference(&self, tenant: &TenantId, reference: &str) -> Result<ReferenceTarget, PortError> {
        Ok(match parse(tenant, reference)? {
            Reference::Vault(id) => ReferenceTarget::Vault(id),
            Reference::Encrypted(_) => ReferenceTarget::Encrypted,
            Reference::Env(_) => ReferenceTarget::Environment,
        })
    }

    fn may_use(
        &self,
        tenant: &TenantId,
        target: &ReferenceTarget,
        grants: &[CredentialGrant],
        access: &CredentialAccess,
    ) -> bool {
        match target {
            ReferenceTarget::Vault(_) => self.rules.check(tenant, grants, access).allowed,
            // The one server that may use it is bound into the envelope, which is its grant: it opens for no other.
            ReferenceTarget::Encrypted => {
                let grant = CredentialGrant { mcp_server: access.mcp_server.clone() };
                self.rules.check(tenant, std::slice::from_ref(&grant), access).allowed
            }
            _ => false,
        }
    }

    async fn open(
        &self,
        tenant: &TenantId,
        reference: &str,
        access: &CredentialAccess,
    ) -> Result<Secret, PortError> {
        match parse(tenant, reference)? {
            Reference::Vault(id) => {
                let sealed = self.secrets.sealed(tenant, &id).await?.ok_or_else(unavailable)?;
                let place = Place::Credential { tenant, id: &id, secret_version: sealed.secret_version };
                envelope::open_secret(&*self.keys, place, &sealed.envelope)
            }
            Reference::Encrypted(sealed) => {
                let place = Place::Server { tenant, server: &access.mcp_server };
                envelope::open_secret(&*self.keys, place, &sealed)
            }
            Reference::Env(_) => Err(unavailable()),
        }
    }

    async fn seal(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
        secret_version: u64,
        secret: &Secret,
    ) -> Result<SealedSecret, PortError> {
        let place = Place::Credential { tenant, id, secret_version };
        let envelope = envelope::seal(&*self.keys, &*self.entropy, place, secret.expose().as_bytes())?;
        Ok(SealedSecret { envelope, secret_version })
    }

    async fn encrypt(
        &self,
        tenant: &TenantId,
        server: &ServerId,
        secret: &Secret,
    ) -> Result<String, PortError> {
        let place = Place::Server { tenant, server };
        let sealed = envelope::seal(&*self.keys, &*self.entropy, place, secret.expose().as_bytes())?;
        Ok(format!("encrypted://{}", STANDARD.encode(sealed)))
    }
}

impl std::fmt::Debug for SealedVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedVault").field("rules", &self.rules).finish_non_exhaustive()
    }
}

fn parse(tenant: &TenantId, reference: &str) -> Result<Reference, PortError> {
    reference::parse(Scope::Customer(tenant), reference).map_err(|refusal| {
        PortError::new(PortErrorKind::Invalid, codes::CREDENTIAL_REFERENCE, refusal.expected())
    })
}

/// Absent, foreign and unopenable answer the same.
fn unavailable() -> PortError {
    PortError::new(PortErrorKind::Refused, codes::CREDENTIAL_UNAVAILABLE, "there is no such credential")
}

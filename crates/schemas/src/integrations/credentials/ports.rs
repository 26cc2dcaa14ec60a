//! Ports of the credential authority.

use async_trait::async_trait;

use super::{CredentialAccess, CredentialGrant, CredentialMetadata, SealedSecret};
use crate::PortError;
use crate::ids::{CredentialId, ServerId, TenantId};
use crate::paging::{Page, PageRequest};
use crate::secret::Secret;

/// Seals, opens and judges. The one authority over secrets; implemented by the vault crate, or by an embedder.
#[async_trait]
pub trait CredentialVault: Send + Sync {
    /// Judges the form and the scope of a reference without opening it.
    ///
    /// # Errors
    /// `Invalid` with code `credential_reference`; the reference is not echoed.
    fn check_reference(&self, tenant: &TenantId, reference: &str) -> Result<ReferenceTarget, PortError>;

    /// Whether the rules let `access` use the credential. Pure: it sees the rules as data, opens nothing.
    fn may_use(
        &self,
        tenant: &TenantId,
        target: &ReferenceTarget,
        grants: &[CredentialGrant],
        access: &CredentialAccess,
    ) -> bool;

    /// Opens a credential at the moment of use. The rule must have been judged and the access recorded before.
    ///
    /// # Errors
    /// `Refused` with code `credential_unavailable` when it cannot be opened; absent and foreign answer the same.
    async fn open(
        &self,
        tenant: &TenantId,
        reference: &str,
        access: &CredentialAccess,
    ) -> Result<Secret, PortError>;

    /// Seals a secret for storage under this id and version.
    ///
    /// # Errors
    /// `Unavailable` with code `key_unavailable` when there is no usable key.
    async fn seal(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
        secret_version: u64,
        secret: &Secret,
    ) -> Result<SealedSecret, PortError>;

    /// Seals a secret into an `encrypted://` reference for one server.
    ///
    /// # Errors
    /// As `seal`.
    async fn encrypt(
        &self,
        tenant: &TenantId,
        server: &ServerId,
        secret: &Secret,
    ) -> Result<String, PortError>;
}

/// What a well-formed reference points at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReferenceTarget {
    /// `cus-vault://<tenant>/<id>`: rules are the grants of this credential.
    Vault(CredentialId),
    /// `encrypted://...`: the rule is the server that is bound into the envelope.
    Encrypted,
    /// `env://<VAR>`: system scope only.
    Environment,
}

/// Reads sealed secrets for the vault, outside of a unit of work.
#[async_trait]
pub trait SealedSecretStore: Send + Sync {
    /// The current sealed secret of a credential that is not deleted.
    async fn sealed(&self, tenant: &TenantId, id: &CredentialId) -> Result<Option<SealedSecret>, PortError>;
}

/// Credentials of a tenant, within a unit of work.
#[async_trait]
pub trait CredentialStore: Send {
    /// Adds a credential with its sealed secret and grants.
    ///
    /// # Errors
    /// `Conflict` with code `already_exists` when the name is taken.
    async fn insert(
        &mut self,
        tenant: &TenantId,
        credential: &CredentialMetadata,
        sealed: &SealedSecret,
    ) -> Result<(), PortError>;

    /// One credential that is not deleted, with its grants.
    async fn get(
        &mut self,
        tenant: &TenantId,
        id: &CredentialId,
    ) -> Result<Option<CredentialMetadata>, PortError>;

    /// A page, newest first, deleted ones left out.
    async fn list(
        &mut self,
        tenant: &TenantId,
        page: &PageRequest,
    ) -> Result<Page<CredentialMetadata>, PortError>;

    /// Writes metadata and grants, and the sealed secret if there is a new one.
    async fn update(
        &mut self,
        tenant: &TenantId,
        credential: &CredentialMetadata,
        sealed: Option<&SealedSecret>,
    ) -> Result<(), PortError>;

    /// Marks it deleted and destroys the sealed secret.
    async fn delete(&mut self, tenant: &TenantId, credential: &CredentialMetadata) -> Result<(), PortError>;
}

/// Where the master key comes from. One key per id; the current one seals.
pub trait KeySource: Send + Sync {
    /// Id of the key that seals now, 1 to 255.
    fn current_key_id(&self) -> u8;

    /// The 32 bytes of a key.
    ///
    /// # Errors
    /// `Unavailable` with code `key_unavailable`.
    fn key(&self, id: u8) -> Result<zeroize::Zeroizing<[u8; 32]>, PortError>;
}

/// Reads variables of the process environment, for `env://` in system scope.
pub trait Environment: Send + Sync {
    /// The variable's value.
    fn variable(&self, name: &str) -> Option<Secret>;
}

//! Ports of API keys.

use async_trait::async_trait;

use super::tokens::TokenBinding;
use super::{ApiKey, StoredApiKey};
use crate::PortError;
use crate::ids::{KeyId, TenantId};
use crate::paging::{Page, PageRequest};

/// Keys, within a unit of work.
#[async_trait]
pub trait ApiKeyStore: Send {
    /// Adds a key.
    ///
    /// # Errors
    /// `Conflict` with code `already_exists` when an unrevoked key of this name exists in the tenant, or one
    /// of this token binding.
    async fn insert(&mut self, tenant: &TenantId, key: &StoredApiKey) -> Result<(), PortError>;

    /// One key of the tenant.
    async fn get(&mut self, tenant: &TenantId, id: &KeyId) -> Result<Option<ApiKey>, PortError>;

    /// The key to authenticate with. The one look-up without a tenant: the key is what names it.
    async fn find_for_authentication(&mut self, id: &KeyId) -> Result<Option<StoredApiKey>, PortError>;

    /// The tenant's token client of this binding: the one that is not revoked, else the newest revoked one, so that who
    /// was shut out is not taken for a stranger.
    async fn find_by_token(
        &mut self,
        tenant: &TenantId,
        binding: &TokenBinding,
    ) -> Result<Option<ApiKey>, PortError>;

    /// A page, newest first.
    async fn list(&mut self, tenant: &TenantId, page: &PageRequest) -> Result<Page<ApiKey>, PortError>;

    /// Writes status and times of a key.
    async fn update(&mut self, tenant: &TenantId, key: &ApiKey) -> Result<(), PortError>;
}

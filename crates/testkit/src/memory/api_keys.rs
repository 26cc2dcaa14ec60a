//! API keys in memory.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::api_keys::ports::ApiKeyStore;
use portcullis_schemas::api_keys::tokens::TokenBinding;
use portcullis_schemas::api_keys::{ApiKey, ApiKeyStatus, StoredApiKey};
use portcullis_schemas::ids::{KeyId, TenantId};
use portcullis_schemas::paging::{Page, PageRequest};

use super::paging::{newest_first, page};
use super::rules::{same_tenant, stale, taken};
use super::unit::MemoryUnit;

#[async_trait]
impl ApiKeyStore for MemoryUnit {
    async fn insert(&mut self, tenant: &TenantId, key: &StoredApiKey) -> Result<(), PortError> {
        same_tenant(tenant, &key.key.tenant_id)?;
        let rows = self.configure(tenant)?;
        let collides = |row: &StoredApiKey| {
            let bound_alike = row.key.token.is_some() && row.key.token == key.key.token;
            let alike = row.key.name == key.key.name || bound_alike;
            let alike = alike && row.key.status != ApiKeyStatus::Revoked;
            row.key.key_id == key.key.key_id || (alike && rows.sees(tenant, &row.key.tenant_id))
        };
        if rows.api_keys.iter().any(collides) {
            return Err(taken("name or id"));
        }
        rows.api_keys.push(key.clone());
        Ok(())
    }

    async fn get(&mut self, tenant: &TenantId, id: &KeyId) -> Result<Option<ApiKey>, PortError> {
        let rows = self.rows();
        let mut own =
            rows.api_keys.iter().map(|row| &row.key).filter(|key| rows.sees(tenant, &key.tenant_id));
        Ok(own.find(|key| key.key_id == *id).cloned())
    }

    async fn find_for_authentication(&mut self, id: &KeyId) -> Result<Option<StoredApiKey>, PortError> {
        Ok(self.rows().api_keys.iter().find(|row| row.key.key_id == *id).cloned())
    }

    async fn find_by_token(
        &mut self,
        tenant: &TenantId,
        binding: &TokenBinding,
    ) -> Result<Option<ApiKey>, PortError> {
        let rows = self.rows();
        let own = rows.api_keys.iter().map(|row| &row.key).filter(|key| rows.sees(tenant, &key.tenant_id));
        let bound = own.filter(|key| key.token.as_ref() == Some(binding));
        Ok(bound.max_by_key(|key| (key.status != ApiKeyStatus::Revoked, key.key_id.clone())).cloned())
    }

    async fn list(&mut self, tenant: &TenantId, request: &PageRequest) -> Result<Page<ApiKey>, PortError> {
        let rows = self.rows();
        let own = rows.api_keys.iter().map(|row| &row.key).filter(|key| rows.sees(tenant, &key.tenant_id));
        let mut own: Vec<_> = own.cloned().collect();
        newest_first(&mut own, |key| (key.created_at, key.key_id.clone()));
        page(own, request, |key| key.key_id.to_string(), |_| true)
    }

    async fn update(&mut self, tenant: &TenantId, key: &ApiKey) -> Result<(), PortError> {
        same_tenant(tenant, &key.tenant_id)?;
        let rows = self.configure(tenant)?;
        let filter = rows.filter;
        let is_it = |row: &&mut StoredApiKey| {
            row.key.key_id == key.key_id && filter.reaches(tenant, &row.key.tenant_id)
        };
        let row = rows.api_keys.iter_mut().find(is_it).ok_or_else(|| stale("key"))?;
        row.key.status = key.status;
        row.key.expires_at = key.expires_at;
        row.key.updated_at = key.updated_at;
        Ok(())
    }
}

//! Credentials in memory.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{CredentialId, TenantId};
use portcullis_schemas::integrations::credentials::ports::{CredentialStore, SealedSecretStore};
use portcullis_schemas::integrations::credentials::{CredentialMetadata, SealedSecret};
use portcullis_schemas::paging::{Page, PageRequest};

use super::MemoryStore;
use super::paging::{newest_first, page};
use super::rules::{same_tenant, stale, taken};
use super::state::{CredentialRow, State};
use super::unit::MemoryUnit;

#[async_trait]
impl CredentialStore for MemoryUnit {
    async fn insert(
        &mut self,
        tenant: &TenantId,
        credential: &CredentialMetadata,
        sealed: &SealedSecret,
    ) -> Result<(), PortError> {
        same_tenant(tenant, &credential.tenant_id)?;
        let rows = self.configure(tenant)?;
        let collides = |row: &CredentialRow| {
            rows.sees(tenant, &row.metadata.tenant_id)
                && (row.metadata.credential_id == credential.credential_id
                    || (row.metadata.deleted_at.is_none() && row.metadata.name == credential.name))
        };
        if rows.credentials.iter().any(collides) {
            return Err(taken("name or id"));
        }
        rows.credentials.push(CredentialRow { metadata: credential.clone(), sealed: Some(sealed.clone()) });
        Ok(())
    }

    async fn get(
        &mut self,
        tenant: &TenantId,
        id: &CredentialId,
    ) -> Result<Option<CredentialMetadata>, PortError> {
        Ok(self.rows().live_credential(tenant, id).map(|row| row.metadata.clone()))
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        request: &PageRequest,
    ) -> Result<Page<CredentialMetadata>, PortError> {
        let rows = self.rows();
        let own =
            rows.credentials.iter().map(|row| &row.metadata).filter(|row| rows.sees(tenant, &row.tenant_id));
        let mut own: Vec<_> = own.cloned().collect();
        newest_first(&mut own, |row| (row.created_at, row.credential_id.clone()));
        page(own, request, |row| row.credential_id.to_string(), |row| row.deleted_at.is_none())
    }

    async fn update(
        &mut self,
        tenant: &TenantId,
        credential: &CredentialMetadata,
        sealed: Option<&SealedSecret>,
    ) -> Result<(), PortError> {
        same_tenant(tenant, &credential.tenant_id)?;
        let row = self.configure(tenant)?.live_credential_mut(tenant, &credential.credential_id)?;
        row.metadata = credential.clone();
        if let Some(sealed) = sealed {
            row.sealed = Some(sealed.clone());
        }
        Ok(())
    }

    async fn delete(&mut self, tenant: &TenantId, credential: &CredentialMetadata) -> Result<(), PortError> {
        same_tenant(tenant, &credential.tenant_id)?;
        let row = self.configure(tenant)?.live_credential_mut(tenant, &credential.credential_id)?;
        let deleted_at = credential.deleted_at.or(Some(credential.updated_at));
        *row =
            CredentialRow { metadata: CredentialMetadata { deleted_at, ..credential.clone() }, sealed: None };
        Ok(())
    }
}

#[async_trait]
impl SealedSecretStore for MemoryStore {
    async fn sealed(&self, tenant: &TenantId, id: &CredentialId) -> Result<Option<SealedSecret>, PortError> {
        Ok(self.snapshot().live_credential(tenant, id).and_then(|row| row.sealed.clone()))
    }
}

impl State {
    fn live_credential(&self, tenant: &TenantId, id: &CredentialId) -> Option<&CredentialRow> {
        let is_it = |row: &&CredentialRow| {
            row.metadata.credential_id == *id
                && row.metadata.deleted_at.is_none()
                && self.sees(tenant, &row.metadata.tenant_id)
        };
        self.credentials.iter().find(is_it)
    }

    fn live_credential_mut(
        &mut self,
        tenant: &TenantId,
        id: &CredentialId,
    ) -> Result<&mut CredentialRow, PortError> {
        let filter = self.filter;
        let is_it = |row: &&mut CredentialRow| {
            row.metadata.credential_id == *id
                && row.metadata.deleted_at.is_none()
                && filter.reaches(tenant, &row.metadata.tenant_id)
        };
        self.credentials.iter_mut().find(is_it).ok_or_else(|| stale("credential"))
    }
}

//! Ports that are slow, far away or down at the wrong moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use portcullis_schemas::ids::{CredentialId, ServerId, TenantId};
use portcullis_schemas::integrations::credentials::operations::{
    EncryptCredential, RotateCredential, StoreCredential,
};
use portcullis_schemas::integrations::credentials::ports::{CredentialVault, ReferenceTarget};
use portcullis_schemas::integrations::credentials::{CredentialAccess, CredentialGrant, SealedSecret};
use portcullis_schemas::integrations::mcp::operations::CheckMcpServerHealth;
use portcullis_schemas::integrations::mcp::wire::McpHealth;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::store::{Store, UnitOfWork};
use portcullis_schemas::{PortError, codes};
use serde_json::json;

use crate::house::House;

/// A store that cannot be written to while the switch is thrown.
struct ReadOnlyStore {
    inner: Arc<dyn Store>,
    read_only: Arc<AtomicBool>,
}

#[async_trait]
impl Store for ReadOnlyStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        if self.read_only.load(Ordering::SeqCst) {
            return Err(PortError::unavailable("this store was told to fail"));
        }
        self.inner.begin().await
    }

    async fn read(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        self.inner.read().await
    }
}

#[tokio::test]
async fn a_health_check_is_settled_even_if_its_result_cannot_be_kept() {
    let read_only = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&read_only);
    let house = House::with(|ports| {
        ports.store = Arc::new(ReadOnlyStore { inner: Arc::clone(&ports.store), read_only: switch });
    })
    .await;
    let server = house.approved_tool("get_it").await.server_id;
    house.client.answer_health(Ok(McpHealth { protocol_version: "2026-07-28".to_owned() }));
    read_only.store(true, Ordering::SeqCst);
    let error = house.admin::<CheckMcpServerHealth>(json!({ "server_id": server })).await.unwrap_err();
    assert_eq!(error.code(), codes::STORE_UNAVAILABLE);
    let story = house.story_of(server.as_str()).await;
    let count = |kind: &str| story.iter().filter(|told| *told == kind).count();
    assert_eq!((count("mcp_exchange.started"), count("mcp_exchange.completed")), (2, 2), "{story:?}");
}

/// A vault that seals only while nobody holds the store's writer.
struct JealousVault {
    inner: Arc<dyn CredentialVault>,
    store: Arc<dyn Store>,
}

impl JealousVault {
    async fn writer_is_free(&self) -> Result<(), PortError> {
        let begun = tokio::time::timeout(Duration::from_secs(1), self.store.begin()).await;
        begun.map_err(|_| PortError::unavailable("a unit of work is held open"))?.map(drop)
    }
}

#[async_trait]
impl CredentialVault for JealousVault {
    fn check_reference(&self, tenant: &TenantId, reference: &str) -> Result<ReferenceTarget, PortError> {
        self.inner.check_reference(tenant, reference)
    }

    fn may_use(
        &self,
        tenant: &TenantId,
        target: &ReferenceTarget,
        grants: &[CredentialGrant],
        access: &CredentialAccess,
    ) -> bool {
        self.inner.may_use(tenant, target, grants, access)
    }

    async fn open(
        &self,
        tenant: &TenantId,
        reference: &str,
        access: &CredentialAccess,
    ) -> Result<Secret, PortError> {
        self.writer_is_free().await?;
        self.inner.open(tenant, reference, access).await
    }

    async fn seal(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
        secret_version: u64,
        secret: &Secret,
    ) -> Result<SealedSecret, PortError> {
        self.writer_is_free().await?;
        self.inner.seal(tenant, id, secret_version, secret).await
    }

    async fn encrypt(
        &self,
        tenant: &TenantId,
        server: &ServerId,
        secret: &Secret,
    ) -> Result<String, PortError> {
        self.writer_is_free().await?;
        self.inner.encrypt(tenant, server, secret).await
    }
}

#[tokio::test]
async fn no_unit_of_work_is_held_while_the_vault_works() {
    let house = House::with(|ports| {
        let (inner, store) = (Arc::clone(&ports.vault), Arc::clone(&ports.store));
        ports.vault = Arc::new(JealousVault { inner, store });
    })
    .await;
    let server = house.approved_tool("get_it").await.server_id;
    let body = json!({ "mcp_server": server, "secret": "one" });
    house.admin::<EncryptCredential>(body).await.unwrap();
    let body = json!({
        "name": "key", "credential_type": "bearer", "secret": "one", "grants": [{ "mcp_server": server }],
    });
    let stored = house.admin::<StoreCredential>(body).await.unwrap();
    let body = json!({ "credential_id": stored.credential_id, "secret": "two" });
    assert_eq!(house.admin::<RotateCredential>(body).await.unwrap().secret_version, 2);
}

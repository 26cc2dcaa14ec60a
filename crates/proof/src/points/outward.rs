//! What reaches out, as points: egress, MCP client, and the vault whose secrets they carry.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use portcullis_schemas::PortError;
use portcullis_schemas::egress::{Egress, EgressBody, EgressError, EgressRequest, EgressResponse};
use portcullis_schemas::ids::{CredentialId, ServerId, TenantId};
use portcullis_schemas::integrations::credentials::ports::{CredentialVault, ReferenceTarget};
use portcullis_schemas::integrations::credentials::{CredentialAccess, CredentialGrant, SealedSecret};
use portcullis_schemas::integrations::mcp::listening::ListWatch;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::wire::{
    Dispatch, McpCatalogue, McpFailure, McpHealth, McpTarget, ToolCall, ToolReply,
};
use portcullis_schemas::secret::Secret;

use super::{Passage, watched_port};

/// The points of the egress and of what it answers.
pub(super) const EGRESS: &[&str] = &["Egress::send", "Egress::judge", "EgressBody::next_chunk"];

pub(super) struct WatchedEgress {
    pub(super) inner: Arc<dyn Egress>,
    pub(super) passage: Arc<dyn Passage>,
}

pub(super) struct WatchedMcpClient {
    pub(super) inner: Arc<dyn McpClient>,
    pub(super) passage: Arc<dyn Passage>,
}

pub(super) struct WatchedVault {
    pub(super) inner: Arc<dyn CredentialVault>,
    pub(super) passage: Arc<dyn Passage>,
}

struct WatchedBody {
    inner: Box<dyn EgressBody>,
    passage: Arc<dyn Passage>,
}

#[async_trait]
impl Egress for WatchedEgress {
    async fn send(&self, tenant: &TenantId, request: EgressRequest) -> Result<EgressResponse, EgressError> {
        self.passage.before("Egress::send");
        let answer = self.inner.send(tenant, request).await;
        self.passage.after("Egress::send");
        answer.map(|response| EgressResponse {
            body: Box::new(WatchedBody { inner: response.body, passage: Arc::clone(&self.passage) }),
            ..response
        })
    }

    async fn judge(&self, tenant: &TenantId, url: &str) -> Result<String, EgressError> {
        self.passage.before("Egress::judge");
        let answer = self.inner.judge(tenant, url).await;
        self.passage.after("Egress::judge");
        answer
    }
}

#[async_trait]
impl EgressBody for WatchedBody {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, EgressError> {
        self.passage.before("EgressBody::next_chunk");
        let answer = self.inner.next_chunk().await;
        self.passage.after("EgressBody::next_chunk");
        answer
    }

    fn reuse(self: Box<Self>) {
        self.inner.reuse();
    }
}

watched_port! {
    McpClient for WatchedMcpClient;
    fn discover(
        tenant: &TenantId, target: &McpTarget, dispatch: &Dispatch
    ) -> Result<McpCatalogue, McpFailure>;
    fn check_health(
        tenant: &TenantId, target: &McpTarget, dispatch: &Dispatch
    ) -> Result<McpHealth, McpFailure>;
    fn call_tool(
        tenant: &TenantId, target: &McpTarget, call: &ToolCall, dispatch: &Dispatch
    ) -> Result<ToolReply, McpFailure>;
    fn listen(
        tenant: &TenantId, target: &McpTarget, watch: &ListWatch, dispatch: &Dispatch
    ) -> Result<(), McpFailure>;
    rest forget {
        async fn forget(&self, tenant: &TenantId, server: &ServerId) {
            self.passage.before("McpClient::forget");
            self.inner.forget(tenant, server).await;
            self.passage.after("McpClient::forget");
        }
    }
}

watched_port! {
    CredentialVault for WatchedVault;
    fn open(tenant: &TenantId, reference: &str, access: &CredentialAccess) -> Result<Secret, PortError>;
    fn seal(
        tenant: &TenantId, id: &CredentialId, secret_version: u64, secret: &Secret
    ) -> Result<SealedSecret, PortError>;
    fn encrypt(tenant: &TenantId, server: &ServerId, secret: &Secret) -> Result<String, PortError>;
    rest check_reference may_use {
        fn check_reference(&self, tenant: &TenantId, reference: &str) -> Result<ReferenceTarget, PortError> {
            self.passage.before("CredentialVault::check_reference");
            let answer = self.inner.check_reference(tenant, reference);
            self.passage.after("CredentialVault::check_reference");
            answer
        }

        fn may_use(
            &self,
            tenant: &TenantId,
            target: &ReferenceTarget,
            grants: &[CredentialGrant],
            access: &CredentialAccess,
        ) -> bool {
            self.passage.before("CredentialVault::may_use");
            let answer = self.inner.may_use(tenant, target, grants, access);
            self.passage.after("CredentialVault::may_use");
            answer
        }
    }
}

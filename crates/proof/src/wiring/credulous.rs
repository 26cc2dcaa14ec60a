//! Gates that believe upstreams, each in one way.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::listening::ListWatch;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::wire::{
    Conduct, Dispatch, McpCatalogue, McpFailure, McpHealth, McpTarget, ToolCall, ToolReply,
};
use portcullis_schemas::json::RawJson;
use portcullis_spine::Ports;

/// What is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credulity {
    /// That a call whose answer is none went well.
    Failures,
    /// That servers do nothing besides answering.
    Conduct,
}

impl Credulity {
    pub(super) fn of(self, ports: Ports) -> Ports {
        let mcp: Arc<dyn McpClient> = Arc::new(Client { inner: Arc::clone(&ports.mcp), believes: self });
        Ports { mcp, ..ports }
    }
}

struct Client {
    inner: Arc<dyn McpClient>,
    believes: Credulity,
}

#[async_trait]
impl McpClient for Client {
    async fn discover(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpCatalogue, McpFailure> {
        self.inner.discover(tenant, target, dispatch).await
    }

    async fn check_health(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpHealth, McpFailure> {
        self.inner.check_health(tenant, target, dispatch).await
    }

    async fn call_tool(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        call: &ToolCall,
        dispatch: &Dispatch,
    ) -> Result<ToolReply, McpFailure> {
        match (self.inner.call_tool(tenant, target, call, dispatch).await, self.believes) {
            (Ok(reply), Credulity::Conduct) => Ok(ToolReply { conduct: Conduct::Fair, ..reply }),
            (Err(failure), Credulity::Conduct) => Err(McpFailure { conduct: Conduct::Fair, ..failure }),
            (Err(failure), Credulity::Failures) => Ok(ToolReply {
                result: RawJson::from_text(r#"{"content":[]}"#.to_owned()).map_err(|_| failure)?,
                is_error: false,
                protocol_version: "2026-07-28".into(),
                redacted: false,
                conduct: Conduct::Fair,
            }),
            (answer, _) => answer,
        }
    }

    async fn listen(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        watch: &ListWatch,
        dispatch: &Dispatch,
    ) -> Result<(), McpFailure> {
        self.inner.listen(tenant, target, watch, dispatch).await
    }

    async fn forget(&self, tenant: &TenantId, server: &ServerId) {
        self.inner.forget(tenant, server).await;
    }
}

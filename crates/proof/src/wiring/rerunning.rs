//! Broken on purpose: recovery runs abandoned calls again, "to be sure". For that, calls are kept in files beforehand.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::context::TraceContext;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::input::ServerInput;
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::listening::ListWatch;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::server::ProtocolPin;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::mcp::wire::{
    Dispatch, McpCatalogue, McpFailure, McpHealth, McpTarget, ToolCall, ToolReply,
};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::logs::ledger::{AbandonedIntent, IntentReceipt};
use portcullis_schemas::logs::ports::Ledger;
use portcullis_spine::Ports;
use serde_json::{Map, Value, json};

use super::meddle;
use super::meddled::Meddling;

const DEADLINE: Duration = Duration::from_secs(5);

/// Wires both halves: what keeps the calls, and what runs them again.
pub(super) fn wire(ports: Ports, scratch: &Path) -> Ports {
    let client = Arc::clone(&ports.mcp);
    let keeping = KeepsCalls { inner: Arc::clone(&client), directory: scratch.to_owned() };
    let ports = Ports { mcp: Arc::new(keeping), ..ports };
    meddle(ports, RunsAgain { client, directory: scratch.to_owned() })
}

struct KeepsCalls {
    inner: Arc<dyn McpClient>,
    directory: PathBuf,
}

struct RunsAgain {
    client: Arc<dyn McpClient>,
    directory: PathBuf,
}

#[async_trait]
impl McpClient for KeepsCalls {
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
        let kept = json!({
            "server_id": target.server_id,
            "url": target.url,
            "identity": target.identity,
            "name": call.name,
            "arguments": call.arguments,
            "definition": call.definition.as_str(),
        });
        // A call that is not kept is not run again; there are others.
        let _ = std::fs::write(file_of(&self.directory, &dispatch.receipt), kept.to_string());
        self.inner.call_tool(tenant, target, call, dispatch).await
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

#[async_trait]
impl Meddling for RunsAgain {
    async fn take_over(
        &self,
        sound: &Arc<dyn Ledger>,
        tenant: &TenantId,
        intent: &AbandonedIntent,
    ) -> Result<IntentReceipt, PortError> {
        let receipt = sound.take_over(tenant, intent).await?;
        let kept = std::fs::read_to_string(file_of(&self.directory, &receipt)).unwrap_or_default();
        if let Some((target, call)) = serde_json::from_str(&kept).ok().and_then(|kept| read(&kept)) {
            let (receipt, trace) = (receipt.clone(), TraceContext::default());
            let dispatch = Dispatch { receipt, deadline: DEADLINE, trace, progress: None };
            // What it answers is not recorded: that is what is broken.
            let _ = self.client.call_tool(tenant, &target, &call, &dispatch).await;
        }
        Ok(receipt)
    }
}

fn file_of(directory: &Path, receipt: &IntentReceipt) -> PathBuf {
    directory.join(format!("{}.call", receipt.intent()))
}

fn read(kept: &Value) -> Option<(McpTarget, ToolCall)> {
    let text = |name: &str| kept[name].as_str();
    let target = McpTarget {
        server_id: text("server_id")?.parse().ok()?,
        url: text("url")?.to_owned(),
        pin: ProtocolPin::Auto,
        agent_input: Vec::new(),
        auth: None,
        identity: text("identity")?.to_owned(),
    };
    let arguments: Map<String, Value> = kept["arguments"].as_object()?.clone();
    let definition = RawJson::from_text(text("definition")?.to_owned()).ok()?;
    let (kind, method) = (ItemKind::Tool, CallMethod::CallTool);
    Some((
        target,
        ToolCall {
            kind,
            method,
            name: text("name")?.to_owned(),
            arguments,
            definition,
            input: ServerInput::default(),
        },
    ))
}

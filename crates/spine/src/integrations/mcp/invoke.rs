//! The governed call: load, decide, and hand over to the engine that records, acts and settles.

use portcullis_engines::integrations::mcp::arguments::PreparedArguments;
use portcullis_engines::integrations::mcp::decision::{CallFacts, freeze_targets};
use portcullis_engines::integrations::mcp::invocation::{GovernedCall, McpToolInvocationEngine};
use portcullis_schemas::Error;
use portcullis_schemas::integrations::mcp::invocation::InvokeToolResult;
use portcullis_schemas::integrations::mcp::operations::InvokeMcpTool;
use portcullis_schemas::logs::ledger::{IdempotencyClaim, IntentKind};
use portcullis_schemas::operation::Operation;
use portcullis_schemas::runtime::HashPurpose;

use super::target::judge_credential;
use crate::bridges::PoliciesBridge;
use crate::integrations::mcp::servers;
use crate::scene::Scene;

pub(crate) async fn invoke_tool(scene: Scene, request: InvokeMcpTool) -> Result<InvokeToolResult, Error> {
    let arguments = PreparedArguments::new(request.arguments)?;
    let idempotency = claim(&scene, &request.server_id, &request.tool_id, &arguments);

    let mut work = scene.read().await?;
    let server = servers::find(&scene, &mut *work, &request.server_id).await?;
    let found = work.mcp_tools().get(scene.tenant(), &server.server_id, &request.tool_id).await?;
    let tool = found.ok_or_else(|| Error::not_found("tool"))?;
    let targets = freeze_targets(scene.ctx(), &server.server_id, Some(&tool.tool_id));
    let frozen = work.kill_switch().first_frozen(scene.tenant(), &targets).await?;
    let policies = work.tool_policies().current_set(scene.tenant()).await?;
    let credential = judge_credential(&scene, &mut *work, &server, IntentKind::InvokeTool).await?;
    drop(work);

    let policy = PoliciesBridge::evaluate(&scene, &policies, &server, &tool, request.run_id.as_ref()).await;
    let call = GovernedCall {
        secret_version: credential.secret_version,
        facts: CallFacts {
            arguments: scene.arguments().judge(&tool, &arguments),
            credential: credential.verdict,
            server,
            tool,
            frozen,
            policy,
        },
        arguments,
        run_id: request.run_id,
        step_index: request.step_index,
        idempotency,
        deadline: scene
            .ctx()
            .deadline
            .map_or(scene.options().call_deadline, |asked| asked.min(scene.options().call_deadline)),
    };
    McpToolInvocationEngine::new(scene.invocation_ports()).invoke(scene.ctx(), call).await
}

/// The claim on the caller's idempotency key: the same key with other arguments is another request.
fn claim(
    scene: &Scene,
    server: &portcullis_schemas::ids::ServerId,
    tool: &portcullis_schemas::ids::ToolId,
    arguments: &PreparedArguments,
) -> Option<IdempotencyClaim> {
    let idempotency_key = scene.ctx().idempotency_key.clone()?;
    let mut request = format!("{server}\n{tool}\n").into_bytes();
    request.extend_from_slice(arguments.canonical());
    let hash = scene.ports().hasher.keyed_hash(scene.tenant(), HashPurpose::Idempotency, &request);
    Some(IdempotencyClaim {
        key_id: scene.principal().key().clone(),
        operation: InvokeMcpTool::NAME.to_owned(),
        idempotency_key,
        request_hash: portcullis_trail::Digest::from_bytes(hash).to_string(),
    })
}

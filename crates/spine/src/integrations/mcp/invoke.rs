//! The governed call: load, decide, and hand over to the engine that records, acts and settles.

use portcullis_engines::integrations::mcp::arguments::PreparedArguments;
use portcullis_engines::integrations::mcp::invocation::{
    Attempt, GovernedCall, Invoked, McpToolInvocationEngine,
};
use portcullis_schemas::Error;
use portcullis_schemas::ids::{ServerId, ToolId};
use portcullis_schemas::integrations::mcp::invocation::InvokeToolResult;
use portcullis_schemas::integrations::mcp::operations::InvokeMcpTool;
use portcullis_schemas::logs::ledger::IdempotencyClaim;
use portcullis_schemas::operation::Operation;
use portcullis_schemas::runtime::HashPurpose;
use tracing::{Instrument, debug_span};

use super::ATTEMPTS;
use super::configuration::{CallConfiguration, CallTarget};
use super::freshness;
use super::through::ThroughToolset;
use crate::scene::Scene;
use crate::spans;

pub(crate) async fn invoke_tool(scene: Scene, request: InvokeMcpTool) -> Result<InvokeToolResult, Error> {
    invoke(scene, request, None).await
}

/// The governed call, of an agent who named the tool itself or by a toolset.
pub(crate) async fn invoke(
    scene: Scene,
    request: InvokeMcpTool,
    mut through: Option<ThroughToolset>,
) -> Result<InvokeToolResult, Error> {
    let limit = scene.options().call_deadline;
    let deadline = scene.left_to_begin(limit)?;
    let engine = McpToolInvocationEngine::new(scene.invocation_ports());
    let received = engine.receive();
    let arguments = PreparedArguments::new(request.arguments)?;
    let mut place = scene.place(&request.server_id, limit).await?;
    let idempotency = claim(&scene, &request.server_id, &request.tool_id, &arguments);
    let target =
        CallTarget { key: scene.principal().key().clone(), server: request.server_id, tool: request.tool_id };
    let found = CallConfiguration::find(&scene, &target).instrument(debug_span!("gate.load"));
    let (mut configuration, mut remembered) = found.await?;
    if let Some(through) = &mut through {
        through.require(&scene, &configuration).await?;
    }
    let facts = configuration.facts(&scene, &arguments, request.run_id.as_ref());
    let (mut facts, mut secret_version) = facts.instrument(debug_span!("gate.evaluate")).await;
    if freshness::is_due(&scene, &facts) {
        // The reading takes a place of its own, and there may be no more than one.
        drop(place);
        freshness::refresh(&scene, &facts.server, limit).await;
        place = scene.place(&target.server, limit).await?;
        (configuration, remembered) = (CallConfiguration::load(&scene, &target).await?, false);
        if let Some(through) = &mut through {
            through.require(&scene, &configuration).await?;
        }
        let again = configuration.facts(&scene, &arguments, request.run_id.as_ref());
        (facts, secret_version) = again.instrument(debug_span!("gate.evaluate")).await;
    }
    let _place = place;
    spans::call_of(&facts.tool);
    let mut call = GovernedCall {
        received,
        attempt: if remembered { Attempt::Remembered } else { Attempt::Fresh },
        facts,
        secret_version,
        arguments,
        run_id: request.run_id,
        step_index: request.step_index,
        through: through.as_ref().map(ThroughToolset::facts),
        idempotency,
        deadline,
        is_callers_deadline: scene.ctx().deadline.is_some_and(|granted| granted < limit),
    };
    scene.note("invocation_id", call.received.invocation_id().as_str());
    let mut left = ATTEMPTS;
    loop {
        scene.left_to_begin(limit)?;
        call = match engine.invoke(scene.ctx(), call).await? {
            Invoked::Answered(result) => return Ok(*result),
            Invoked::Outdated(call) => *call,
        };
        // The last attempt is not given back, so this ends.
        left -= 1;
        call.attempt = if left == 0 { Attempt::Last } else { Attempt::Fresh };
        let loaded = CallConfiguration::load(&scene, &target).instrument(debug_span!("gate.load"));
        let configuration = loaded.await?;
        if let Some(through) = &mut through {
            through.require(&scene, &configuration).await?;
        }
        let facts = configuration.facts(&scene, &call.arguments, call.run_id.as_ref());
        (call.facts, call.secret_version) = facts.instrument(debug_span!("gate.evaluate")).await;
    }
}

/// The claim on the caller's idempotency key: the same key with other arguments is another request.
fn claim(
    scene: &Scene,
    server: &ServerId,
    tool: &ToolId,
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

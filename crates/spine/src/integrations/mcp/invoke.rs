//! The governed call: load, decide, and hand over to the engine that records, acts and settles.

use std::sync::Arc;
use std::time::Duration;

use portcullis_engines::framed;
use portcullis_engines::integrations::mcp::arguments::PreparedArguments;
use portcullis_engines::integrations::mcp::decision::{
    CallFacts, Circumstances, CredentialVerdict, approval_rule,
};
use portcullis_engines::integrations::mcp::invocation::{
    ApprovalTerms, Attempt, GovernedCall, Invoked, McpToolInvocationEngine,
};
use portcullis_engines::integrations::mcp::rounds::Rounds;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::approvals::ApprovalRule;
use portcullis_schemas::integrations::flows::FlowChange;
use portcullis_schemas::integrations::mcp::invocation::{CallMethod, CalledThrough, InvokeToolResult};
use portcullis_schemas::integrations::mcp::operations::InvokeMcpTool;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::toolsets::ToolsetName;
use portcullis_schemas::logs::ledger::IdempotencyClaim;
use portcullis_schemas::operation::Operation;
use portcullis_schemas::runtime::HashPurpose;
use portcullis_schemas::text::RunId;
use portcullis_schemas::{Error, codes};
use tracing::{Instrument, debug_span};

use super::ATTEMPTS;
use super::configuration::{CallConfiguration, CallTarget};
use super::freshness::{self, ListRead};
use super::listening;
use super::rounds::{Going, Request};
use super::target::lacks_connection;
use super::through::ThroughToolset;
use crate::admission::Slot;
use crate::integrations::approvals;
use crate::options::connection_page;
use crate::scene::Scene;
use crate::spans;

pub(crate) async fn invoke_tool(scene: Scene, request: InvokeMcpTool) -> Result<InvokeToolResult, Error> {
    invoke(scene, request, None, None).await
}

/// The governed call, of an agent who named the tool itself or by a toolset. The method is the one that the tool is there
/// for, unless told.
pub(crate) async fn invoke(
    scene: Scene,
    request: InvokeMcpTool,
    method: Option<CallMethod>,
    mut through: Option<ThroughToolset>,
) -> Result<InvokeToolResult, Error> {
    let limit = scene.options().call_deadline;
    let deadline = scene.left_to_begin(limit)?;
    let engine = McpToolInvocationEngine::new(scene.invocation_ports());
    let received = engine.receive();
    let arguments = PreparedArguments::new(request.arguments)?;
    let place = Some(scene.place(&request.server_id, limit).await?);
    let mut held = Held { place, list: ListRead::NotAsked };
    let target =
        CallTarget { key: scene.principal().key().clone(), server: request.server_id, tool: request.tool_id };
    let found = CallConfiguration::find(&scene, &target).instrument(debug_span!("gate.load"));
    let (configuration, mut remembered) = found.await?;
    if let Some(through) = &mut through {
        through.require(&scene, &configuration).await?;
    }
    let method = method.unwrap_or(CallMethod::of(configuration.tool.kind));
    let going = Going::of(&scene);
    let run = request.run_id.as_ref();
    let idempotency = match going.goes_on() {
        true => going.claim(),
        false => claim(&scene, &target, method, &arguments, (run, request.step_index)),
    };
    let named = through.as_ref().map(ThroughToolset::facts);
    let toolset = through.as_ref().map(|through| through.toolset.name.clone());
    let is_repeatable = idempotency.is_some() && !going.goes_on();
    let asked = Asked {
        method,
        arguments: &arguments,
        run,
        toolset: toolset.as_ref(),
        is_repeatable,
        going: &going,
        through: named.as_ref(),
    };
    let mut judged = asked.judge(&scene, &configuration, held.list).await?;
    if remembered && freshness::is_due(&scene, &judged.facts) {
        // Who may have been shut out meanwhile has no list read.
        (judged, remembered) = (asked.judge_anew(&scene, &target, through.as_mut(), held.list).await?, false);
    }
    while held.read_if_due(&scene, &judged.facts).await? {
        judged = asked.judge_anew(&scene, &target, through.as_mut(), held.list).await?;
    }
    let Judged { facts, secret_version, flows, asks, rounds } = judged;
    spans::call_of(method, &facts.tool);
    let call = GovernedCall {
        received,
        attempt: if remembered { Attempt::Remembered } else { Attempt::Fresh },
        facts,
        secret_version,
        method,
        arguments,
        run_id: request.run_id,
        step_index: request.step_index,
        through: named,
        idempotency,
        flows,
        asks,
        rounds,
        deadline,
        is_callers_deadline: scene.ctx().deadline.is_some_and(|granted| granted < limit),
    };
    scene.note("invocation_id", call.received.invocation_id().as_str());
    let server = Arc::clone(&call.facts.server);
    let anew = Anew { target, through, going, is_repeatable };
    let answered = carry_out(&scene, &engine, call, anew, &mut held).await;
    drop(held);
    look_after_lists(&scene, &server, limit, answered.as_ref().err()).await;
    answered.map_err(|error| with_page(error, &server.server_id))
}

/// Tells who has connected no account yet where to.
fn with_page(error: Error, server: &ServerId) -> Error {
    match error.code() {
        codes::CONNECTION_REQUIRED => error.with_page(connection_page(server)),
        _ => error,
    }
}

/// What a call means for the lists of its server: who was answered uses it, and who was refused the headers has an old one.
async fn look_after_lists(scene: &Scene, server: &Arc<McpServer>, limit: Duration, error: Option<&Error>) {
    match error.map(Error::code) {
        None => listening::keep_heard(scene, server),
        // The call's outcome is on record; what is found counts for the next one, and so does that nothing was.
        Some(codes::HEADERS_REFUSED) => drop(freshness::refresh(scene, server, limit).await),
        Some(_) => {}
    }
}

/// What a call is judged anew by, when what it was judged on has changed.
struct Anew {
    target: CallTarget,
    through: Option<ThroughToolset>,
    going: Going,
    is_repeatable: bool,
}

/// What a call has while it is made.
struct Held {
    /// Its place among those of its server.
    place: Option<Slot<(TenantId, ServerId)>>,
    list: ListRead,
}

impl Held {
    /// Has the list read if it is due, and was not read for this call: whether it was now, so that the call be judged anew.
    async fn read_if_due(&mut self, scene: &Scene, facts: &CallFacts) -> Result<bool, Error> {
        if self.list.is_settled(&facts.server) || !freshness::is_due(scene, facts) {
            return Ok(false);
        }
        let limit = scene.options().call_deadline;
        // The reading takes a place of its own, and there may be no more than one.
        self.place = None;
        let read = freshness::read_for_call(scene, facts, limit).await;
        self.list = read.map_err(|error| with_page(error, &facts.server.server_id))?;
        self.place = Some(scene.place(&facts.server.server_id, limit).await?);
        Ok(true)
    }
}

/// Makes attempts until one is answered.
async fn carry_out(
    scene: &Scene,
    engine: &McpToolInvocationEngine,
    mut call: GovernedCall,
    mut anew: Anew,
    held: &mut Held,
) -> Result<InvokeToolResult, Error> {
    let mut left = ATTEMPTS;
    loop {
        scene.left_to_begin(scene.options().call_deadline)?;
        call = match engine.invoke(scene.ctx(), call).await? {
            Invoked::Answered(result) => return Ok(*result),
            Invoked::Outdated(call) => *call,
            Invoked::Unapproved(call) => {
                anew.is_repeatable = false;
                *call
            }
        };
        // The last attempt is not given back, so this ends.
        left -= 1;
        call.attempt = if left == 0 { Attempt::Last } else { Attempt::Fresh };
        let configuration = load(scene, &anew.target, anew.through.as_mut()).await?;
        let toolset = anew.through.as_ref().map(|through| through.toolset.name.clone());
        let asked = Asked {
            method: call.method,
            arguments: &call.arguments,
            run: call.run_id.as_ref(),
            toolset: toolset.as_ref(),
            is_repeatable: anew.is_repeatable,
            going: &anew.going,
            through: call.through.as_ref(),
        };
        let mut judged = asked.judge(scene, &configuration, held.list).await?;
        while held.read_if_due(scene, &judged.facts).await? {
            judged = asked.judge_anew(scene, &anew.target, anew.through.as_mut(), held.list).await?;
        }
        let Judged { facts, secret_version, flows, asks, rounds } = judged;
        call = GovernedCall { facts, secret_version, flows, asks, rounds, ..call };
    }
}

/// The configuration as it is now, if the toolset still lets the call through.
async fn load(
    scene: &Scene,
    target: &CallTarget,
    through: Option<&mut ThroughToolset>,
) -> Result<Arc<CallConfiguration>, Error> {
    let configuration = CallConfiguration::load(scene, target).instrument(debug_span!("gate.load")).await?;
    if let Some(through) = through {
        through.require(scene, &configuration).await?;
    }
    Ok(configuration)
}

/// What an attempt judges.
struct Asked<'a> {
    method: CallMethod,
    arguments: &'a PreparedArguments,
    run: Option<&'a RunId>,
    toolset: Option<&'a ToolsetName>,
    /// Whether it may be a repeat of a request that was made.
    is_repeatable: bool,
    going: &'a Going,
    through: Option<&'a CalledThrough>,
}

/// What it is judged by.
struct Judged {
    facts: CallFacts,
    secret_version: Option<u64>,
    flows: Option<FlowChange>,
    asks: Option<ApprovalTerms>,
    rounds: Rounds,
}

impl Asked<'_> {
    async fn judge_anew(
        &self,
        scene: &Scene,
        target: &CallTarget,
        through: Option<&mut ThroughToolset>,
        list: ListRead,
    ) -> Result<Judged, Error> {
        let configuration = load(scene, target, through).await?;
        self.judge(scene, &configuration, list).await
    }

    async fn judge(
        &self,
        scene: &Scene,
        configuration: &CallConfiguration,
        list: ListRead,
    ) -> Result<Judged, Error> {
        let flows = configuration.flows(scene, self.run).await?;
        let touched = flows.as_ref().map_or(configuration.tool.flows, |change| change.becomes);
        let how = Circumstances { run_id: self.run, toolset: self.toolset, flows: touched };
        let facts = configuration.facts(scene, self.method, self.arguments, how);
        let (mut facts, secret_version) = facts.instrument(debug_span!("gate.evaluate")).await;
        let (method, arguments) = (self.method, self.arguments);
        let (server, tool) = (&*facts.server, &*facts.tool);
        let request = Request { server, method, tool, arguments, through: self.through, run_id: self.run };
        let (rounds, fits) = self.going.judge(scene, request);
        facts.round = fits;
        facts.list_is_stale |= list.forbids(&facts.server);
        // A person is asked last: what lacks an account would be in vain.
        if facts.credential == CredentialVerdict::Granted
            && approval_rule(&facts) != ApprovalRule::None
            && lacks_connection(scene, &facts.server).await?
        {
            facts.credential = CredentialVerdict::NotConnected;
        }
        let carried = self.going.approval().filter(|_| fits.is_ok());
        let kept = flows.as_ref().map(|change| change.becomes);
        let standing =
            approvals::standing(scene, method, &facts, arguments, kept, self.is_repeatable, carried);
        let (approval, asks) = standing.await?;
        facts.approval = approval;
        Ok(Judged { facts, secret_version, flows, asks, rounds })
    }
}

/// The claim on the caller's idempotency key: the same key with other arguments is another request, and so is one of
/// another run, which would have what it did not read itself.
fn claim(
    scene: &Scene,
    target: &CallTarget,
    method: CallMethod,
    arguments: &PreparedArguments,
    (run, step): (Option<&RunId>, Option<u32>),
) -> Option<IdempotencyClaim> {
    let idempotency_key = scene.ctx().idempotency_key.clone()?;
    let step = step.map_or_else(String::new, |step| step.to_string());
    let parts = [
        target.server.as_str().as_bytes(),
        target.tool.as_str().as_bytes(),
        method.as_str().as_bytes(),
        run.map_or("", RunId::as_str).as_bytes(),
        step.as_bytes(),
        arguments.canonical(),
    ];
    let hash = scene.ports().hasher.keyed_hash(scene.tenant(), HashPurpose::Idempotency, &framed(&parts));
    Some(IdempotencyClaim {
        key_id: scene.principal().key().clone(),
        operation: InvokeMcpTool::NAME.to_owned(),
        idempotency_key,
        request_hash: portcullis_trail::Digest::from_bytes(hash).to_string(),
    })
}

//! The governed call: record, then act, then record, then answer (design: steps 4 to 8).
//!
//! Nothing goes upstream before the ledger has the intent, and no result reaches the caller before it has the outcome.
//! Every intent that is recorded is settled once, on every path through [`McpToolInvocationEngine::invoke`]. A future
//! that is dropped half-way settles nothing, so a caller that may go away must run `invoke` in a task of its own and
//! cancel through the client, which then reports `cancelled`.

use std::sync::Arc;
use std::time::Duration;

use portcullis_schemas::context::CallContext;
use portcullis_schemas::ids::{InstanceId, IntentId, InvocationId};
use portcullis_schemas::integrations::credentials::ports::CredentialVault;
use portcullis_schemas::integrations::flows::FlowChange;
use portcullis_schemas::integrations::mcp::invocation::{
    CallMethod, CalledThrough, InvocationOutcome, InvokeToolResult, McpToolInvocation,
};
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::wire::{Dispatch, McpTarget, ToolCall};
use portcullis_schemas::logs::event::AuditEventDraft;
use portcullis_schemas::logs::ledger::{
    FailureFacts, IdempotencyClaim, Intent, IntentKind, IntentReceipt, IntentSubject, Recorded, Refusal,
};
use portcullis_schemas::logs::ports::{AnswerSeal, Ledger, MCPAuditEmitterPort};
use portcullis_schemas::runtime::{Clock, HashPurpose, IdSource, KeyedHash};
use portcullis_schemas::text::RunId;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, ErrorKind, PortError, codes};
use portcullis_trail::Digest;
use tracing::{Instrument, Span, debug_span};

use super::arguments::PreparedArguments;
use super::authentication::{authenticate, credential_access, target};
use super::authorization::stepped_up;
use super::decision::{CallFacts, Decision, Denial, decide, freeze_targets};
use super::events::EventStamp;
use super::exchange::credential_accessed;
use super::incident_rules;
use super::rounds::Rounds;
use crate::caught;
use crate::upstream_tokens::own_secrets::disowned;
use ended::{Ended, Reading};
use opened::Opened;
use settle::UsedUp;

pub(super) use answer::unanswered;

mod answer;
mod ended;
mod opened;
mod recovery;
mod rounds;
mod settle;
#[cfg(test)]
mod tests;
mod waits;

/// The longest that a call may take, whatever the caller asks for.
pub const MAX_DEADLINE: Duration = Duration::from_secs(300);

/// What the flow needs from outside. Exhaustive on purpose.
#[derive(Clone)]
pub struct InvocationPorts {
    /// The write-ahead trail.
    pub ledger: Arc<dyn Ledger>,
    /// Talks to MCP servers.
    pub client: Arc<dyn McpClient>,
    /// Opens credentials.
    pub vault: Arc<dyn CredentialVault>,
    /// Makes the events of calls.
    pub emitter: Arc<dyn MCPAuditEmitterPort>,
    /// Hashes argument and result values.
    pub hasher: Arc<dyn KeyedHash>,
    /// Seals answers that are kept for repeats.
    pub answers: Arc<dyn AnswerSeal>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn IdSource>,
    /// This process, whose lease the intents hang on.
    pub instance: InstanceId,
}

impl std::fmt::Debug for InvocationPorts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InvocationPorts").field("instance", &self.instance).finish_non_exhaustive()
    }
}

/// When a call came, and how it is known from then on.
#[derive(Clone, Debug)]
pub struct Received {
    invocation_id: InvocationId,
    invoked_at: Timestamp,
    /// Monotonic time.
    begun: Duration,
}

impl Received {
    /// The call's id, for a caller who does not wait for its end.
    #[must_use]
    pub fn invocation_id(&self) -> &InvocationId {
        &self.invocation_id
    }
}

/// How fresh a call's facts are, and so what follows when they do not let it through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Read for an earlier call. They may let this one through, since the ledger compares; they never refuse it.
    Remembered,
    /// Read for this call.
    Fresh,
    /// Read for this call, for the last time.
    Last,
}

/// What became of an attempt.
#[derive(Debug)]
pub enum Invoked {
    /// The call was made and its outcome recorded.
    Answered(Box<InvokeToolResult>),
    /// The facts do not hold, or may not hold, any more. Nothing was recorded or sent: try again with fresh ones.
    Outdated(Box<GovernedCall>),
    /// Nor does the approval: the request is no repeat, and its approval was used or has lapsed. Else as before.
    Unapproved(Box<GovernedCall>),
}

impl Invoked {
    fn answered(result: InvokeToolResult) -> Self {
        Self::Answered(Box::new(result))
    }
}

/// One call, with everything that was found out about it.
#[derive(Debug)]
pub struct GovernedCall {
    /// From [`McpToolInvocationEngine::receive`]; the same for all attempts.
    pub received: Received,
    /// How fresh the facts are.
    pub attempt: Attempt,
    /// What the decision rests on.
    pub facts: CallFacts,
    /// What is asked of the server.
    pub method: CallMethod,
    /// The arguments that were judged.
    pub arguments: PreparedArguments,
    /// The agent's run.
    pub run_id: Option<RunId>,
    /// Step within the run.
    pub step_index: Option<u32>,
    /// The toolset, if the tool was named by one.
    pub through: Option<CalledThrough>,
    /// Version of the server's secret, if it is in the vault.
    pub secret_version: Option<u64>,
    /// The caller's idempotency key with the request's hash.
    pub idempotency: Option<IdempotencyClaim>,
    /// What it makes of its run, if the policies look at that.
    pub flows: Option<FlowChange>,
    /// How an approval is asked for; present if the call needs one.
    pub asks: Option<ApprovalTerms>,
    /// What its server may ask for, and the round that it goes on from.
    pub rounds: Rounds,
    /// How long the call may take, from its receipt on; the context's deadline and [`MAX_DEADLINE`] bound it besides.
    pub deadline: Duration,
    /// Whether it is the caller who gave less time than the operation has.
    pub is_callers_deadline: bool,
}

/// What an approval of a call is bound to, and how long it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalTerms {
    /// Keyed hash, 64 hex digits.
    pub binding: String,
    /// From the request on; then it counts as denied.
    pub lifetime: Duration,
}

/// Makes governed calls.
#[derive(Clone, Debug)]
pub struct McpToolInvocationEngine {
    ports: InvocationPorts,
}

impl McpToolInvocationEngine {
    /// An engine over these ports.
    #[must_use]
    pub fn new(ports: InvocationPorts) -> Self {
        Self { ports }
    }

    /// A call has come.
    #[must_use]
    pub fn receive(&self) -> Received {
        Received {
            invocation_id: InvocationId::generate(&*self.ports.ids),
            invoked_at: self.ports.clock.now(),
            begun: self.ports.clock.monotonic(),
        }
    }

    /// Makes a call, or refuses it; both are recorded. Facts that were remembered, or that have changed before the
    /// intent was recorded, give the call back. A tool that reports an error in its result is an answer, not an
    /// error. A repeat of an ended request (same idempotency key) gets the same answer or the same failure again.
    ///
    /// # Errors
    /// `approval_required` with the reference `approval_id`: it waits for a person, and nothing was sent. With the
    /// reference `invocation_id`: the decision's codes; `frozen`; `audit_unavailable`, nothing was sent;
    /// `configuration_unsettled` on the last attempt, likewise; `outcome_unrecorded`, the tool may have acted and the
    /// result is withheld; the codes of credentials, egress and upstream. Without: `idempotency_in_flight`, `idempotency_mismatch`, `outcome_unknown`.
    pub async fn invoke(&self, ctx: &CallContext, call: GovernedCall) -> Result<Invoked, Error> {
        let decision = debug_span!("gate.decide").in_scope(|| decide(&call.facts));
        if call.attempt == Attempt::Remembered && !matches!(decision, Decision::Allow { .. }) {
            return Ok(Invoked::Outdated(Box::new(call)));
        }
        let opened = Opened::new(&self.ports, ctx, &call, &decision);
        let requested = self.ports.emitter.emit_tool_requested(opened.tenant(), opened.event()).await;
        let requested = requested.map_err(|error| opened.unavailable(error))?;
        match decision {
            Decision::Allow { .. } => {}
            Decision::Deny(denial) => return Err(self.refuse(opened, requested, denial).await),
            Decision::NeedsApproval(need) => return Err(self.wait(opened, &call, requested, need).await),
        }
        let recorded =
            self.record(&opened, &call, requested.clone()).instrument(debug_span!("gate.record")).await?;
        match recorded {
            Recorded::Receipt(receipt) => self.act(opened, call, receipt).await.map(Invoked::answered),
            Recorded::Stale if call.attempt != Attempt::Last => Ok(Invoked::Outdated(Box::new(call))),
            Recorded::NotApproved if call.attempt != Attempt::Last => Ok(Invoked::Unapproved(Box::new(call))),
            Recorded::Stale | Recorded::NotApproved => {
                Err(self.refuse(opened, requested, Denial::unsettled()).await)
            }
            Recorded::Frozen(target) => Err(self.refuse(opened, requested, Denial::frozen(&target)).await),
            Recorded::Repeated(repeated) => self.repeat(&opened, repeated).map(Invoked::answered),
            _ => Err(opened.unavailable(PortError::corrupt("the ledger gave an answer that is not known"))),
        }
    }

    /// Records requested and denied. The refusal stands even when it cannot be recorded.
    async fn refuse(&self, mut opened: Opened, requested: AuditEventDraft, denial: Denial) -> Error {
        opened.block(&denial);
        let failure = FailureFacts { code: denial.code, message: denial.reason.clone() };
        let denied =
            match self.ports.emitter.emit_tool_denied(opened.tenant(), opened.event(), &failure).await {
                Ok(denied) => denied,
                Err(error) => return opened.unavailable(error),
            };
        let now = self.ports.clock.now();
        let incident = incident_rules::for_refusal(
            &*self.ports.ids,
            now,
            opened.facts(),
            denial.code,
            opened.ctx().principal.key(),
            opened.round(),
            opened.tool_sends(),
        );
        let row = McpToolInvocation {
            incident_id: incident.as_ref().map(|incident| incident.incident_id.clone()),
            ..self.blocked(&opened, &failure)
        };
        let events = vec![requested, denied];
        let refusal = Refusal { events, invocation: Some(row), incident, approval: None };
        match self.write_refusal(&opened, refusal).await {
            Ok(()) => denial.to_error().with_reference("invocation_id", &opened.facts().invocation_id),
            Err(error) => opened.unavailable(error),
        }
    }

    /// The row of a call that was not made.
    fn blocked(&self, opened: &Opened, failure: &FailureFacts) -> McpToolInvocation {
        McpToolInvocation {
            tenant_id: opened.tenant().clone(),
            facts: opened.facts().clone(),
            outcome: InvocationOutcome::Blocked,
            output_hash: None,
            output_bytes: None,
            sanitised: None,
            asked: None,
            error_code: Some(failure.code.to_string()),
            error_message: Some(failure.message.clone()),
            duration_ms: opened.elapsed_ms(&*self.ports.clock),
            started_at: None,
            completed_at: self.ports.clock.now(),
            incident_id: None,
        }
    }

    async fn write_refusal(&self, opened: &Opened, refusal: Refusal) -> Result<(), PortError> {
        Span::current().record("portcullis.outcome", InvocationOutcome::Blocked.as_str());
        self.ports.ledger.refuse(opened.tenant(), refusal).instrument(debug_span!("gate.refuse")).await
    }

    /// Write-ahead: when this returns a receipt, a power cut does not lose that the call is about to be made.
    async fn record(
        &self,
        opened: &Opened,
        call: &GovernedCall,
        requested: AuditEventDraft,
    ) -> Result<Recorded, Error> {
        let allowed = self.ports.emitter.emit_tool_allowed(opened.tenant(), opened.event()).await;
        let mut events = vec![requested, allowed.map_err(|error| opened.unavailable(error))?];
        events.extend(credential_accessed(&self.stamp(opened), &call.facts.server, IntentKind::InvokeTool));
        let intent = Intent {
            intent_id: IntentId::generate(&*self.ports.ids),
            instance: self.ports.instance.clone(),
            subject: IntentSubject::Invocation(Box::new(opened.facts().clone())),
            recorded_at: self.ports.clock.now(),
            events,
            decided_on: Some(call.facts.decided_on),
            freeze_targets: freeze_targets(
                opened.ctx(),
                &call.facts.server.server_id,
                Some(&call.facts.tool.tool_id),
            ),
            idempotency: call.idempotency.clone(),
            approval: call.approval_to_use(),
            flows: call.flows.clone(),
        };
        self.ports.ledger.record(opened.tenant(), intent).await.map_err(|error| opened.unavailable(error))
    }

    /// From here on there is an open intent: whatever happens on the way out and back, a panic of a port too, ends in one
    /// settlement.
    async fn act(
        &self,
        opened: Opened,
        call: GovernedCall,
        receipt: IntentReceipt,
    ) -> Result<InvokeToolResult, Error> {
        let used = UsedUp { key: call.idempotency.is_some(), approval: call.approval_to_use() };
        let ended = caught(self.reach_out(&opened, call, &receipt)).await.unwrap_or_else(Ended::broken);
        Span::current().record("portcullis.outcome", ended.outcome.as_str());
        self.settle(&opened, &receipt, ended, used).instrument(debug_span!("gate.settle")).await
    }

    async fn reach_out(&self, opened: &Opened, call: GovernedCall, receipt: &IntentReceipt) -> Ended {
        let prepared = self.prepare(opened, &call.facts.server, call.secret_version);
        match prepared.instrument(debug_span!("gate.credential")).await {
            Err(error) => Ended::unsent(error, opened.goes_on()),
            Ok(target) => self.exchange(opened, call, receipt, &target).await,
        }
    }

    /// Opens the credential at the moment of use.
    async fn prepare(
        &self,
        opened: &Opened,
        server: &McpServer,
        secret_version: Option<u64>,
    ) -> Result<McpTarget, Error> {
        let access = credential_access(server, &opened.ctx().principal, IntentKind::InvokeTool);
        let auth = authenticate(&*self.ports.vault, opened.tenant(), server, &access).await?;
        Ok(target(server, opened.ctx().principal.key(), secret_version, auth))
    }

    async fn exchange(
        &self,
        opened: &Opened,
        call: GovernedCall,
        receipt: &IntentReceipt,
        target: &McpTarget,
    ) -> Ended {
        let started_at = self.ports.clock.now();
        let started = self.ports.emitter.emit_tool_started(opened.tenant(), opened.event(), started_at).await;
        if let Err(error) = started {
            return Ended::unsent(audit_unavailable(error), opened.goes_on());
        }
        let whole = call.deadline.min(opened.ctx().deadline.unwrap_or(MAX_DEADLINE)).min(MAX_DEADLINE);
        let dispatch = Dispatch {
            receipt: receipt.clone(),
            deadline: whole.saturating_sub(opened.elapsed(&*self.ports.clock)),
            trace: opened.ctx().trace.clone(),
            progress: opened.ctx().progress.clone(),
        };
        let tool = ToolCall {
            kind: call.facts.tool.kind,
            method: call.method,
            name: call.facts.tool.name.clone(),
            arguments: call.arguments.into_map(),
            definition: call.facts.tool.definition.clone(),
            input: call.rounds.to_server(),
        };
        let answer = self.ports.client.call_tool(opened.tenant(), target, &tool, &dispatch).await;
        let answer = answer
            .map_err(|failure| disowned(failure, &call.facts.server))
            .map_err(|failure| rounds::unnamed(stepped_up(failure, &call.facts.server), &call.facts.server));
        let reading = Reading {
            started_at,
            auth: target.auth.as_ref(),
            method: call.method,
            accepts: &call.rounds.accepts,
            goes_on: opened.goes_on(),
        };
        let ended = Ended::answered(answer, reading, |bytes| self.hash(opened, bytes));
        let ended = self.hand_out(opened, &call.rounds, ended);
        if call.is_callers_deadline { ended.by_callers_deadline() } else { ended }
    }

    /// The keyed hash of a value, for the trail.
    fn hash(&self, opened: &Opened, bytes: &[u8]) -> String {
        let hash = self.ports.hasher.keyed_hash(opened.tenant(), HashPurpose::TrailValue, bytes);
        Digest::from_bytes(hash).to_string()
    }

    fn stamp<'a>(&'a self, opened: &'a Opened) -> EventStamp<'a> {
        EventStamp {
            ids: &*self.ports.ids,
            now: self.ports.clock.now(),
            actor: opened.actor(),
            request_id: Some(&opened.facts().request_id),
        }
    }
}

/// Nothing was done, because it could not be recorded.
fn audit_unavailable(error: PortError) -> Error {
    let message = "the call cannot be recorded, so it was not made: retry later";
    Error::new(ErrorKind::Unavailable, codes::AUDIT_UNAVAILABLE, message).with_source(error)
}

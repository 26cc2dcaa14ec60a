//! A call that has been received: its id, its facts and its clock.

use std::time::Duration;

use portcullis_schemas::context::CallContext;
use portcullis_schemas::ids::{ApprovalId, TenantId};
use portcullis_schemas::integrations::flows::FlowLevel;
use portcullis_schemas::integrations::mcp::input::CallRound;
use portcullis_schemas::integrations::mcp::invocation::{InvocationFacts, PolicyDecision};
use portcullis_schemas::logs::event::EventActor;
use portcullis_schemas::logs::ports::ToolEventContext;
use portcullis_schemas::policies::PolicyOutcome;
use portcullis_schemas::runtime::{Clock, HashPurpose};
use portcullis_schemas::{Error, PortError};
use portcullis_trail::Digest;

use super::{GovernedCall, InvocationPorts, audit_unavailable};
use crate::integrations::mcp::decision::{Decision, Denial};
use crate::integrations::mcp::events::actor_of;
use crate::integrations::mcp::rounds::RoundProblem;

/// Why a call that waits was not made.
const WAITS: &str = "a person must approve this call";

/// A received call.
pub(super) struct Opened {
    ctx: CallContext,
    actor: EventActor,
    facts: InvocationFacts,
    round: Result<(), RoundProblem>,
    tool_sends: bool,
    /// Monotonic time of receipt.
    begun: Duration,
}

impl Opened {
    pub(super) fn new(
        ports: &InvocationPorts,
        ctx: &CallContext,
        call: &GovernedCall,
        decision: &Decision,
    ) -> Self {
        let tool = &call.facts.tool;
        let input = ports.hasher.keyed_hash(
            ctx.principal.tenant(),
            HashPurpose::TrailValue,
            call.arguments.canonical(),
        );
        let policy = call.facts.policy.as_ref().ok();
        let (policy_decision, policy_reason, approval_id) = match decision {
            Decision::Allow { flagged: true, approval } => (PolicyDecision::Flagged, None, approval.clone()),
            Decision::Allow { flagged: false, approval } => (PolicyDecision::Allowed, None, approval.clone()),
            Decision::Deny(denial) => (PolicyDecision::Blocked, Some(denial.reason.clone()), None),
            Decision::NeedsApproval(need) => {
                let waiting = need.waiting.as_ref().map(|(id, _)| id.clone());
                let id = waiting.unwrap_or_else(|| ApprovalId::generate(&*ports.ids));
                (PolicyDecision::Pending, Some(WAITS.to_owned()), Some(id))
            }
        };
        let round = call.rounds.continued.as_ref().map(|continued| CallRound {
            number: continued.state.number,
            continues: continued.state.invocation_id.clone(),
            responses_hash: continued.responses.as_ref().map(|responses| {
                let (tenant, bytes) = (ctx.principal.tenant(), responses.as_str().as_bytes());
                let hash = ports.hasher.keyed_hash(tenant, HashPurpose::TrailValue, bytes);
                Digest::from_bytes(hash).to_string()
            }),
        });
        let facts = InvocationFacts {
            invocation_id: call.received.invocation_id.clone(),
            server_id: call.facts.server.server_id.clone(),
            tool_id: tool.tool_id.clone(),
            method: call.method,
            tool_name: tool.name.clone(),
            pinned_hash: tool.pinned_hash.clone(),
            risk_level: tool.risk_level,
            run_id: call.run_id.clone(),
            step_index: call.step_index,
            through: call.through.clone(),
            actor_id: ctx.principal.actor().to_owned(),
            actor_type: ctx.principal.actor_type(),
            request_id: ctx.request.to_string(),
            input_hash: Digest::from_bytes(input).to_string(),
            input_preview: Some(call.arguments.preview()),
            policy_decision,
            policy_ids: policy.map(|outcome: &PolicyOutcome| outcome.policy_ids.clone()).unwrap_or_default(),
            policy_version: policy.map_or(0, |outcome| outcome.version),
            policy_reason,
            approval_id,
            flows: call.flows.as_ref().map(|change| change.becomes),
            round,
            invoked_at: call.received.invoked_at,
        };
        tracing::Span::current().record("portcullis.invocation.id", facts.invocation_id.as_str());
        Self {
            ctx: ctx.clone(),
            actor: actor_of(ctx),
            facts,
            round: call.facts.round,
            tool_sends: tool.flows.egress == FlowLevel::Yes,
            begun: call.received.begun,
        }
    }

    /// It was let through and is refused after all.
    pub(super) fn block(&mut self, denial: &Denial) {
        self.facts.policy_decision = PolicyDecision::Blocked;
        self.facts.policy_reason = Some(denial.reason.clone());
    }

    pub(super) fn ctx(&self) -> &CallContext {
        &self.ctx
    }

    pub(super) fn tenant(&self) -> &TenantId {
        self.ctx.principal.tenant()
    }

    pub(super) fn actor(&self) -> &EventActor {
        &self.actor
    }

    pub(super) fn facts(&self) -> &InvocationFacts {
        &self.facts
    }

    /// Whether it goes on from the round that it says.
    pub(super) fn round(&self) -> Result<(), RoundProblem> {
        self.round
    }

    /// Whether its tool sends for certain, as an admin says.
    pub(super) fn tool_sends(&self) -> bool {
        self.tool_sends
    }

    /// Whether it says that it goes on from a round that can be read.
    pub(super) fn goes_on(&self) -> bool {
        self.facts.round.is_some()
    }

    pub(super) fn event(&self) -> ToolEventContext<'_> {
        ToolEventContext {
            actor: &self.actor,
            facts: &self.facts,
            traceparent: self.ctx.trace.traceparent.as_deref(),
        }
    }

    pub(super) fn elapsed(&self, clock: &dyn Clock) -> Duration {
        clock.monotonic().saturating_sub(self.begun)
    }

    pub(super) fn elapsed_ms(&self, clock: &dyn Clock) -> u64 {
        u64::try_from(self.elapsed(clock).as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn unavailable(&self, error: PortError) -> Error {
        audit_unavailable(error).with_reference("invocation_id", &self.facts.invocation_id)
    }
}

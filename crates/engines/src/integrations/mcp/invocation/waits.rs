//! A call that a person must approve first: it is recorded as blocked, with the approval that it waits for.
//!
//! The same request, sent again once the approval is granted, is a call of its own that uses the approval up.

use portcullis_schemas::ids::ApprovalId;
use portcullis_schemas::integrations::approvals::{ApprovalStatus, CallApproval, StoredApproval};
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType};
use portcullis_schemas::logs::ledger::{FailureFacts, Refusal};
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, ErrorKind, PortError, codes};
use serde_json::json;

use super::opened::Opened;
use super::{ApprovalTerms, GovernedCall, McpToolInvocationEngine};
use crate::integrations::approvals::{ApprovalNeed, shown_arguments};

impl McpToolInvocationEngine {
    /// Records requested, denied and, the first time, what is asked for. The caller is told what it waits for.
    pub(super) async fn wait(
        &self,
        opened: Opened,
        call: &GovernedCall,
        requested: AuditEventDraft,
        need: ApprovalNeed,
    ) -> Error {
        match self.record_wait(&opened, call, requested, need).await {
            Ok((id, until)) => awaits(&id, until),
            Err(error) => opened.unavailable(error),
        }
    }

    async fn record_wait(
        &self,
        opened: &Opened,
        call: &GovernedCall,
        requested: AuditEventDraft,
        need: ApprovalNeed,
    ) -> Result<(ApprovalId, Timestamp), PortError> {
        let failure = FailureFacts {
            code: codes::APPROVAL_REQUIRED,
            message: "a person must approve this call".to_owned(),
        };
        let denied = self.ports.emitter.emit_tool_denied(opened.tenant(), opened.event(), &failure).await?;
        let mut events = vec![requested, denied];
        let (waiting, asked) = match &need.waiting {
            Some(waiting) => (waiting.clone(), None),
            None => {
                let asked = self.ask(opened, call, &need)?;
                events.push(self.asked_event(opened, &asked.approval));
                ((asked.approval.approval_id.clone(), asked.approval.expires_at), Some(Box::new(asked)))
            }
        };
        let invocation = Some(self.blocked(opened, &failure));
        let refusal = Refusal { events, invocation, incident: None, approval: asked };
        self.write_refusal(opened, refusal).await?;
        Ok(waiting)
    }

    fn ask(
        &self,
        opened: &Opened,
        call: &GovernedCall,
        need: &ApprovalNeed,
    ) -> Result<StoredApproval, PortError> {
        let unasked = || PortError::corrupt("a call that needs an approval came without terms to ask on");
        let ApprovalTerms { binding, lifetime } = call.asks.clone().ok_or_else(unasked)?;
        let facts = opened.facts();
        let requested_at = self.ports.clock.now();
        let tool = &call.facts.tool;
        let shown = shown_arguments(tool.kind, &tool.definition, call.arguments.value());
        let approval = CallApproval {
            approval_id: facts.approval_id.clone().ok_or_else(unasked)?,
            tenant_id: opened.tenant().clone(),
            status: ApprovalStatus::Pending,
            rule: need.rule,
            requested_by: opened.ctx().principal.key().clone(),
            actor_id: facts.actor_id.clone(),
            actor_type: facts.actor_type,
            server_id: facts.server_id.clone(),
            tool_id: facts.tool_id.clone(),
            tool_name: facts.tool_name.clone(),
            pinned_hash: facts.pinned_hash.clone(),
            risk_level: facts.risk_level,
            policy_version: facts.policy_version,
            policy_ids: facts.policy_ids.clone(),
            through: facts.through.clone(),
            run_id: facts.run_id.clone(),
            flows: facts.flows,
            input_hash: facts.input_hash.clone(),
            invocation_id: facts.invocation_id.clone(),
            requested_at,
            expires_at: requested_at.plus(lifetime),
            decided_by: None,
            decided_at: None,
            reason: None,
            used_by: None,
            version: 1,
        };
        let arguments = self.ports.answers.seal_answer(opened.tenant(), shown.to_string().as_bytes())?;
        Ok(StoredApproval { approval, binding, arguments })
    }

    fn asked_event(&self, opened: &Opened, asked: &CallApproval) -> AuditEventDraft {
        let subject = vec![
            ("approval_id", asked.approval_id.to_string()),
            ("invocation_id", asked.invocation_id.to_string()),
            ("server_id", asked.server_id.to_string()),
            ("tool_id", asked.tool_id.to_string()),
        ];
        let facts = json!({
            "rule": asked.rule,
            "input_hash": asked.input_hash,
            "pinned_hash": asked.pinned_hash,
            "policy_version": asked.policy_version,
            "expires_at": asked.expires_at,
        });
        self.stamp(opened).draft(AuditEventType::ApprovalRequested, subject, facts)
    }
}

fn awaits(id: &ApprovalId, until: Timestamp) -> Error {
    let message = format!(
        "a person must approve this call first, and has until {until}: nothing was sent; send the same request again \
         once it is approved"
    );
    Error::new(ErrorKind::AwaitsApproval, codes::APPROVAL_REQUIRED, message).with_reference("approval_id", id)
}

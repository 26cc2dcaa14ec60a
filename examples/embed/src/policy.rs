//! The service's own policy: a table of who may call what. What is not in the table is denied.

use std::collections::HashSet;

use async_trait::async_trait;
use portcullis::PortError;
use portcullis::ids::TenantId;
use portcullis::ports::{PolicyOutcome, TenantPolicySet, ToolPolicy, ToolPolicyRequest};
use portcullis::records::{ApprovalRule, PolicyProblem};
use portcullis::text::PolicyText;

/// Who may call what.
pub struct Roster {
    version: u64,
    permitted: HashSet<(&'static str, &'static str)>,
}

impl Roster {
    /// A roster of `(actor, tool)`; its version stands in every decision.
    pub fn new(version: u64, permitted: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        Self { version, permitted: permitted.into_iter().collect() }
    }
}

#[async_trait]
impl ToolPolicy for Roster {
    async fn evaluate(
        &self,
        _: &TenantId,
        _: &TenantPolicySet,
        request: &ToolPolicyRequest,
    ) -> Result<PolicyOutcome, PortError> {
        let entry = (request.actor.as_str(), request.tool_name.as_str());
        let permitted = self.permitted.contains(&entry);
        Ok(PolicyOutcome {
            permitted,
            approval: ApprovalRule::None,
            policy_ids: if permitted { vec![format!("roster:{}/{}", entry.0, entry.1)] } else { Vec::new() },
            version: self.version,
            reason: (!permitted).then(|| "the help desk's roster does not list this call".to_owned()),
        })
    }

    /// Refuses every text: one that is accepted and never read would be a trap for the admin who wrote it.
    async fn validate(&self, _: &TenantId, _: &PolicyText) -> Vec<PolicyProblem> {
        let message = "policies are not used here: ask the help desk to change its roster".to_owned();
        vec![PolicyProblem { line: None, message }]
    }
}

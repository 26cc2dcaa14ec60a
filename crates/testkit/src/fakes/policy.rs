//! Policy engines of one word.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::policies::ports::ToolPolicy;
use portcullis_schemas::policies::{
    PolicyOutcome, PolicyProblem, TenantPolicySet, ToolPolicyRecord, ToolPolicyRequest,
};
use portcullis_schemas::text::PolicyText;

/// Answers every question alike, whatever the tenant's policies say.
#[derive(Clone, Debug)]
pub struct FixedToolPolicy {
    permitted: Option<bool>,
}

impl FixedToolPolicy {
    /// Permits everything.
    pub fn allow() -> Self {
        Self { permitted: Some(true) }
    }

    /// Permits nothing.
    pub fn deny() -> Self {
        Self { permitted: Some(false) }
    }

    /// Cannot decide.
    pub fn failing() -> Self {
        Self { permitted: None }
    }
}

#[async_trait]
impl ToolPolicy for FixedToolPolicy {
    async fn evaluate(
        &self,
        _: &TenantId,
        policies: &TenantPolicySet,
        _: &ToolPolicyRequest,
    ) -> Result<PolicyOutcome, PortError> {
        match self.permitted {
            None => Err(PortError::unavailable("this policy engine always fails")),
            Some(true) => Ok(outcome(true, vec!["fixed".to_owned()], policies, None)),
            Some(false) => Ok(outcome(false, Vec::new(), policies, Some("no policy permits this call"))),
        }
    }

    async fn validate(&self, _: &TenantId, _: &PolicyText) -> Vec<PolicyProblem> {
        Vec::new()
    }
}

/// Policies whose whole text is `permit`, `forbid` or `fail`. Without a `permit` it denies; `forbid` wins over
/// `permit`; a `fail`, and any other text, is a policy error and denies.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeywordToolPolicy;

#[async_trait]
impl ToolPolicy for KeywordToolPolicy {
    async fn evaluate(
        &self,
        _: &TenantId,
        policies: &TenantPolicySet,
        request: &ToolPolicyRequest,
    ) -> Result<PolicyOutcome, PortError> {
        let with = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
            let chosen = policies.policies.iter().filter(|policy| wanted(policy.text.as_str().trim()));
            chosen.map(|policy: &ToolPolicyRecord| format!("{}#0", policy.policy_id)).collect()
        };
        let (broken, forbids) =
            (with(&|text| !matches!(text, "permit" | "forbid")), with(&|text| text == "forbid"));
        if !broken.is_empty() {
            return Ok(outcome(false, broken, policies, Some("policy error")));
        }
        if !forbids.is_empty() {
            return Ok(outcome(false, forbids, policies, Some("forbidden by policy")));
        }
        let permits = with(&|text| text == "permit" && request.kind == ItemKind::Tool);
        let reason = permits.is_empty().then_some("no policy permits this call");
        Ok(outcome(!permits.is_empty(), permits, policies, reason))
    }

    async fn validate(&self, _: &TenantId, text: &PolicyText) -> Vec<PolicyProblem> {
        if matches!(text.as_str().trim(), "permit" | "forbid" | "fail") {
            return Vec::new();
        }
        vec![PolicyProblem { line: Some(1), message: "expected `permit`, `forbid` or `fail`".to_owned() }]
    }
}

fn outcome(
    permitted: bool,
    policy_ids: Vec<String>,
    set: &TenantPolicySet,
    reason: Option<&str>,
) -> PolicyOutcome {
    PolicyOutcome { permitted, policy_ids, version: set.version, reason: reason.map(str::to_owned) }
}

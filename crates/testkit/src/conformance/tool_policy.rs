//! The suite of [`ToolPolicy`].

use portcullis_schemas::PortError;
use portcullis_schemas::integrations::flows::DataFlows;
use portcullis_schemas::integrations::mcp::tool::{ItemKind, RiskLevel};
use portcullis_schemas::policies::ports::ToolPolicy;
use portcullis_schemas::policies::{PolicyOutcome, TenantPolicySet, ToolPolicyRecord, ToolPolicyRequest};
use portcullis_schemas::principal::ActorType;
use portcullis_schemas::text::PolicyText;

use super::steps::{IDS, done};
use crate::fixtures;

/// Texts in the engine's own language.
#[derive(Clone, Debug)]
pub struct PolicyTexts {
    /// Permits every call of a tool, and says nothing of prompts and resources.
    pub permit: PolicyText,
    /// Forbids every call.
    pub forbid: PolicyText,
    /// Can be written, but fails whenever it is evaluated.
    pub failing: PolicyText,
    /// Cannot be written.
    pub invalid: PolicyText,
}

/// Nothing is permitted without a policy, and prompts and resources not by one about tools; a prohibition wins; any error
/// denies; a decision names its policies and the set's version.
pub async fn tool_policy(policy: &dyn ToolPolicy, texts: &PolicyTexts) {
    default_is_deny(policy).await;
    permits_and_forbids(policy, texts).await;
    tells_kinds_apart(policy, texts).await;
    errors_deny(policy, texts).await;
    validates(policy, texts).await;
}

async fn default_is_deny(policy: &dyn ToolPolicy) {
    for version in [0, 7] {
        let outcome = evaluate(policy, &TenantPolicySet { version, policies: Vec::new() }).await;
        let outcome = done("deciding without a policy", outcome);
        expect_denied(&outcome, "without a policy nothing is permitted");
        assert_eq!(outcome.policy_ids, [""; 0], "a default deny names no policy");
        assert_eq!(outcome.version, version, "a decision carries the set's version");
    }
}

async fn permits_and_forbids(policy: &dyn ToolPolicy, texts: &PolicyTexts) {
    let permitting = set(3, &[&texts.permit]);
    let outcome = done("deciding", evaluate(policy, &permitting).await);
    assert!(outcome.permitted, "a policy that permits everything permits");
    assert_eq!(outcome.reason, None, "a permission has no reason for a denial");
    assert_eq!(outcome.version, 3, "a decision carries the set's version");
    expect_named(&outcome, &permitting.policies[..1]);

    for (order, place) in [([&texts.permit, &texts.forbid], 1), ([&texts.forbid, &texts.permit], 0)] {
        let both = set(4, &order);
        let outcome = done("deciding", evaluate(policy, &both).await);
        expect_denied(&outcome, "a prohibition wins over a permission");
        expect_named(&outcome, &both.policies[place..=place]);
    }
}

async fn tells_kinds_apart(policy: &dyn ToolPolicy, texts: &PolicyTexts) {
    let permitting = set(3, &[&texts.permit]);
    for kind in ItemKind::ALL.iter().filter(|kind| **kind != ItemKind::Tool) {
        let outcome = done("deciding", evaluate_of(policy, &permitting, *kind).await);
        expect_denied(&outcome, "who permits tools has not permitted what is none");
    }
}

async fn errors_deny(policy: &dyn ToolPolicy, texts: &PolicyTexts) {
    for broken in [&texts.failing, &texts.invalid] {
        for set in [set(5, &[broken]), set(5, &[&texts.permit, broken]), set(5, &[broken, &texts.permit])] {
            // An error is as good: the caller denies.
            if let Ok(outcome) = evaluate(policy, &set).await {
                expect_denied(&outcome, "a policy that fails denies, whatever the others say");
            }
        }
    }
}

async fn validates(policy: &dyn ToolPolicy, texts: &PolicyTexts) {
    let tenant = fixtures::tenant(1);
    for good in [&texts.permit, &texts.forbid, &texts.failing] {
        assert_eq!(policy.validate(&tenant, good).await, [], "a text that can be written has no problems");
    }
    let problems = policy.validate(&tenant, &texts.invalid).await;
    assert!(!problems.is_empty(), "a text that cannot be written has a problem");
    assert!(problems.iter().all(|problem| !problem.message.is_empty()), "a problem says what is wrong");
}

fn expect_denied(outcome: &PolicyOutcome, why: &str) {
    assert!(!outcome.permitted, "{why}");
    assert!(outcome.reason.as_ref().is_some_and(|reason| !reason.is_empty()), "a denial has its reason");
}

/// Checks that the decision names these policies, as `pol_...#n`.
fn expect_named(outcome: &PolicyOutcome, policies: &[ToolPolicyRecord]) {
    let named: Vec<_> =
        outcome.policy_ids.iter().map(|id| id.split('#').next().unwrap_or_default()).collect();
    let expected: Vec<_> = policies.iter().map(|policy| policy.policy_id.as_str()).collect();
    assert_eq!(named, expected, "a decision names the policies that determined it");
    assert!(outcome.policy_ids.iter().all(|id| id.contains('#')), "and the place within their text");
}

fn set(version: u64, texts: &[&PolicyText]) -> TenantPolicySet {
    let tenant = fixtures::tenant(1);
    let record = |(place, text): (usize, &&PolicyText)| {
        fixtures::policy(&IDS, &tenant, &format!("policy-{place}"), text.as_str(), 0)
    };
    TenantPolicySet { version, policies: texts.iter().enumerate().map(record).collect() }
}

async fn evaluate(policy: &dyn ToolPolicy, policies: &TenantPolicySet) -> Result<PolicyOutcome, PortError> {
    evaluate_of(policy, policies, ItemKind::Tool).await
}

async fn evaluate_of(
    policy: &dyn ToolPolicy,
    policies: &TenantPolicySet,
    kind: ItemKind,
) -> Result<PolicyOutcome, PortError> {
    let request = ToolPolicyRequest {
        key_id: "key_01jd0000000000000000000000".to_owned(),
        actor: "agent".to_owned(),
        actor_type: ActorType::Machine,
        server_id: "mcp_01jd0000000000000000000000".to_owned(),
        server_name: "invoices".to_owned(),
        server_tags: vec!["finance".to_owned()],
        kind,
        tool_id: "tool_01jd0000000000000000000000".to_owned(),
        tool_name: "search".to_owned(),
        risk: RiskLevel::Low,
        read_only: true,
        run_id: None,
        toolset: None,
        flows: DataFlows::NONE,
    };
    policy.evaluate(&fixtures::tenant(1), policies, &request).await
}

//! A tenant's stored policies, parsed and validated once per version of the set.

use std::collections::BTreeMap;

use cedar_policy::{ActionConstraint, Effect, Policy, PolicySet, ValidationMode, Validator};
use portcullis_schemas::PortError;
use portcullis_schemas::error::Source;
use portcullis_schemas::ids::PolicyId;
use portcullis_schemas::integrations::approvals::ApprovalRule;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::policies::{TenantPolicySet, ToolPolicyRecord};

use super::schema::Vocabulary;
use super::{annotations, nesting};

/// The policies of one tenant at one version, ready to decide.
pub(super) struct CompiledSet {
    version: u64,
    sources: Vec<(PolicyId, String)>,
    /// All but those of `unless_approved`.
    policies: PolicySet,
    /// Those that forbid unless a person approves.
    unless_approved: PolicySet,
    /// What policies ask for, by name; those that ask for nothing are not in it.
    asks: BTreeMap<String, ApprovalRule>,
    /// Without permits whose heads name no action: these are about tools.
    beyond_tools: PolicySet,
}

impl CompiledSet {
    /// Parses and validates a stored set.
    ///
    /// # Errors
    /// `Corrupt` when a text does not parse or does not fit the schema any more. One bad text refuses the whole
    /// set: leaving it out could drop a `forbid`.
    pub(super) fn compile(vocabulary: &Vocabulary, stored: &TenantPolicySet) -> Result<Self, PortError> {
        let (mut all, mut policies) = (PolicySet::new(), PolicySet::new());
        let mut unless_approved = PolicySet::new();
        let mut asks = BTreeMap::new();
        for record in &stored.policies {
            for policy in parse(record)? {
                let asked = annotations::approval(&policy).map_err(|why| stale(&record.policy_id, why))?;
                if asked > ApprovalRule::None {
                    asks.insert(policy.id().to_string(), asked);
                }
                let lifted = asked > ApprovalRule::None && policy.effect() == Effect::Forbid;
                let set = if lifted { &mut unless_approved } else { &mut policies };
                for set in [set, &mut all] {
                    set.add(policy.clone()).map_err(|error| stale(&record.policy_id, error))?;
                }
            }
        }
        let found = Validator::new(vocabulary.schema.clone()).validate(&all, ValidationMode::Strict);
        if let Some(error) = found.validation_errors().next() {
            return Err(
                PortError::corrupt("a stored policy does not fit the schema").with_source(error.clone())
            );
        }
        let sources =
            stored.policies.iter().map(|record| (record.policy_id.clone(), record.text.as_str().to_owned()));
        let beyond_tools = PolicySet::from_policies(
            policies.policies().filter(|it| !is_about_tools(it)).cloned(),
        )
        .map_err(|error| PortError::corrupt("stored policies do not go together").with_source(error))?;
        let (version, sources) = (stored.version, sources.collect());
        Ok(Self { version, sources, policies, beyond_tools, unless_approved, asks })
    }

    /// Whether it was compiled from this very set. Texts are compared as well, because a version number can come
    /// again after a restore.
    pub(super) fn is_of(&self, stored: &TenantPolicySet) -> bool {
        self.version == stored.version
            && self.sources.len() == stored.policies.len()
            && self
                .sources
                .iter()
                .zip(&stored.policies)
                .all(|((id, text), record)| *id == record.policy_id && text == record.text.as_str())
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The strictest of what these policies ask for.
    pub(super) fn approval_of(&self, determining: &[String]) -> ApprovalRule {
        let asked = determining.iter().filter_map(|policy| self.asks.get(policy));
        asked.copied().max().unwrap_or(ApprovalRule::None)
    }

    /// The policies that may decide on items of this kind.
    pub(super) fn policies(&self, kind: ItemKind) -> &PolicySet {
        if kind == ItemKind::Tool { &self.policies } else { &self.beyond_tools }
    }

    pub(super) fn unless_approved(&self) -> &PolicySet {
        &self.unless_approved
    }

    /// Whether nothing can be permitted.
    pub(super) fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// Bytes of policy text, as a measure of its size.
    pub(super) fn weight(&self) -> usize {
        self.sources.iter().map(|(_, text)| text.len()).sum()
    }
}

/// Until there were prompts and resources, such a permit could mean nothing else.
fn is_about_tools(policy: &Policy) -> bool {
    policy.effect() == Effect::Permit && policy.action_constraint() == ActionConstraint::Any
}

/// Cedar names the policies of a text `policy0`, `policy1`, ... in order; ours are `pol_...#0`, `pol_...#1`.
fn parse(record: &ToolPolicyRecord) -> Result<Vec<Policy>, PortError> {
    if nesting::first_too_deep(record.text.as_str()).is_some() {
        return Err(stale(&record.policy_id, "it nests too deep"));
    }
    let parsed: PolicySet = record.text.as_str().parse().map_err(|error| stale(&record.policy_id, error))?;
    if parsed.num_of_templates() > 0 {
        return Err(stale(&record.policy_id, "it holds a template"));
    }
    let named = parsed.policies().map(|policy| {
        let position = policy.id().to_string().replacen("policy", "#", 1);
        policy.new_id(cedar_policy::PolicyId::new(format!("{}{position}", record.policy_id)))
    });
    Ok(named.collect())
}

fn stale(policy: &PolicyId, cause: impl Into<Source>) -> PortError {
    PortError::corrupt(format!("stored policy {policy} does not compile")).with_source(cause)
}

//! A tenant's stored policies, parsed and validated once per version of the set.

use cedar_policy::{ActionConstraint, Effect, Policy, PolicySet, ValidationMode, Validator};
use portcullis_schemas::PortError;
use portcullis_schemas::error::Source;
use portcullis_schemas::ids::PolicyId;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::policies::{TenantPolicySet, ToolPolicyRecord};

use super::nesting;
use super::schema::Vocabulary;

/// The policies of one tenant at one version, ready to decide.
pub(super) struct CompiledSet {
    version: u64,
    sources: Vec<(PolicyId, String)>,
    policies: PolicySet,
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
        let mut policies = PolicySet::new();
        for record in &stored.policies {
            for policy in parse(record)? {
                policies.add(policy).map_err(|error| stale(&record.policy_id, error))?;
            }
        }
        let found = Validator::new(vocabulary.schema.clone()).validate(&policies, ValidationMode::Strict);
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
        Ok(Self { version: stored.version, sources: sources.collect(), policies, beyond_tools })
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

    /// The policies that may decide on items of this kind.
    pub(super) fn policies(&self, kind: ItemKind) -> &PolicySet {
        if kind == ItemKind::Tool { &self.policies } else { &self.beyond_tools }
    }

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

//! The Cedar policy engine (<https://docs.cedarpolicy.com>), the [`ToolPolicy`] that ships.
//!
//! Cedar skips a policy that fails to evaluate, so a `forbid` with an error would let a call through. Here any
//! error denies. Policies are validated in strict mode, on write and again when a stored set is compiled.

use async_trait::async_trait;
use cedar_policy::{AuthorizationError, Authorizer, Decision, Response};
use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::policies::ports::ToolPolicy;
use portcullis_schemas::policies::{PolicyOutcome, PolicyProblem, TenantPolicySet, ToolPolicyRequest};
use portcullis_schemas::text::PolicyText;

use self::cache::CompiledSets;
use self::compiled::CompiledSet;
use self::kept::KeptEntities;
use self::schema::Vocabulary;

mod cache;
mod compiled;
mod kept;
mod literals;
mod nesting;
mod problems;
mod request;
mod schema;

pub use self::schema::SCHEMA;

/// Reason of a default deny.
pub const NO_POLICY: &str = "no policy permits this call";
/// Reason of a denial by a `forbid`.
pub const FORBIDDEN: &str = "forbidden by policy";
/// Reason of a denial because a policy failed to evaluate.
pub const POLICY_ERROR: &str = "policy error";

/// Decides by the tenant's Cedar policies. Holds the compiled sets of recently active tenants; share one.
pub struct CedarToolPolicy {
    vocabulary: Vocabulary,
    authorizer: Authorizer,
    sets: CompiledSets,
    entities: KeptEntities,
}

impl CedarToolPolicy {
    /// An engine with an empty cache.
    pub fn new() -> Self {
        Self {
            vocabulary: Vocabulary::new(),
            authorizer: Authorizer::new(),
            sets: CompiledSets::new(),
            entities: KeptEntities::default(),
        }
    }

    /// What is wrong with a text, by line, at most 20; empty when it can be written. Stricter than what is asked of
    /// a stored set: a policy that can never apply, or that holds confusable characters, is refused too.
    pub fn problems(&self, text: &PolicyText) -> Vec<PolicyProblem> {
        problems::find(&self.vocabulary, text.as_str())
    }

    fn decide(&self, set: &CompiledSet, request: &ToolPolicyRequest) -> Result<PolicyOutcome, PortError> {
        if set.is_empty() {
            return Ok(denied(set, Vec::new(), NO_POLICY));
        }
        let (question, entities) = request::build(&self.vocabulary, &self.entities, request)?;
        Ok(outcome(set, &self.authorizer.is_authorized(&question, set.policies(request.kind), &entities)))
    }
}

impl Default for CedarToolPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for CedarToolPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CedarToolPolicy").field("sets", &self.sets).finish_non_exhaustive()
    }
}

#[async_trait]
impl ToolPolicy for CedarToolPolicy {
    async fn evaluate(
        &self,
        tenant: &TenantId,
        policies: &TenantPolicySet,
        request: &ToolPolicyRequest,
    ) -> Result<PolicyOutcome, PortError> {
        let set = match self.sets.get(tenant, policies) {
            Some(set) => set,
            None => self.sets.insert(tenant, CompiledSet::compile(&self.vocabulary, policies)?),
        };
        self.decide(&set, request)
    }

    async fn validate(&self, _tenant: &TenantId, text: &PolicyText) -> Vec<PolicyProblem> {
        self.problems(text)
    }
}

fn outcome(set: &CompiledSet, response: &Response) -> PolicyOutcome {
    let diagnostics = response.diagnostics();
    let failed = sorted(
        diagnostics
            .errors()
            .map(|AuthorizationError::PolicyEvaluationError(error)| error.policy_id().to_string()),
    );
    if !failed.is_empty() {
        return denied(set, failed, POLICY_ERROR);
    }
    let determining = sorted(diagnostics.reason().map(ToString::to_string));
    match response.decision() {
        Decision::Allow => {
            PolicyOutcome { permitted: true, policy_ids: determining, version: set.version(), reason: None }
        }
        Decision::Deny if determining.is_empty() => denied(set, determining, NO_POLICY),
        Decision::Deny => denied(set, determining, FORBIDDEN),
    }
}

fn denied(set: &CompiledSet, policy_ids: Vec<String>, reason: &str) -> PolicyOutcome {
    PolicyOutcome { permitted: false, policy_ids, version: set.version(), reason: Some(reason.to_owned()) }
}

fn sorted(ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut ids: Vec<String> = ids.collect();
    ids.sort_unstable();
    ids
}

#[cfg(test)]
mod tests;

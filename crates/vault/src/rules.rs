//! Who may use a credential. Rules are data; checkers are pure. Nobody may, unless a rule says so.

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::credentials::{CredentialAccess, CredentialGrant};

/// A checker's verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialAccessResult {
    /// Whether the credential may be used.
    pub allowed: bool,
    /// The rule that decided.
    pub rule: &'static str,
}

/// Judges one use of a credential by the grants that it has.
pub trait CredentialAccessRuleChecker: Send + Sync + std::fmt::Debug {
    /// The verdict. Pure and total.
    fn check(
        &self,
        tenant: &TenantId,
        grants: &[CredentialGrant],
        access: &CredentialAccess,
    ) -> CredentialAccessResult;
}

/// Refuses everything. The default in every scope: rules are chosen, never assumed.
#[derive(Clone, Copy, Debug, Default)]
pub struct DenyAllRuleChecker;

impl CredentialAccessRuleChecker for DenyAllRuleChecker {
    fn check(&self, _: &TenantId, _: &[CredentialGrant], _: &CredentialAccess) -> CredentialAccessResult {
        CredentialAccessResult { allowed: false, rule: "deny_all" }
    }
}

/// Allows what a grant names. What the embedded server chooses: a credential without grants is used by nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct GrantRuleChecker;

impl CredentialAccessRuleChecker for GrantRuleChecker {
    fn check(
        &self,
        _: &TenantId,
        grants: &[CredentialGrant],
        access: &CredentialAccess,
    ) -> CredentialAccessResult {
        let allowed = grants.iter().any(|grant| grant.mcp_server == access.mcp_server);
        CredentialAccessResult { allowed, rule: if allowed { "grant" } else { "no_grant" } }
    }
}

/// Allows everything. For the system scope, where an operator asks for it in so many words; never a default.
#[derive(Clone, Copy, Debug)]
pub struct DefaultCredentialAccessRuleChecker {
    _opted_in: (),
}

impl DefaultCredentialAccessRuleChecker {
    /// The explicit opt-in.
    pub fn permit_everything_in_system_scope() -> Self {
        Self { _opted_in: () }
    }
}

impl CredentialAccessRuleChecker for DefaultCredentialAccessRuleChecker {
    fn check(&self, _: &TenantId, _: &[CredentialGrant], _: &CredentialAccess) -> CredentialAccessResult {
        CredentialAccessResult { allowed: true, rule: "system_opt_in" }
    }
}

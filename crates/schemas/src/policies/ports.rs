//! Ports of tool policies.

use async_trait::async_trait;

use super::{PolicyOutcome, PolicyProblem, TenantPolicySet, ToolPolicyRecord, ToolPolicyRequest};
use crate::PortError;
use crate::ids::{PolicyId, TenantId};
use crate::paging::{Page, PageRequest};
use crate::text::PolicyText;

/// Decides whether a call is permitted. Default deny; any error is a deny.
#[async_trait]
pub trait ToolPolicy: Send + Sync {
    /// Decides by the tenant's policies. An embedder's own engine may disregard them.
    ///
    /// # Errors
    /// When it cannot decide; the caller must deny.
    async fn evaluate(
        &self,
        tenant: &TenantId,
        policies: &TenantPolicySet,
        request: &ToolPolicyRequest,
    ) -> Result<PolicyOutcome, PortError>;

    /// What is wrong with a text; empty when it can be written.
    async fn validate(&self, tenant: &TenantId, text: &PolicyText) -> Vec<PolicyProblem>;
}

/// Policies of a tenant, within a unit of work.
#[async_trait]
pub trait ToolPolicyStore: Send {
    /// Writes a policy's next version, keeps the old ones, and raises the set's version.
    ///
    /// # Errors
    /// `Conflict` when the stored version is not `policy.version - 1`, or the name is taken by another policy.
    async fn put(&mut self, tenant: &TenantId, policy: &ToolPolicyRecord) -> Result<(), PortError>;

    /// One policy that is not deleted.
    async fn get(&mut self, tenant: &TenantId, id: &PolicyId) -> Result<Option<ToolPolicyRecord>, PortError>;

    /// The policy of this name that is not deleted.
    async fn find_by_name(
        &mut self,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Option<ToolPolicyRecord>, PortError>;

    /// A page, newest first.
    async fn list(
        &mut self,
        tenant: &TenantId,
        page: &PageRequest,
    ) -> Result<Page<ToolPolicyRecord>, PortError>;

    /// Marks a policy deleted and raises the set's version.
    async fn delete(&mut self, tenant: &TenantId, id: &PolicyId) -> Result<(), PortError>;

    /// Every policy that is not deleted, with the set's version.
    async fn current_set(&mut self, tenant: &TenantId) -> Result<TenantPolicySet, PortError>;
}

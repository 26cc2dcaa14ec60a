//! The policy decision, for the governed call.

use portcullis_engines::integrations::mcp::decision::{Circumstances, policy_request};
use portcullis_schemas::PortError;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::policies::{PolicyOutcome, TenantPolicySet};

use crate::scene::Scene;

/// Asks the policies domain whether a call is permitted.
pub(crate) struct PoliciesBridge;

impl PoliciesBridge {
    /// Puts the question in the policies' terms and has it decided.
    ///
    /// # Errors
    /// When the engine cannot decide; the decision is then a denial.
    pub(crate) async fn evaluate(
        scene: &Scene,
        policies: &TenantPolicySet,
        server: &McpServer,
        tool: &McpTool,
        how: Circumstances<'_>,
    ) -> Result<PolicyOutcome, PortError> {
        let request = policy_request(scene.ctx(), server, tool, how);
        scene.ports().policy.evaluate(scene.tenant(), policies, &request).await
    }
}

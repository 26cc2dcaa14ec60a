//! The policy decision, for the governed call.

use portcullis_engines::integrations::mcp::decision::policy_request;
use portcullis_schemas::PortError;
use portcullis_schemas::integrations::flows::DataFlows;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::policies::{PolicyOutcome, TenantPolicySet};
use portcullis_schemas::text::RunId;

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
        run_id: Option<&RunId>,
        flows: DataFlows,
    ) -> Result<PolicyOutcome, PortError> {
        let request = policy_request(scene.ctx(), server, tool, run_id, flows);
        scene.ports().policy.evaluate(scene.tenant(), policies, &request).await
    }
}

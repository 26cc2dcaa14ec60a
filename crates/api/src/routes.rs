//! The route table: one line per route. A handler behind a line is an operation of the spine, and nothing else.
//!
//! A test compares the table with the registry; `/openapi.json` and `/docs` are made from both.

use http::{Method, StatusCode};
use portcullis_schemas::api_keys::operations::*;
use portcullis_schemas::controls::operations::*;
use portcullis_schemas::incidents::operations::*;
use portcullis_schemas::integrations::approvals::operations::*;
use portcullis_schemas::integrations::connections::operations::*;
use portcullis_schemas::integrations::credentials::operations::*;
use portcullis_schemas::integrations::mcp::operations::*;
use portcullis_schemas::integrations::toolsets::operations::*;
use portcullis_schemas::logs::operations::*;
use portcullis_schemas::operation::Operation;
use portcullis_schemas::policies::operations::*;
use portcullis_schemas::tenants::operations::*;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Route {
    /// Method.
    pub method: Method,
    /// Path pattern; `{name}` is a member of the request.
    pub path: &'static str,
    /// Name of the operation.
    pub operation: &'static str,
    /// Status on success.
    pub status: StatusCode,
}

/// Every route. The first route of an operation is its main one.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    route::<RegisterMcpServer>(POST, "/integrations/mcp-servers").created(),
    route::<ListMcpServers>(GET, "/integrations/mcp-servers"),
    route::<GetMcpServer>(GET, "/integrations/mcp-servers/{server_id}"),
    route::<UpdateMcpServer>(PATCH, "/integrations/mcp-servers/{server_id}"),
    route::<DeleteMcpServer>(DELETE, "/integrations/mcp-servers/{server_id}"),
    route::<EnableMcpServer>(POST, "/integrations/mcp-servers/{server_id}/enable"),
    route::<DisableMcpServer>(POST, "/integrations/mcp-servers/{server_id}/disable"),
    route::<DiscoverMcpTools>(POST, "/integrations/mcp-servers/{server_id}/discover"),
    route::<DiscoverMcpAuthorization>(POST, "/integrations/mcp-servers/{server_id}/authorization"),
    // A GET that asks the upstream and records what it answered: so the seed has it.
    route::<CheckMcpServerHealth>(GET, "/integrations/mcp-servers/{server_id}/health"),
    route::<ListMcpTools>(GET, "/integrations/mcp-servers/{server_id}/tools"),
    route::<GetMcpTool>(GET, "/integrations/mcp-servers/{server_id}/tools/{tool_id}"),
    route::<ApproveMcpTool>(POST, "/integrations/mcp-servers/{server_id}/tools/{tool_id}/approve"),
    route::<EnableMcpTool>(POST, "/integrations/mcp-servers/{server_id}/tools/{tool_id}/enable"),
    route::<DisableMcpTool>(POST, "/integrations/mcp-servers/{server_id}/tools/{tool_id}/disable"),
    route::<SetMcpToolRiskLevel>(PUT, "/integrations/mcp-servers/{server_id}/tools/{tool_id}/risk"),
    route::<SetMcpToolApproval>(PUT, "/integrations/mcp-servers/{server_id}/tools/{tool_id}/approval"),
    route::<SetMcpToolFlows>(PUT, "/integrations/mcp-servers/{server_id}/tools/{tool_id}/flows"),
    route::<InvokeMcpTool>(POST, "/integrations/mcp-servers/{server_id}/tools/{tool_id}/invoke"),
    route::<GetMcpInvocations>(GET, "/integrations/mcp-invocations"),
    route::<GetMcpInvocations>(GET, "/integrations/mcp-servers/{server_id}/invocations"),
    route::<GetMcpInvocation>(GET, "/integrations/mcp-invocations/{invocation_id}"),

    route::<CreateToolset>(POST, "/integrations/toolsets").created(),
    route::<ListToolsets>(GET, "/integrations/toolsets"),
    route::<GetToolset>(GET, "/integrations/toolsets/{toolset_id}"),
    route::<UpdateToolset>(PATCH, "/integrations/toolsets/{toolset_id}"),
    route::<DeleteToolset>(DELETE, "/integrations/toolsets/{toolset_id}"),

    route::<ListApprovals>(GET, "/integrations/approvals"),
    route::<GetApproval>(GET, "/integrations/approvals/{approval_id}"),
    route::<GrantApproval>(POST, "/integrations/approvals/{approval_id}/grant"),
    route::<DenyApproval>(POST, "/integrations/approvals/{approval_id}/deny"),

    route::<BeginConnection>(POST, "/integrations/connections").created(),
    route::<CompleteConnection>(POST, "/integrations/connections/complete"),
    route::<ConnectWithSecret>(PUT, "/integrations/mcp-servers/{server_id}/connection"),
    route::<GetConnection>(GET, "/integrations/mcp-servers/{server_id}/connection"),
    route::<RemoveConnection>(DELETE, "/integrations/mcp-servers/{server_id}/connection"),

    route::<StoreCredential>(POST, "/integrations/credentials").created(),
    route::<ListCredentials>(GET, "/integrations/credentials"),
    route::<EncryptCredential>(POST, "/integrations/credentials/encrypt"),
    route::<RotateCredential>(POST, "/integrations/credentials/{credential_id}/rotate"),
    route::<SetCredentialGrants>(PUT, "/integrations/credentials/{credential_id}/grants"),
    route::<DeleteCredential>(DELETE, "/integrations/credentials/{credential_id}"),

    route::<PutToolPolicy>(PUT, "/policies"),
    route::<ListToolPolicies>(GET, "/policies"),
    route::<ValidateToolPolicy>(POST, "/policies/validate"),
    route::<ListPolicyTemplates>(GET, "/policies/templates"),
    route::<GetToolPolicy>(GET, "/policies/{policy_id}"),
    route::<DeleteToolPolicy>(DELETE, "/policies/{policy_id}"),

    route::<GetKillSwitch>(GET, "/controls/killswitch"),
    route::<ThrowKillSwitch>(POST, "/controls/killswitch/freeze"),
    route::<ReleaseKillSwitch>(POST, "/controls/killswitch/unfreeze"),

    route::<ListIncidents>(GET, "/incidents"),
    route::<GetIncident>(GET, "/incidents/{incident_id}"),
    route::<AcknowledgeIncident>(POST, "/incidents/{incident_id}/acknowledge"),
    route::<ResolveIncident>(POST, "/incidents/{incident_id}/resolve"),

    route::<ListTrailEvents>(GET, "/logs/trail"),
    route::<VerifyTrail>(GET, "/logs/trail/verify"),
    route::<GetTrailCheckpoint>(GET, "/logs/trail/checkpoint"),

    route::<CreateApiKey>(POST, "/api-keys").created(),
    route::<ListApiKeys>(GET, "/api-keys"),
    route::<RegisterTokenClient>(POST, "/api-keys/token-clients").created(),
    route::<FreezeApiKey>(POST, "/api-keys/{key_id}/freeze"),
    route::<UnfreezeApiKey>(POST, "/api-keys/{key_id}/unfreeze"),
    route::<RevokeApiKey>(POST, "/api-keys/{key_id}/revoke"),

    route::<CreateTenant>(POST, "/tenants").created(),
    route::<ListTenants>(GET, "/tenants"),
    route::<GetTenant>(GET, "/tenants/{tenant_id}"),
];

const fn route<Op: Operation>(method: Method, path: &'static str) -> Route {
    Route { method, path, operation: Op::NAME, status: StatusCode::OK }
}

impl Route {
    const fn created(mut self) -> Self {
        self.status = StatusCode::CREATED;
        self
    }

    /// The members of the request that stand in the path, in order.
    pub fn path_members(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Whether the other members stand in a JSON body; else they stand in the query.
    pub fn takes_body(&self) -> bool {
        matches!(self.method, Method::POST | Method::PUT | Method::PATCH)
    }

    /// The domain of the operation: the first part of its name.
    pub fn domain(&self) -> &'static str {
        self.operation.split('.').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;

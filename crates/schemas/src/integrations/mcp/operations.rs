//! The operations `integrations.mcp_servers.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::input::InputKind;
use super::invocation::{InvocationOutcome, InvokeToolResult, McpToolInvocation};
use super::oauth::{ClientRegistration, KnownClient, OauthScope, UpstreamOauth};
use super::server::{
    DefinitionCheck, McpAuthType, McpDiscoveryResult, McpHealthResult, McpServer, McpTransport, ProtocolPin,
};
use super::tool::{ItemKind, McpTool, RiskLevel, ToolStatus};
use crate::ids::{InvocationId, ServerId, ToolId};
use crate::integrations::approvals::ApprovalRule;
use crate::integrations::flows::FlowLevel;
use crate::operation::operations;
use crate::paging::{Cursor, Page, PageLimit};
use crate::text::{CredentialRefText, Description, HeaderNameText, Name, Reason, RunId, Tag, UrlText};

operations! {
    RegisterMcpServer => RegisteredMcpServer, "integrations.mcp_servers.register_server", Admin, Call,
        "Register an MCP server and, unless told otherwise, discover its tools";
    GetMcpServer => McpServer, "integrations.mcp_servers.get_server", Read, Read, "Read one MCP server";
    ListMcpServers => Page<McpServer>, "integrations.mcp_servers.list_servers", Read, Read, "List MCP servers, newest first";
    UpdateMcpServer => McpServer, "integrations.mcp_servers.update_server", Admin, Write,
        "Change an MCP server; a new URL quarantines all of its tools and drops its credential";
    EnableMcpServer => McpServer, "integrations.mcp_servers.enable_server", Admin, Write, "Enable a disabled MCP server";
    DisableMcpServer => McpServer, "integrations.mcp_servers.disable_server", Admin, Write, "Disable an MCP server; calls are refused at once";
    DiscoverMcpTools => McpDiscoveryResult, "integrations.mcp_servers.discover_tools", Admin, Call,
        "Ask the server for its tools, prompts and resources; new and changed ones are quarantined";
    DiscoverMcpAuthorization => DiscoveredAuthorization, "integrations.mcp_servers.discover_authorization", Admin, Call,
        "Find the authorization server of an MCP server, and register the gate there";
    CheckMcpServerHealth => McpHealthResult, "integrations.mcp_servers.health_check", Admin, Call,
        "Ask the server whether it is well, and record the answer";
    DeleteMcpServer => McpServer, "integrations.mcp_servers.delete_server", Admin, Write, "Delete an MCP server softly";
    ListMcpTools => Page<McpTool>, "integrations.mcp_servers.list_tools", Read, Read, "List the tools, prompts and resources of a server by name";
    GetMcpTool => McpTool, "integrations.mcp_servers.get_tool", Read, Read, "Read one tool with its whole definition";
    ApproveMcpTool => McpTool, "integrations.mcp_servers.approve_tool", Admin, Write,
        "Approve a tool's live definition: it becomes the pin";
    EnableMcpTool => McpTool, "integrations.mcp_servers.enable_tool", Admin, Write, "Let a tool be called";
    DisableMcpTool => McpTool, "integrations.mcp_servers.disable_tool", Admin, Write, "Stop a tool from being called";
    SetMcpToolRiskLevel => McpTool, "integrations.mcp_servers.set_tool_risk_level", Admin, Write,
        "Classify a tool's risk, or give the classification up";
    SetMcpToolApproval => McpTool, "integrations.mcp_servers.set_tool_approval", Admin, Write,
        "Say whether a person must approve each call of a tool";
    SetMcpToolFlows => McpTool, "integrations.mcp_servers.set_tool_flows", Admin, Write,
        "Say what a tool may do with data, for policies that judge runs by it";
    InvokeMcpTool => InvokeToolResult, "integrations.mcp_servers.invoke_tool", Invoke, Call,
        "Call a tool, get a prompt or read a resource through policy, credentials and the trail";
    GetMcpInvocations => Page<McpToolInvocation>, "integrations.mcp_servers.get_invocations", Read, Read,
        "List invocations of the tenant, of one server, or of one run, newest first";
    GetMcpInvocation => McpToolInvocation, "integrations.mcp_servers.get_invocation", Read, Read, "Read one invocation";
}

/// Registers a server. Name and URL must be free in the tenant.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterMcpServer {
    /// Name, unique in the tenant.
    pub name: Name,
    /// What it is for.
    pub description: Option<Description>,
    /// Endpoint. `https`, or `http` for an origin that the operator has waived.
    pub url: UrlText,
    /// Transport; only `http` (Streamable HTTP) is offered.
    pub transport: Option<McpTransport>,
    /// Authentication; `none` unless told.
    pub auth_type: Option<McpAuthType>,
    /// Header for `api_key`.
    pub auth_header: Option<HeaderNameText>,
    /// For the types of OAuth: whom to ask for tokens. The credential is the client's secret.
    pub oauth: Option<UpstreamOauth>,
    /// Reference to the secret; required unless `auth_type` is `none`.
    pub credential_ref: Option<CredentialRefText>,
    /// Version pin; `auto` unless told.
    pub protocol: Option<ProtocolPin>,
    /// What the server may ask of the agents that call it, where their clients say that they can be asked; nothing unless told.
    #[serde(default)]
    #[schemars(length(max = 5))]
    pub agent_input: Vec<InputKind>,
    /// When its tools' definitions are checked; `when_due` unless told. `each_call` takes one more exchange for each call.
    pub definition_check: Option<DefinitionCheck>,
    /// Labels, at most 32.
    #[serde(default)]
    #[schemars(length(max = 32))]
    pub tags: Vec<Tag>,
    /// Whether to discover at once; true unless told.
    pub auto_discover: Option<bool>,
}

/// The registered server, and what discovery found if it ran.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RegisteredMcpServer {
    /// The server as it stands now.
    pub server: McpServer,
    /// What discovery found.
    pub discovery: Option<McpDiscoveryResult>,
    /// Code of the failure if discovery was tried and failed; the server stays registered.
    pub discovery_error: Option<String>,
}

/// Names one server.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetMcpServer {
    /// Server.
    pub server_id: ServerId,
}

/// Lists servers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListMcpServers {
    /// Include disabled ones; false unless told. Deleted ones are never listed.
    pub include_disabled: Option<bool>,
    /// Page size.
    pub limit: Option<PageLimit>,
    /// Page start.
    pub cursor: Option<Cursor>,
}

/// Changes a server. Absent fields stay as they are.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMcpServer {
    /// Server.
    pub server_id: ServerId,
    /// The version that you have read; the change is refused if the server has moved on.
    pub expected_version: Option<u64>,
    /// New name.
    pub name: Option<Name>,
    /// New description.
    pub description: Option<Description>,
    /// New endpoint: quarantines all tools and drops the credential unless a new one is given with it.
    pub url: Option<UrlText>,
    /// New authentication.
    pub auth_type: Option<McpAuthType>,
    /// New header for `api_key`.
    pub auth_header: Option<HeaderNameText>,
    /// New settings for the types of OAuth. A new token endpoint needs a new `credential_ref` with it: the old
    /// secret was meant for the old one.
    pub oauth: Option<UpstreamOauth>,
    /// New reference.
    pub credential_ref: Option<CredentialRefText>,
    /// New pin.
    pub protocol: Option<ProtocolPin>,
    /// What it may ask of agents from now on, instead of what was named before; empty for nothing. A new endpoint may ask
    /// for nothing unless this is named with it.
    #[schemars(length(max = 5))]
    pub agent_input: Option<Vec<InputKind>>,
    /// When its tools' definitions are checked from now on.
    pub definition_check: Option<DefinitionCheck>,
    /// New labels.
    #[schemars(length(max = 32))]
    pub tags: Option<Vec<Tag>>,
}

/// Enables a server; it goes to `pending` and is discovered anew before its tools can be called.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnableMcpServer {
    /// Server.
    pub server_id: ServerId,
}

/// Disables a server.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisableMcpServer {
    /// Server.
    pub server_id: ServerId,
    /// Why.
    pub reason: Option<Reason>,
}

/// Discovers a server's tools.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscoverMcpTools {
    /// Server.
    pub server_id: ServerId,
}

/// Finds a server's authorization server by what the server says (RFC 9728, RFC 8414), and makes the gate known there. What
/// is found replaces the server's `auth_type`, `oauth` and `credential_ref`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscoverMcpAuthorization {
    /// Server.
    pub server_id: ServerId,
    /// One of the types of OAuth; unless told that of the server if it has one, else `oauth_authorization_code`.
    pub auth_type: Option<McpAuthType>,
    /// What to ask for, instead of what the server has been given before, else what it names itself.
    pub scope: Option<OauthScope>,
    /// A client that the authorization server knows already; it is used at that issuer and at no other. Required for
    /// `oauth_token_exchange` unless the server has such settings: its issuer is shown the tokens of callers.
    pub client: Option<KnownClient>,
    /// For `oauth_authorization_code`: where browsers are sent back to; the address that the server has unless told, else a
    /// page of the gate's own for this server.
    pub redirect_uri: Option<UrlText>,
    /// Whether to register anew where a registration at the same issuer could be kept; false unless told.
    pub register_anew: Option<bool>,
}

/// What was found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DiscoveredAuthorization {
    /// The authorization server's identifier.
    pub issuer: UrlText,
    /// How the gate is known there. With `required` nothing was changed.
    pub registration: ClientRegistration,
    /// What the server names beyond the scopes that are asked for, as it says itself. Nobody asks for it until an admin sends
    /// it as `scope`, together with what is asked for now.
    pub wider_scope: Option<OauthScope>,
    /// The server as it stands now.
    pub server: McpServer,
}

/// Checks a server's health.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckMcpServerHealth {
    /// Server.
    pub server_id: ServerId,
}

/// Deletes a server softly.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteMcpServer {
    /// Server.
    pub server_id: ServerId,
}

/// Lists tools of a server, and what else it lists.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListMcpTools {
    /// Server.
    pub server_id: ServerId,
    /// Only tools, only prompts, only resources, or only templates.
    pub kind: Option<ItemKind>,
    /// Only tools in this state.
    pub status: Option<ToolStatus>,
    /// Page size.
    pub limit: Option<PageLimit>,
    /// Page start.
    pub cursor: Option<Cursor>,
}

/// Reads a tool.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetMcpTool {
    /// Server.
    pub server_id: ServerId,
    /// Tool.
    pub tool_id: ToolId,
}

/// Approves a tool.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveMcpTool {
    /// Server.
    pub server_id: ServerId,
    /// Tool.
    pub tool_id: ToolId,
    /// The definition hash that you have looked at; refused if the live one differs.
    #[schemars(length(equal = 64))]
    pub definition_hash: String,
}

/// Enables a tool.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnableMcpTool {
    /// Server.
    pub server_id: ServerId,
    /// Tool.
    pub tool_id: ToolId,
}

/// Disables a tool.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisableMcpTool {
    /// Server.
    pub server_id: ServerId,
    /// Tool.
    pub tool_id: ToolId,
}

/// Classifies a tool.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["server_id", "tool_id", "risk_level"]))]
pub struct SetMcpToolRiskLevel {
    /// Server.
    pub server_id: ServerId,
    /// Tool.
    pub tool_id: ToolId,
    /// The level, or null to go back to what was inferred. It replaces an unknown name's `high`; known signs of
    /// higher risk still win. It must be there, so that no empty request gives an override up.
    #[serde(deserialize_with = "Option::deserialize")]
    pub risk_level: Option<RiskLevel>,
}

/// Says who must approve calls of a tool.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMcpToolApproval {
    /// Server.
    pub server_id: ServerId,
    /// Tool.
    pub tool_id: ToolId,
    /// Nobody, anybody with authority, or somebody else than who asks.
    pub approval: ApprovalRule,
}

/// Says what a tool may do with data.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMcpToolFlows {
    /// Server.
    pub server_id: ServerId,
    /// Tool.
    pub tool_id: ToolId,
    /// Whether it reads what not everybody may read.
    pub private_reads: FlowLevel,
    /// Whether it reads what strangers may have written.
    pub untrusted_reads: FlowLevel,
    /// Whether it sends something to where others can read it.
    pub egress: FlowLevel,
}

/// Calls a tool, gets a prompt, or reads a resource.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvokeMcpTool {
    /// Server.
    pub server_id: ServerId,
    /// Tool.
    pub tool_id: ToolId,
    /// Arguments, at most 256 KiB in canonical form; `{}` unless told. A prompt's are texts; a resource has none, and a
    /// resource template one: the `uri` that is to be read.
    #[serde(default)]
    pub arguments: Map<String, Value>,
    /// The agent's run.
    pub run_id: Option<RunId>,
    /// Step within the run.
    pub step_index: Option<u32>,
}

/// Lists invocations.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetMcpInvocations {
    /// Only of this server.
    pub server_id: Option<ServerId>,
    /// Only of this run.
    pub run_id: Option<RunId>,
    /// Only with this outcome.
    pub outcome: Option<InvocationOutcome>,
    /// Page size.
    pub limit: Option<PageLimit>,
    /// Page start.
    pub cursor: Option<Cursor>,
}

/// Reads one invocation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetMcpInvocation {
    /// Invocation.
    pub invocation_id: InvocationId,
}

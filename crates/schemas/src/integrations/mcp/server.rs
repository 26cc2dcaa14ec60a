//! A registered MCP server.

use schemars::JsonSchema;
use serde::Serialize;

use super::input::InputKind;
use super::oauth::UpstreamOauth;
use super::tool::ItemKind;
use crate::ids::{ServerId, TenantId};
use crate::text::{CredentialRefText, Description, HeaderNameText, Name, Tag, UrlText};
use crate::timestamp::Timestamp;

string_enum!(
    /// Life of a server.
    McpServerStatus {
        /// Registered, never discovered.
        Pending = "pending",
        /// Discovered and healthy.
        Active = "active",
        /// One or two health checks in a row have failed; calls go on.
        Degraded = "degraded",
        /// Three or more have failed; calls are refused.
        Offline = "offline",
        /// An admin has disabled it; only an admin enables it again.
        Disabled = "disabled",
        /// The last discovery failed.
        Error = "error",
        /// Deleted softly: it and its invocations stay for the auditor, its name and URL are free again.
        Deleted = "deleted",
    }
);

string_enum!(
    /// How a server is reached.
    McpTransport {
        /// Streamable HTTP. The URL's scheme is `https`, or `http` for an origin that the operator has waived.
        Http = "http",
        /// Refused: the gateway starts no processes.
        Stdio = "stdio",
        /// Refused: HTTP+SSE of 2024-11-05 is deprecated by the specification.
        Sse = "sse",
        /// Refused: not a transport of the specification.
        Websocket = "websocket",
    }
);

string_enum!(
    /// How we authenticate to a server.
    McpAuthType {
        /// Not at all.
        None = "none",
        /// The secret as the value of a header of your choice; `X-API-Key` unless named.
        ApiKey = "api_key",
        /// `Authorization: Bearer` and the secret.
        Bearer = "bearer",
        /// `Authorization: Basic`; the secret is `user:password`.
        Basic = "basic",
        /// `Authorization: Bearer` and a token that the secret is exchanged for at a token endpoint (RFC 6749 section 4.4).
        OauthClientCredentials = "oauth_client_credentials",
        /// `Authorization: Bearer` and a token of the caller's own account, which they have connected (RFC 6749 section 4.1).
        OauthAuthorizationCode = "oauth_authorization_code",
        /// `Authorization: Bearer` and a token that the caller's own access token is exchanged for (RFC 8693).
        OauthTokenExchange = "oauth_token_exchange",
    }
);

impl McpAuthType {
    /// Whether its secret is a client's, and is exchanged for a bearer token.
    pub const fn is_oauth(self) -> bool {
        matches!(self, Self::OauthClientCredentials | Self::OauthAuthorizationCode | Self::OauthTokenExchange)
    }
}

string_enum!(
    /// Which protocol version to speak: found by probing, or pinned by an admin.
    ProtocolPin {
        /// Probe the modern version first, then fall back (MCP 2026-07-28, versioning).
        Auto = "auto",
        /// Modern only.
        V2026_07_28 = "2026-07-28",
        /// Legacy only.
        V2025_11_25 = "2025-11-25",
        /// Legacy only.
        V2025_06_18 = "2025-06-18",
        /// Legacy only.
        V2025_03_26 = "2025-03-26",
    }
);

string_enum!(
    /// When the definitions of a server's tools are compared with what was approved.
    DefinitionCheck {
        /// Whenever its list is read: at the first call after that is due, and when the server tells of a change.
        WhenDue = "when_due",
        /// Before each call, by reading the list for it. A call whose list cannot be read is refused.
        EachCall = "each_call",
    }
);

/// A server as its tenant sees it. Holds a credential's reference at most, never a secret.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct McpServer {
    /// Id.
    pub server_id: ServerId,
    /// Owner.
    pub tenant_id: TenantId,
    /// Unique among the tenant's servers that are not deleted.
    pub name: Name,
    /// What it is for.
    pub description: Option<Description>,
    /// Endpoint, canonical; unique among the tenant's servers that are not deleted.
    pub url: UrlText,
    /// Transport.
    pub transport: McpTransport,
    /// Authentication.
    pub auth_type: McpAuthType,
    /// The header for `api_key`.
    pub auth_header: Option<HeaderNameText>,
    /// For the types of OAuth: whom to ask for tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth: Option<UpstreamOauth>,
    /// Where the secret is.
    pub credential_ref: Option<CredentialRefText>,
    /// Version pin.
    pub protocol: ProtocolPin,
    /// What it may ask of the agents that call it, where their clients say that they can be asked; nothing unless an admin
    /// has named it. Sorted.
    pub agent_input: Vec<InputKind>,
    /// When its definitions are checked.
    pub definition_check: DefinitionCheck,
    /// Life.
    pub status: McpServerStatus,
    /// The version spoken at the last discovery.
    pub protocol_version: Option<String>,
    /// Names of the capabilities that the server declared, sorted. Beside one of lists whose changes the server tells of
    /// stands its flag: `tools.listChanged`.
    pub capabilities: Vec<String>,
    /// Hash over the declared capabilities in canonical form (RFC 8785).
    pub capabilities_hash: Option<String>,
    /// Tools present at the last discovery, with prompts and resources.
    pub tool_count: u32,
    /// Health checks failed in a row.
    pub health_check_failures: u32,
    /// Last health check.
    pub last_health_check_at: Option<Timestamp>,
    /// Last discovery.
    pub last_discovery_at: Option<Timestamp>,
    /// Code of the last failure of discovery or health.
    pub last_error: Option<String>,
    /// Whether every new tool needs an approval before its first call. Always true in this version.
    pub requires_approval: bool,
    /// Labels.
    pub tags: Vec<Tag>,
    /// Name of the key that registered it.
    pub created_by: String,
    /// Registered.
    pub registered_at: Timestamp,
    /// Last changed.
    pub updated_at: Timestamp,
    /// Deleted softly.
    pub deleted_at: Option<Timestamp>,
    /// Counts changes; an update must match it.
    pub version: u64,
}

/// What a discovery found and changed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct McpDiscoveryResult {
    /// Server.
    pub server_id: ServerId,
    /// Its state afterwards.
    pub status: McpServerStatus,
    /// The version spoken.
    pub protocol_version: String,
    /// Names of declared capabilities.
    pub capabilities: Vec<String>,
    /// Tools, prompts and resources listed by the server and not refused.
    pub tools_found: u32,
    /// Seen for the first time; quarantined until approved.
    pub tools_added: u32,
    /// Definition differs from the pin; quarantined again.
    pub tools_changed: u32,
    /// No longer listed; disabled.
    pub tools_vanished: u32,
    /// Refused definitions, with the reason.
    pub refused: Vec<RefusedDefinition>,
    /// Incidents that this discovery opened.
    pub incidents: Vec<crate::ids::IncidentId>,
}

/// A definition that was not admitted.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RefusedDefinition {
    /// What it would be.
    pub kind: ItemKind,
    /// The tool's name if it can be shown (visible ASCII), else its position as `#3`; `*` for a whole list.
    pub tool: String,
    /// The rule: `hidden_characters`, `name`, `schema`, `too_large`, `duplicate_name`, ...
    pub rule: String,
    /// What was found, in our words; for hidden characters their code points.
    pub detail: String,
}

/// What a health check found.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct McpHealthResult {
    /// Server.
    pub server_id: ServerId,
    /// Whether it answered as a server of its version must.
    pub is_healthy: bool,
    /// State afterwards.
    pub status: McpServerStatus,
    /// Round trip in milliseconds, if it answered.
    pub latency_ms: Option<u64>,
    /// Failures in a row.
    pub health_check_failures: u32,
    /// Code of the failure.
    pub error_code: Option<String>,
}

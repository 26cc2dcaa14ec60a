//! What an MCP server lists (tools, prompts, resources and their templates), its pin and its risk.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{ServerId, TenantId, ToolId};
use crate::json::RawJson;
use crate::timestamp::Timestamp;

string_enum!(
    /// What a server lists. Whatever it is, it is discovered, pinned, approved, permitted and recorded in the same way,
    /// and called a tool where nothing depends on the difference.
    ItemKind {
        /// Called by models, with arguments.
        Tool = "tool",
        /// Texts for a conversation, made from arguments.
        Prompt = "prompt",
        /// Content under a URI.
        Resource = "resource",
        /// Contents under all URIs of one form (RFC 6570, level 1).
        ResourceTemplate = "resource_template",
    }
);

impl Default for ItemKind {
    /// Of what was stored before there were others.
    fn default() -> Self {
        Self::Tool
    }
}

string_enum!(
    /// How much harm a tool can do. Ordered: the worst of all signs wins.
    RiskLevel {
        /// Reads.
        Low = "low",
        /// Changes what is there.
        Medium = "medium",
        /// Writes, executes, or of unknown nature.
        High = "high",
        /// Destroys.
        Critical = "critical",
    }
);

string_enum!(
    /// Whether a person has approved the definition that is live now.
    ToolStatus {
        /// New or changed; it cannot be called.
        Quarantined = "quarantined",
        /// The live definition is the pinned one.
        Approved = "approved",
    }
);

string_enum!(
    /// Why a tool is quarantined.
    QuarantineReason {
        /// Seen for the first time.
        New = "new",
        /// Its definition differs from the pin.
        DefinitionChanged = "definition_changed",
        /// The server's URL was changed.
        ServerUrlChanged = "server_url_changed",
    }
);

/// What the server says of a tool's behaviour (MCP `ToolAnnotations`). Untrusted: it raises risk, never lowers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolAnnotations {
    /// `readOnlyHint`, if given.
    pub read_only: Option<bool>,
    /// `destructiveHint`, if given.
    pub destructive: Option<bool>,
    /// `idempotentHint`, if given.
    pub idempotent: Option<bool>,
    /// `openWorldHint`, if given.
    pub open_world: Option<bool>,
}

/// A tool, or whatever else a server lists, as its tenant's admins see it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct McpTool {
    /// Id; stays when the definition changes.
    pub tool_id: ToolId,
    /// Server.
    pub server_id: ServerId,
    /// Owner.
    pub tenant_id: TenantId,
    /// What it is.
    pub kind: ItemKind,
    /// Name on the server: 1 to 128 of `A-Za-z0-9_.-`, unique per server and kind, also without regard to case. Of a
    /// resource its URI, of a template its URI template: at most 1024 of visible ASCII.
    pub name: String,
    /// Title or description as the server gives it; untrusted.
    pub description: Option<String>,
    /// The whole definition, byte for byte as the server gave it.
    pub definition: RawJson,
    /// SHA-256 of the definition in canonical form (RFC 8785), 64 hex digits.
    pub definition_hash: String,
    /// The hash that a person approved, if one has.
    pub pinned_hash: Option<String>,
    /// Whether it may be called as far as its definition goes.
    pub status: ToolStatus,
    /// Why not.
    pub quarantine_reason: Option<QuarantineReason>,
    /// Whether an admin lets it be called. Vanished tools are disabled.
    pub enabled: bool,
    /// When the server stopped listing it.
    pub vanished_at: Option<Timestamp>,
    /// Behaviour hints.
    pub annotations: ToolAnnotations,
    /// Risk from the name's tokens and the annotations.
    pub risk_inferred: RiskLevel,
    /// Whether a token of the name is in the keyword table. If not, `risk_inferred` is at least high.
    pub risk_known: bool,
    /// An admin's classification; survives re-discovery.
    pub risk_override: Option<RiskLevel>,
    /// The risk that policies see.
    pub risk_level: RiskLevel,
    /// Name of the key that approved the pin.
    pub approved_by: Option<String>,
    /// When.
    pub approved_at: Option<Timestamp>,
    /// Calls sent.
    pub invocation_count: u64,
    /// Calls that failed.
    pub failure_count: u64,
    /// Last call.
    pub last_invoked_at: Option<Timestamp>,
    /// First seen.
    pub discovered_at: Timestamp,
    /// Last changed.
    pub updated_at: Timestamp,
    /// Counts changes.
    pub version: u64,
}

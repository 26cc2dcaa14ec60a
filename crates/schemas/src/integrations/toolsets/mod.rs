//! Toolsets: named selections of a tenant's tools, prompts and resources, each under one URL, for the keys that it names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::{KeyId, ServerId, TenantId, ToolId, ToolsetId};
use crate::integrations::mcp::tool::ItemKind;
use crate::text::Description;
use crate::timestamp::Timestamp;

pub mod names;
pub mod operations;
pub mod ports;

pub use names::{CALL_TOOL, ExposedName, ExposedToolName, SEARCH_TOOLS, ToolsetName};

string_enum!(
    /// How much of a toolset agents are shown at once.
    ToolDisclosure {
        /// Every tool with its whole definition.
        All = "all",
        /// Two tools, `search_tools` and `call_tool`: definitions come as they are asked for.
        Search = "search",
    }
);

/// A selection of tools as its tenant's admins see it. An agent sees those of its tools that may be called just now.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Toolset {
    /// Id.
    pub toolset_id: ToolsetId,
    /// Owner.
    pub tenant_id: TenantId,
    /// The last part of its URL; unique in the tenant.
    pub name: ToolsetName,
    /// What it is for; agents get it as the instructions of the server.
    pub description: Option<Description>,
    /// Its tools by the names that agents see, in the order of those names.
    pub tools: Vec<ToolsetTool>,
    /// The keys that may use it. Nobody unless listed.
    pub keys: Vec<KeyId>,
    /// How much agents are shown at once.
    pub disclosure: ToolDisclosure,
    /// Created.
    pub created_at: Timestamp,
    /// Last changed.
    pub updated_at: Timestamp,
    /// Counts changes, from 1.
    pub version: u64,
}

/// A tool of a toolset, or what else its server lists, and how agents see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolsetTool {
    /// What it is.
    #[serde(default)]
    pub kind: ItemKind,
    /// The name that agents see; unique in the toolset among those of its kind, also without regard to case. A resource
    /// keeps its URI, and a template its URI template.
    pub name: ExposedName,
    /// Server.
    pub server_id: ServerId,
    /// Tool.
    pub tool_id: ToolId,
    /// Shown to agents in place of the server's description, and marked as the admin's.
    pub description: Option<Description>,
    /// Arguments that the gate sets. Agents neither see them nor may give them.
    #[serde(default)]
    pub fixed_arguments: Map<String, Value>,
    /// Arguments that agents neither see nor may give, and that are not sent.
    #[serde(default)]
    pub hidden_arguments: Vec<String>,
}

/// A tool as an agent sees it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OfferedTool {
    /// What it is.
    pub kind: ItemKind,
    /// Its name here.
    pub name: ExposedName,
    /// The MCP definition, with this name, and without what is hidden.
    pub definition: crate::json::RawJson,
}

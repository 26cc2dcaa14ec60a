//! The operations `integrations.toolsets.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ExposedName, ExposedToolName, OfferedTool, ToolDisclosure, Toolset, ToolsetName};
use crate::ids::{KeyId, ServerId, ToolId, ToolsetId};
use crate::integrations::mcp::invocation::InvokeToolResult;
use crate::integrations::mcp::tool::ItemKind;
use crate::operation::operations;
use crate::paging::{Cursor, Page, PageLimit};
use crate::text::{Description, RunId, SearchText};

operations! {
    CreateToolset => Toolset, "integrations.toolsets.create_toolset", Admin, Write,
        "Select tools and give them to agents under one URL";
    GetToolset => Toolset, "integrations.toolsets.get_toolset", Read, Read, "Read one toolset";
    ListToolsets => Page<Toolset>, "integrations.toolsets.list_toolsets", Read, Read, "List toolsets, newest first";
    UpdateToolset => Toolset, "integrations.toolsets.update_toolset", Admin, Write,
        "Change a toolset; it holds for the next request";
    DeleteToolset => Toolset, "integrations.toolsets.delete_toolset", Admin, Write, "Delete a toolset";
    OpenToolset => OpenedToolset, "integrations.toolsets.open_toolset", Invoke, Read,
        "Look whether this key may use a toolset";
    ListOfferedTools => Page<OfferedTool>, "integrations.toolsets.list_offered_tools", Invoke, Read,
        "List the tools, prompts or resources of a toolset that this key may use just now, by name";
    SearchOfferedTools => FoundTools, "integrations.toolsets.search_offered_tools", Invoke, Read,
        "Find tools of a toolset that this key may call just now, by words";
    CallOfferedTool => InvokeToolResult, "integrations.toolsets.call_offered_tool", Invoke, Call,
        "Call a tool by its name in a toolset, through policy, credentials and the trail";
    GetOfferedPrompt => InvokeToolResult, "integrations.toolsets.get_offered_prompt", Invoke, Call,
        "Get a prompt by its name in a toolset, through policy, credentials and the trail";
    ReadOfferedResource => InvokeToolResult, "integrations.toolsets.read_offered_resource", Invoke, Call,
        "Read a resource of a toolset, through policy, credentials and the trail";
    CompleteOfferedArgument => InvokeToolResult, "integrations.toolsets.complete_offered_argument", Invoke, Call,
        "Complete an argument of a prompt or of a resource template, through policy, credentials and the trail";
}

/// A tool to be selected, or a prompt, a resource or a template.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolSelection {
    /// Server.
    pub server_id: ServerId,
    /// Tool.
    pub tool_id: ToolId,
    /// The name that agents see; unless told, the server's name and the tool's, joined by `__`. Resources and templates
    /// keep their URIs and take none.
    pub name: Option<ExposedToolName>,
    /// Shown to agents in place of the server's description.
    pub description: Option<Description>,
    /// Arguments of a tool that the gate sets; agents neither see them nor may give them.
    #[serde(default)]
    pub fixed_arguments: Map<String, Value>,
    /// Arguments of a tool that agents neither see nor may give. At most 64.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub hidden_arguments: Vec<String>,
}

/// Creates a toolset.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToolset {
    /// The last part of its URL, `/mcp/{name}`; unique in the tenant.
    pub name: ToolsetName,
    /// What it is for; agents get it as the server's instructions.
    pub description: Option<Description>,
    /// Its tools, at most 1000.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub tools: Vec<ToolSelection>,
    /// The keys that may use it; nobody unless listed. At most 256.
    #[serde(default)]
    #[schemars(length(max = 256))]
    pub keys: Vec<KeyId>,
    /// How much agents are shown at once; `all` unless told.
    pub disclosure: Option<ToolDisclosure>,
}

/// Reads a toolset.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetToolset {
    /// Toolset.
    pub toolset_id: ToolsetId,
}

/// Lists toolsets.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListToolsets {
    /// Page size.
    pub limit: Option<PageLimit>,
    /// Page start.
    pub cursor: Option<Cursor>,
}

/// Changes a toolset. Absent fields stay as they are.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateToolset {
    /// Toolset.
    pub toolset_id: ToolsetId,
    /// The version that you have read; the change is refused if the toolset has moved on.
    pub expected_version: Option<u64>,
    /// New description.
    pub description: Option<Description>,
    /// All tools from now on, at most 1000.
    #[schemars(length(max = 1000))]
    pub tools: Option<Vec<ToolSelection>>,
    /// All keys from now on, at most 256.
    #[schemars(length(max = 256))]
    pub keys: Option<Vec<KeyId>>,
    /// How much agents are shown at once from now on.
    pub disclosure: Option<ToolDisclosure>,
}

/// Deletes a toolset.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteToolset {
    /// Toolset.
    pub toolset_id: ToolsetId,
}

/// Opens a toolset.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenToolset {
    /// Its name.
    pub toolset: ToolsetName,
}

/// A toolset as an agent may know it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OpenedToolset {
    /// Its name.
    pub name: ToolsetName,
    /// What it is for.
    pub description: Option<Description>,
    /// How much agents are shown at once.
    pub disclosure: ToolDisclosure,
    /// Kinds of what it holds, in order.
    pub kinds: Vec<ItemKind>,
    /// Whether arguments of its prompts or templates can be completed, as far as their servers say.
    pub completes: bool,
}

/// Lists what a toolset holds of one kind, as an agent sees it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListOfferedTools {
    /// The toolset's name.
    pub toolset: ToolsetName,
    /// Of which kind; tools unless told.
    pub kind: Option<ItemKind>,
    /// Page size.
    pub limit: Option<PageLimit>,
    /// Page start; it is good for this key and toolset only.
    pub cursor: Option<Cursor>,
}

/// Finds tools of a toolset.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchOfferedTools {
    /// The toolset's name.
    pub toolset: ToolsetName,
    /// What the tool should do, in a few words.
    pub query: SearchText,
}

/// What was found, the best first; at most 10.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FoundTools {
    /// Tools with their whole definitions.
    pub tools: Vec<OfferedTool>,
}

/// A header line by which a request mirrored an argument (`Mcp-Param-*`, MCP 2026-07-28, streamable HTTP).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MirroredHeader {
    /// Name.
    pub name: String,
    /// Value, as it came.
    pub value: String,
}

/// Calls a tool of a toolset.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallOfferedTool {
    /// The toolset's name.
    pub toolset: ToolsetName,
    /// The tool's name in it.
    pub tool: ExposedToolName,
    /// Arguments, at most 256 KiB in canonical form; `{}` unless told.
    #[serde(default)]
    pub arguments: Map<String, Value>,
    /// The header lines that mirror arguments, to be compared with them; absent where nothing had to be mirrored.
    pub mirrored: Option<Vec<MirroredHeader>>,
    /// The agent's run.
    pub run_id: Option<RunId>,
    /// Step within the run.
    pub step_index: Option<u32>,
}

/// Gets a prompt of a toolset.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetOfferedPrompt {
    /// The toolset's name.
    pub toolset: ToolsetName,
    /// The prompt's name in it.
    pub prompt: ExposedToolName,
    /// Arguments, all of them texts; `{}` unless told.
    #[serde(default)]
    pub arguments: Map<String, Value>,
    /// The agent's run.
    pub run_id: Option<RunId>,
    /// Step within the run.
    pub step_index: Option<u32>,
}

/// Reads a resource of a toolset: one that it holds, or one that a template which it holds stands for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadOfferedResource {
    /// The toolset's name.
    pub toolset: ToolsetName,
    /// URI.
    pub uri: ExposedName,
    /// The agent's run.
    pub run_id: Option<RunId>,
    /// Step within the run.
    pub step_index: Option<u32>,
}

/// Asks for values that would complete an argument.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteOfferedArgument {
    /// The toolset's name.
    pub toolset: ToolsetName,
    /// `prompt` or `resource_template`.
    pub kind: ItemKind,
    /// The prompt's name, or the URI template.
    pub name: ExposedName,
    /// The argument that is being written.
    pub argument: StartedArgument,
    /// The arguments that are there already, all of them texts.
    #[serde(default)]
    pub arguments: Map<String, Value>,
    /// The run that this belongs to.
    #[serde(default)]
    pub run_id: Option<RunId>,
}

/// An argument that is being written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartedArgument {
    /// Its name.
    pub name: String,
    /// What is there of its value.
    pub value: String,
}

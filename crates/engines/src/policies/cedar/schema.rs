//! What policies can speak of: the Cedar schema, and its names ready for use.

use cedar_policy::{EntityTypeName, EntityUid, Schema};
use portcullis_schemas::integrations::mcp::tool::ItemKind;

/// The schema that every policy must fit. Names and types are a contract: tenants write policies against them.
pub const SCHEMA: &str = r#"// Who calls: an API key, by its id ("key_...").
entity Actor = {
  // The key's name.
  "name": String,
  // "human", "machine" or "system".
  "kind": String,
};

// A registered MCP server, by its id ("mcp_...").
entity Server = {
  "name": String,
  "tags": Set<String>,
};

// A tool, a prompt, a resource or a resource template, by its id ("tool_..."). It is in its server:
// resource in Server::"mcp_...".
entity Tool in [Server] = {
  // "tool", "prompt", "resource" or "resource_template".
  "kind": String,
  // Its name on its server; a resource's URI, a template's URI template.
  "name": String,
  // 0 low, 1 medium, 2 high, 3 critical; the worst of all signs, or an admin's classification.
  "risk": Long,
  // "low", "medium", "high" or "critical".
  "risk_level": String,
  // The server claims that the tool only reads. A claim, not a fact. Of whatever is no tool it is true.
  "read_only": Bool,
};

// A permit whose head names no action is about "call_tool" alone: who permits tools has not thereby permitted the rest.
// Name an action, or several, to permit it: action in [Action::"get_prompt", Action::"read_resource"]. A forbid whose head
// names no action forbids everything.

// A call.
type Call = {
  // The agent's run, if the caller named one; test with `context has run_id`.
  "run_id"?: String,
  // The toolset that it comes through, by its name, if the caller did not name the tool itself; test with
  // `context has toolset`.
  "toolset"?: String,
  // As resource.risk.
  "risk": Long,
  // What the run has touched, with this call: 0 no, 1 maybe, 2 yes. The run is what the caller names, or all that the key
  // calls without naming one; it is kept account of while some policy looks at this.
  "flows": {
    // Read what not everybody may read.
    "private_reads": Long,
    // Read what strangers may have written.
    "untrusted_reads": Long,
    // Sent something to where others can read it.
    "egress": Long,
  },
};

action "call_tool" appliesTo { principal: [Actor], resource: [Tool], context: Call };

// Get a prompt, or complete one of its arguments.
action "get_prompt" appliesTo { principal: [Actor], resource: [Tool], context: Call };

// Read a resource, or one of those that a template stands for; or complete a variable of a template.
action "read_resource" appliesTo { principal: [Actor], resource: [Tool], context: Call };
"#;

/// Its actions, as messages name them.
pub(super) const ACTIONS: [&str; 3] =
    [r#"Action::"call_tool""#, r#"Action::"get_prompt""#, r#"Action::"read_resource""#];

/// The parsed schema and the names that requests are built from.
pub(super) struct Vocabulary {
    pub(super) schema: Schema,
    pub(super) actor: EntityTypeName,
    pub(super) server: EntityTypeName,
    pub(super) tool: EntityTypeName,
    call_tool: EntityUid,
    get_prompt: EntityUid,
    read_resource: EntityUid,
}

impl Vocabulary {
    pub(super) fn new() -> Self {
        let (schema, _warnings) =
            Schema::from_cedarschema_str(SCHEMA).expect("the schema is a constant that a test parses");
        let [call_tool, get_prompt, read_resource] =
            ACTIONS.map(|name| name.parse().expect("actions are constants that a test parses"));
        let entity_type = |name: &str| name.parse().expect("entity types are constants that a test parses");
        Self {
            schema,
            actor: entity_type("Actor"),
            server: entity_type("Server"),
            tool: entity_type("Tool"),
            call_tool,
            get_prompt,
            read_resource,
        }
    }

    /// What is done with an item of this kind.
    pub(super) fn action_on(&self, kind: ItemKind) -> &EntityUid {
        match kind {
            ItemKind::Tool => &self.call_tool,
            ItemKind::Prompt => &self.get_prompt,
            _ => &self.read_resource,
        }
    }
}

//! What policies can speak of: the Cedar schema, and its names ready for use.

use cedar_policy::{EntityTypeName, EntityUid, Schema};

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

// A tool, by its id ("tool_..."). It is in its server: resource in Server::"mcp_...".
entity Tool in [Server] = {
  // The tool's name on its server.
  "name": String,
  // 0 low, 1 medium, 2 high, 3 critical; the worst of all signs, or an admin's classification.
  "risk": Long,
  // "low", "medium", "high" or "critical".
  "risk_level": String,
  // The server claims that the tool only reads. A claim, not a fact.
  "read_only": Bool,
};

action "call_tool" appliesTo {
  principal: [Actor],
  resource: [Tool],
  context: {
    // The agent's run, if the caller named one; test with `context has run_id`.
    "run_id"?: String,
    // As resource.risk.
    "risk": Long,
    // What the run has touched, with this call: 0 no, 1 maybe, 2 yes. The run is what the caller names, or all that the
    // key calls without naming one; it is kept account of while some policy looks at this.
    "flows": {
      // Read what not everybody may read.
      "private_reads": Long,
      // Read what strangers may have written.
      "untrusted_reads": Long,
      // Sent something to where others can read it.
      "egress": Long,
    },
  },
};
"#;

/// The parsed schema and the names that requests are built from.
pub(super) struct Vocabulary {
    pub(super) schema: Schema,
    pub(super) actor: EntityTypeName,
    pub(super) server: EntityTypeName,
    pub(super) tool: EntityTypeName,
    pub(super) call_tool: EntityUid,
}

impl Vocabulary {
    pub(super) fn new() -> Self {
        let (schema, _warnings) =
            Schema::from_cedarschema_str(SCHEMA).expect("the schema is a constant that a test parses");
        let entity_type = |name: &str| name.parse().expect("entity types are constants that a test parses");
        Self {
            schema,
            actor: entity_type("Actor"),
            server: entity_type("Server"),
            tool: entity_type("Tool"),
            call_tool: r#"Action::"call_tool""#.parse().expect("the action is a constant that a test parses"),
        }
    }
}

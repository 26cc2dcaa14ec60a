//! Policies to start from. Each is valid as it stands; those that name a server, a tool or a key hold a placeholder
//! id that matches nothing until it is replaced.

use portcullis_schemas::policies::PolicyTemplate;

/// Every template, the most careful first.
pub fn templates() -> Vec<PolicyTemplate> {
    TEMPLATES.to_vec()
}

const TEMPLATES: &[PolicyTemplate] = &[
    PolicyTemplate {
        name: "allow-one-tool-for-one-key",
        description: "Permits one key to call one tool, whatever its risk. Replace both ids.",
        text: r#"permit (
  principal == Actor::"key_00000000000000000000000000",
  action == Action::"call_tool",
  resource == Tool::"tool_00000000000000000000000000"
);
"#,
    },
    PolicyTemplate {
        name: "allow-one-server",
        description: "Permits every key to call the tools of one server, high risk at most. Replace the id.",
        text: r#"permit (
  principal,
  action == Action::"call_tool",
  resource in Server::"mcp_00000000000000000000000000"
)
when { resource.risk <= 2 };
"#,
    },
    PolicyTemplate {
        name: "read-only-tools",
        description: "Permits every key to call low-risk tools whose server says that they only read.",
        text: r#"// The server's claim alone is not trusted: the risk must be low as well.
permit (principal, action == Action::"call_tool", resource)
when { resource.read_only && resource.risk == 0 };
"#,
    },
    PolicyTemplate {
        name: "allow-low-risk-tools",
        description: "Permits every key to call tools of low risk.",
        text: r#"permit (principal, action == Action::"call_tool", resource)
when { resource.risk == 0 };
"#,
    },
    PolicyTemplate {
        name: "allow-up-to-medium",
        description: "Permits every key to call tools of low and medium risk.",
        text: r#"permit (principal, action == Action::"call_tool", resource)
when { resource.risk <= 1 };
"#,
    },
    PolicyTemplate {
        name: "ask-a-person-above-medium",
        description: "Forbids calls of high-risk tools unless a person approves each of them. It permits nothing by itself.",
        text: r#"// "four_eyes" in place of "required": whoever asks may not be the one who approves.
@approval("required")
forbid (principal, action, resource)
when { resource.risk >= 2 };
"#,
    },
    PolicyTemplate {
        name: "permit-one-server-on-approval",
        description: "Permits every key to call the tools of one server, each call once a person has approved it. Replace the id.",
        text: r#"@approval("required")
permit (
  principal,
  action == Action::"call_tool",
  resource in Server::"mcp_00000000000000000000000000"
);
"#,
    },
    PolicyTemplate {
        name: "allow-prompts-and-resources",
        description: "Permits every key to get prompts and to read resources of one server. Replace the id.",
        text: r#"permit (
  principal,
  action in [Action::"get_prompt", Action::"read_resource"],
  resource in Server::"mcp_00000000000000000000000000"
);
"#,
    },
    PolicyTemplate {
        name: "no-way-out-for-private-data",
        description: "Forbids calls of a run that has read private data and what strangers wrote, and sends something out; \
                      where one of the three is only possible, a person must approve. It permits nothing by itself.",
        text: r#"// What a run has touched, with this call: 0 no, 1 maybe, 2 yes. Say of each tool what it does (`set_tool_flows`): a
// tool of which nobody has said anything may do all three.
forbid (principal, action, resource)
when {
  context.flows.private_reads == 2 && context.flows.untrusted_reads == 2 && context.flows.egress == 2
};

@approval("required")
forbid (principal, action, resource)
when {
  context.flows.private_reads >= 1 && context.flows.untrusted_reads >= 1 && context.flows.egress >= 1
};
"#,
    },
    PolicyTemplate {
        name: "through-toolsets-only",
        description: "Forbids machines to call what they name themselves: they get what a toolset offers them, with the \
                      arguments that it fixes. It permits nothing by itself.",
        text: r#"// `context.toolset == "support"` would be one toolset alone.
forbid (principal, action, resource)
when { principal.kind == "machine" }
unless { context has toolset };
"#,
    },
    PolicyTemplate {
        name: "forbid-critical",
        description: "Forbids calls of critical tools, even where another policy permits them.",
        text: r#"forbid (principal, action == Action::"call_tool", resource)
when { resource.risk >= 3 };
"#,
    },
];

#[cfg(test)]
mod tests {
    use portcullis_schemas::text::PolicyText;

    use super::*;
    use crate::policies::cedar::CedarToolPolicy;

    #[test]
    fn every_template_is_valid_as_it_stands() {
        let engine = CedarToolPolicy::new();
        for template in templates() {
            let text = PolicyText::new(template.text).unwrap();
            assert_eq!(engine.problems(&text), Vec::new(), "{}", template.name);
        }
    }

    #[test]
    fn templates_are_a_contract() {
        let listed: Vec<String> =
            templates().iter().map(|t| format!("# {}\n# {}\n{}", t.name, t.description, t.text)).collect();
        insta::assert_snapshot!(listed.join("\n"));
    }
}

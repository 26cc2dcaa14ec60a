//! LA-604: each operation says what its caller must hold.

use super::exemptions::called;
use crate::config::Config;
use crate::inventory;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-604",
    title: "each operation declares a known authority",
    why: "What an operation does not ask for, nobody checks. Declared beside the name, it is read in every review and \
          stands in the contract.",
    fix: "Give the declaration one of [operations] authorities; a new authority goes into that list first.",
    blind: "whether dispatch compares it with what the caller holds.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[operations]\ncrates = [\"words\"]\nauthorities = [\"Read\", \"Admin\"]\n\
              trait = { name = \"Operation\", constants = { name = \"NAME\", authority = \"AUTHORITY\" } }\n",
        bad: &[(
            "crates/words/src/lib.rs",
            "impl Operation for GetTool { const NAME: &'static str = \"tools.tools.get_tool\"; }",
        )],
        good: &[(
            "crates/words/src/lib.rs",
            "impl Operation for GetTool {\n    const NAME: &'static str = \"tools.tools.get_tool\";\n    \
             const AUTHORITY: Authority = Authority::Read;\n}",
        )],
        finds: "tools.tools.get_tool declares no authority",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let known = &config.operations.as_ref()?.authorities;
    if known.is_empty() {
        return None;
    }
    let mut checked = Checked::new();
    for operation in inventory::operations(workspace, config) {
        checked.matched += 1;
        let name = called(&operation);
        let message = match &operation.authority {
            Some(authority) if known.contains(authority) => continue,
            Some(authority) => format!("{name} declares {authority}, which is none of: {}", known.join(", ")),
            None => format!("{name} declares no authority; give it one of: {}", known.join(", ")),
        };
        checked.report(operation.declared.clone(), name, message);
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[operations]\ncrates = [\"words\"]\nauthorities = [\"Read\"]\n\
        macro = { name = \"operations\", texts = [\"name\", \"summary\"], idents = [\"authority\", \"effect\"] }";

    fn found(row: &str) -> Vec<String> {
        let text = format!("operations! {{ {row}; }}");
        Ws::default().file("words", "src/lib.rs", &text).findings("LA-604", CONFIG)
    }

    #[test]
    fn must_fire() {
        let cases = [
            (
                "Get => Tool, \"tools.get\", Root, Read, \"Get\"",
                "tools.get declares Root, which is none of: Read",
            ),
            ("Get => Page<Tool>, \"tools.get\", Read, \"Get\"", "declares Tool, which is none of: Read"),
            ("Get => \"tools.get\", Read, \"Get\"", "tools.get declares no authority; give it one of: Read"),
        ];
        for (row, expected) in cases {
            let found = found(row);
            assert_eq!(found.len(), 1, "{row}");
            assert!(found[0].contains(expected), "{row}: {found:?}");
        }
    }

    #[test]
    fn must_not_fire() {
        assert_eq!(found("Get => Page<Tool>, \"tools.get\", Read, Write, \"Get\""), Vec::<String>::new());
    }
}

//! LA-603: the snapshot of the contract names every operation, and none that is gone.

use std::collections::BTreeSet;

use super::exemptions::called;
use crate::config::Config;
use crate::finding::Place;
use crate::inventory;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-603",
    title: "the contract's snapshot names every operation and no other",
    why: "Callers build on requests and answers as they are written down. An operation that the snapshot lacks can \
          change without anybody seeing it.",
    fix: "Run the test that writes the snapshot, read what changed, and accept it.",
    blind: "whether the schemas in the snapshot are those of the code: the test that writes it judges that.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[operations]\ncrates = [\"words\"]\ntrait = { name = \"Operation\", constants = { name = \"NAME\" } }\n\
              contract = { file = \"operations.snap\", key = \"name\" }\n",
        bad: &[("crates/words/src/lib.rs", DECLARED), ("operations.snap", "[]")],
        good: &[
            ("crates/words/src/lib.rs", DECLARED),
            ("operations.snap", "[{ \"name\": \"tools.tools.get_tool\" }]"),
        ],
        finds: "tools.tools.get_tool is not in operations.snap",
    },
    check,
};

const DECLARED: &str = "pub struct GetTool;\n\
                        impl Operation for GetTool { const NAME: &'static str = \"tools.tools.get_tool\"; }";

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let contract = config.operations.as_ref()?.contract.as_ref()?;
    let operations = inventory::operations(workspace, config);
    let mut checked = Checked::new();
    checked.matched = operations.len();
    let Some(text) = workspace.documents.get(&contract.file) else {
        let message = "is absent; write the contract down, or correct [operations] contract";
        checked.report(Place::file(&contract.file), "absent", message);
        return Some(checked);
    };
    for operation in operations.iter().filter(|operation| !operation.in_contract) {
        let name = called(operation);
        let message = format!("{name} is not in {}; run the test that writes it", contract.file);
        checked.report(operation.declared.clone(), name, message);
    }
    let declared: BTreeSet<_> = operations.iter().map(|operation| operation.name.as_str()).collect();
    let dots: BTreeSet<_> = declared.iter().map(|name| name.matches('.').count()).collect();
    for (name, line) in inventory::contract_names(text, &contract.key) {
        if dots.contains(&name.matches('.').count()) && !name.contains(' ') && !declared.contains(name) {
            let message = format!("names {name}, which no operation is called; run the test that writes it");
            checked.report(Place::line(&contract.file, line), name, message);
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Selection, evaluate};

    fn found(contract: Option<&str>) -> Vec<String> {
        let config = Config::parse(&format!("schema = 1\n{}", RULE.example.law)).expect("valid");
        let mut workspace = Workspace::default();
        workspace.plant("crates/words/src/lib.rs", DECLARED);
        if let Some(text) = contract {
            workspace.plant("operations.snap", text);
        }
        let report = evaluate(&workspace, &config, &Selection::one(&RULE));
        report.findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn must_fire() {
        assert_eq!(
            found(None),
            ["LA-603 operations.snap is absent; write the contract down, or correct [operations] contract"]
        );
        let gone = "[{ \"name\": \"tools.tools.get_tool\" },\n { \"name\": \"tools.tools.put_tool\" }]";
        assert_eq!(
            found(Some(gone)),
            ["LA-603 operations.snap:2 names tools.tools.put_tool, which no operation is called; \
              run the test that writes it"]
        );
    }

    #[test]
    fn other_names_are_no_operations() {
        let text = "[{ \"name\": \"tools.tools.get_tool\", \"of\": { \"name\": \"Tool\" } }]";
        assert_eq!(found(Some(text)), Vec::<String>::new());
    }
}

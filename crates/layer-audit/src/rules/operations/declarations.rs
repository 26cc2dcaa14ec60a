//! LA-608: each operation's name is declared once and says whose it is.

use std::collections::BTreeMap;

use super::exemptions::called;
use crate::config::Config;
use crate::finding::Place;
use crate::inventory::{self, OperationFact};
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-608",
    title: "each operation's name is declared once, in the agreed form",
    why: "Callers, trails and permissions hold the name for years. It says whose operation it is only if every name is \
          made alike.",
    fix: "Name it in small letters, digits and underscores, as many parts as [operations] name_parts says, a domain \
          of [domains] first.",
    blind: "names that are put together by the compiler.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[operations]\ncrates = [\"words\"]\nname_parts = 3\n\
              trait = { name = \"Operation\", constants = { name = \"NAME\" } }\n\
              [domains]\ncrates = []\ndomain = [{ name = \"tools\" }]\n",
        bad: &[(
            "crates/words/src/lib.rs",
            "impl Operation for GetTool { const NAME: &'static str = \"get-tool\"; }",
        )],
        good: &[(
            "crates/words/src/lib.rs",
            "impl Operation for GetTool { const NAME: &'static str = \"tools.tools.get_tool\"; }",
        )],
        finds: "`get-tool`",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let parts = config.operations.as_ref()?.name_parts;
    let domains = config.domains.as_ref().map(|domains| &domains.domains);
    let mut checked = Checked::new();
    let mut seen: BTreeMap<String, Place> = BTreeMap::new();
    for operation in inventory::operations(workspace, config) {
        checked.matched += 1;
        let name = called(&operation);
        if let Some(fault) = malformed(&operation, parts) {
            checked.report(operation.declared.clone(), name, fault);
            continue;
        }
        if domains.is_some_and(|domains| !domains.iter().any(|domain| domain.name == operation.domain)) {
            let message = format!("{name} begins with {}, which is none of [domains]", operation.domain);
            checked.report(operation.declared.clone(), name, message);
        }
        match seen.get(name) {
            Some(first) => {
                let message = format!("{name} is declared at {first} already; name this one otherwise");
                checked.report(operation.declared.clone(), name, message);
            }
            None => {
                seen.insert(name.to_owned(), operation.declared.clone());
            }
        }
    }
    Some(checked)
}

fn malformed(operation: &OperationFact, parts: Option<usize>) -> Option<String> {
    if operation.name.is_empty() {
        return Some(format!("{} declares no name; give it one", operation.request_type));
    }
    let found: Vec<_> = operation.name.split('.').collect();
    let well_formed = found.iter().all(|part| is_word(part));
    match parts {
        Some(parts) if found.len() != parts => {
            Some(format!("`{}` has {} parts between dots, not {parts}", operation.name, found.len()))
        }
        _ if !well_formed => {
            Some(format!("`{}`: its parts are small letters, digits and underscores only", operation.name))
        }
        _ => None,
    }
}

fn is_word(part: &str) -> bool {
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    part.starts_with(|first: char| first.is_ascii_lowercase()) && part.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[operations]\ncrates = [\"words\"]\nname_parts = 3\n\
        macro = { name = \"operations\", texts = [\"name\"], idents = [] }\n\
        [domains]\ncrates = []\ndomain = [{ name = \"tools\" }]";

    fn found(rows: &str) -> Vec<String> {
        let text = format!("operations! {{ {rows} }}");
        Ws::default().file("words", "src/lib.rs", &text).findings("LA-608", CONFIG)
    }

    #[test]
    fn must_fire() {
        let cases = [
            ("Get => Tool;", "Get declares no name"),
            ("Get => Tool, \"tools.get\";", "`tools.get` has 2 parts between dots, not 3"),
            ("Get => Tool, \"tools.tools.getTool\";", "small letters"),
            ("Get => Tool, \"tools..get\";", "small letters"),
            ("Get => Tool, \"keys.keys.get\";", "begins with keys, which is none of [domains]"),
            (
                "Get => Tool, \"tools.a.get\"; Take => Tool, \"tools.a.get\";",
                "is declared at crates/words/src/lib.rs:1 already",
            ),
        ];
        for (rows, expected) in cases {
            let found = found(rows);
            assert_eq!(found.len(), 1, "{rows}: {found:?}");
            assert!(found[0].contains(expected), "{rows}: {found:?}");
        }
    }

    #[test]
    fn must_not_fire() {
        assert_eq!(
            found("Get => Tool, \"tools.a.get\"; List => Tool, \"tools.a.list_2\";"),
            Vec::<String>::new()
        );
    }
}

//! Every kind, planned on the texts of this repository; what is written and built is tested in `tests/scaffold.rs`.

use std::path::Path;

use super::*;

fn tree() -> Tree {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the workspace");
    disk::read(root).expect("the workspace is readable")
}

fn planned(tree: &Tree, words: &str) -> Result<Plan, String> {
    plan(tree, &words.split_whitespace().collect::<Vec<_>>())
}

/// As the texts are when a plan is carried out.
fn after(tree: &Tree, plan: &Plan) -> Tree {
    let mut files: BTreeMap<String, String> =
        tree.below("").map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    files.extend(plan.changes.iter().map(|(path, change)| (path.clone(), change.text().to_owned())));
    Tree::new(files)
}

#[test]
fn every_kind_writes_and_says_what_is_next() {
    // With how many files it writes, and how many contracts change.
    let kinds = [
        ("domain paints", 4, 0),
        ("domain integrations.easels", 4, 0),
        ("operation integrations.mcp_servers.paint_server", 2, 2),
        ("operation paints.pots.list_pots", 3, 3),
        ("engine integrations.mcp colour_choice", 1, 0),
        ("engine paints list_pots", 1, 0),
        ("port paints PaintStore", 4, 1),
        ("driver paints PaintStore", 2, 1),
        ("adapter paint_shop", 1, 0),
        ("bridge Paints", 1, 0),
    ];
    let mut tree = tree();
    for (words, written, contracts) in kinds {
        let plan = planned(&tree, words).unwrap_or_else(|refusal| panic!("{words}: {refusal}"));
        let writes = plan.changes.values().filter(|change| matches!(change, Change::Write { .. })).count();
        assert_eq!((writes, plan.contracts.len()), (written, contracts), "{words}");
        assert!(plan.next.len() >= 2, "{words}");
        for (path, change) in &plan.changes {
            assert!(!change.text().contains("{{"), "{words}: {path} is not filled");
        }
        tree = after(&tree, &plan);
        let again = planned(&tree, words).expect_err("a second time");
        assert!(again.contains("already"), "{words}: {again}");
    }
}

#[test]
fn what_is_not_possible_is_refused_with_what_to_do() {
    let tree = tree();
    for (words, expected) in [
        ("operation", "cargo xtask new operation"),
        ("service integrations x", "cargo xtask new operation"),
        ("operation integrations.mcp_servers", "<domain>.<family>.<verb_noun>"),
        ("operation integrations.mcp_servers.paint", "a verb and a noun"),
        ("operation integrations.mcp_servers.PaintServer", "snake_case"),
        ("operation integrations.mcp_servers.get_server", "it is GetMcpServer"),
        ("operation integrations.mcp_servers.create_tenant", "the type `CreateTenant` is there already"),
        ("operation integrations.nothing.paint_server", "cargo xtask new domain integrations.nothing"),
        ("operation nothing.nothing.paint_server", "cargo xtask new domain nothing"),
        ("engine nothing x", "expected one of api_keys"),
        ("engine integrations match", "reserved"),
        ("engine integrations misc", "says nothing"),
        ("engine integrations colour_engine", "no file ends in `_engine`"),
        ("engine integrations.mcp risk", "is there already"),
        ("engine integrations.mcp discovery", "is there already"),
        ("port incidents IncidentStore", "`IncidentStore` is there already"),
        ("port incidents Name", "`Name` is there already"),
        ("port incidents paints", "CamelCase"),
        ("port incidents PaintEngine", "`_engine`"),
        ("driver integrations PaintStore", "cargo xtask new port integrations PaintStore"),
        ("driver incidents IncidentStore", "has other methods"),
        ("adapter PaintShop", "snake_case"),
        ("adapter incidents", "is a domain"),
        ("adapter mcp_server", "`McpServer` already"),
        ("bridge Policies", "is there already"),
        ("bridge Paints", "expected one of ApiKeys"),
        ("domain incidents", "is there already"),
        ("domain integrations.mcp", "is there already"),
        ("domain nothing.part", "cargo xtask new domain nothing"),
        ("domain ledger", "a layer has a module `ledger` already"),
        ("domain a.b.c", "expected a domain, or <domain>.<part>"),
    ] {
        let said = planned(&tree, words).expect_err(words);
        assert!(said.contains(expected), "{words}: {said}");
    }
}

#[test]
fn a_rule_is_asked_by_the_operation_of_its_name_or_is_a_stub() {
    let tree = tree();
    let alone = planned(&tree, "engine tenants get_colour").expect("planned");
    let engine = "crates/engines/src/tenants/get_colour.rs";
    assert!(alone.changes[engine].text().contains("\n//! Stub: "));
    let operation = planned(&tree, "operation tenants.tenants.get_colour").expect("planned");
    let asked = planned(&after(&tree, &operation), "engine tenants get_colour").expect("planned");
    assert!(!asked.changes[engine].text().contains("Stub:"));
    let handler = asked.changes["crates/spine/src/tenants/get_colour.rs"].text();
    for line in [
        "use portcullis_engines::tenants::get_colour::{GetColourFacts, decide};",
        "    decide(GetColourFacts::default())?;",
    ] {
        assert!(handler.lines().any(|found| found == line), "{handler}");
    }
}

#[test]
fn a_refusal_is_unusable_and_touches_nothing() {
    let said = run(Path::new("/nonexistent"), &["domain", "paints"]);
    assert_eq!(said.exit, layer_audit::Exit::Unusable);
    assert!(said.text.starts_with("layers.toml: "), "{}", said.text);
}

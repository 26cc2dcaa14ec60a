//! The audit of this repository as a test: `cargo test --workspace` is the gate too.

use std::path::{Path, PathBuf};

use layer_audit::self_test::{Plants, examples, here};
use layer_audit::{Config, DependencyKind, Selection, Workspace, edges, evaluate, load, rules};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the workspace").to_path_buf()
}

fn workspace() -> Workspace {
    load(&root(), &config()).expect("the workspace is readable")
}

fn config() -> Config {
    let text = std::fs::read_to_string(root().join("layers.toml")).expect("layers.toml is readable");
    Config::parse(&text).expect("layers.toml is valid")
}

#[test]
fn this_repository_keeps_its_law() {
    let report = evaluate(&workspace(), &config(), &Selection::all());
    assert!(report.is_clean(), "\n{report}");
}

#[test]
fn every_rule_is_configured_here() {
    let report = evaluate(&workspace(), &config(), &Selection::all());
    assert_eq!(report.rules.len(), rules::all().count(), "a section of layers.toml is missing");
}

fn plants() -> Plants {
    let file = config().self_test.expect("[self_test] is there").plants;
    Plants::parse(&std::fs::read_to_string(root().join(file)).expect("readable")).expect("valid")
}

/// Every violation that is planted is found: on each rule's own example, and here.
#[test]
fn every_planted_violation_is_found() {
    let selection = Selection::all();
    let own = examples(&selection);
    assert_eq!((own.found, own.faults), (rules::all().count(), Vec::new()));
    let read = |path: &str| std::fs::read_to_string(root().join(path)).ok();
    let here = here(&workspace(), &config(), &plants(), &selection, &read);
    assert_eq!(here.faults, Vec::<String>::new());
    assert!(here.planted >= rules::all().count() - config().self_test.map_or(0, |test| test.exempt.len()));
}

/// In whatever order files and crates are read, the same comes out. Judged with violations in it: a clean workspace
/// would prove nothing.
#[test]
fn the_order_of_reading_changes_nothing() {
    let (mut workspace, config) = (workspace(), config());
    for plant in plants().plants {
        if let Some(text) = &plant.text {
            workspace.plant(&plant.file, text);
        }
    }
    // A document lists crates and files as they come, which the reader of the workspace has sorted.
    let lines = |workspace: &Workspace| -> Vec<String> {
        let findings = evaluate(workspace, &config, &Selection::all()).findings;
        findings.iter().filter(|finding| finding.rule != "LA-902").map(ToString::to_string).collect()
    };
    let straight = lines(&workspace);
    assert!(straight.len() > 20, "{straight:#?}");
    for step in [1, 7] {
        workspace.turn(step);
        assert_eq!(lines(&workspace), straight, "turned by {step}");
    }
}

/// The graph is a contract: a new edge is a decision, and shows in the diff.
#[test]
fn crate_graph() {
    let edges = edges(&workspace());
    let mut text = String::new();
    for edge in edges.iter().filter(|edge| edge.kind == DependencyKind::Normal) {
        text.push_str(&format!("{} -> {}\n", edge.from, edge.to));
    }
    insta::assert_snapshot!(text);
}

/// Independent of the rules: no manifest outside the tools names a tool, in any table.
#[test]
fn the_product_never_depends_on_the_tools() {
    let tools = ["layer-audit", "xtask", "portcullis-proof"];
    for member in workspace().crates.iter().filter(|member| !tools.contains(&member.name.as_str())) {
        for dependency in &member.dependencies {
            assert!(
                !tools.contains(&dependency.package.as_str()),
                "{} -> {}",
                member.name,
                dependency.package
            );
        }
    }
}

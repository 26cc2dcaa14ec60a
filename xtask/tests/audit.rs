//! The audit of this repository as a test: `cargo test --workspace` is the gate too.

use std::path::{Path, PathBuf};

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
    assert!(report.is_clean(), "\n{}", report.text(0));
}

#[test]
fn every_rule_is_configured_here() {
    let report = evaluate(&workspace(), &config(), &Selection::all());
    assert_eq!(report.rules.len(), rules::all().count(), "a section of layers.toml is missing");
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

//! What `init` writes is valid and kept, whatever the workspace looks like.

use super::*;

/// A workspace of manifests and files.
fn workspace(files: &[(&str, &str)]) -> Workspace {
    let mut workspace = Workspace::default();
    for (path, text) in files {
        workspace.plant(path, text);
    }
    workspace
}

/// The manifest of a member; `dependencies` and `dev` are names.
fn manifest(name: &str, dependencies: &[&str], dev: &[&str]) -> String {
    let lines = |names: &[&str]| {
        names.iter().map(|name| format!("{name} = {{ path = \"../{name}\" }}\n")).collect::<String>()
    };
    format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\n[dependencies]\n{}[dev-dependencies]\n{}",
        lines(dependencies),
        lines(dev)
    )
}

fn kept(workspace: &Workspace) -> String {
    let text = init(workspace);
    let config = Config::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let report = evaluate(workspace, &config, &Selection::all());
    assert!(report.findings.is_empty(), "{:#?}\n{text}", report.findings);
    text
}

/// Members by name, dependencies and dev-dependencies, each with a root file.
fn members(all: &[(&str, &[&str], &[&str])]) -> Workspace {
    let mut workspace = Workspace::default();
    for (name, dependencies, dev) in all {
        workspace.plant(&format!("crates/{name}/Cargo.toml"), &manifest(name, dependencies, dev));
        workspace.plant(&format!("crates/{name}/src/lib.rs"), "//! A crate.\npub fn f() {}\n");
    }
    workspace
}

#[test]
fn a_workspace_of_three_levels_is_told_as_it_is() {
    let mut workspace = members(&[
        ("app", &["store-sql", "store-file", "words"], &["kit"]),
        ("store-sql", &["words", "sqlx"], &["kit"]),
        ("store-file", &["words"], &[]),
        ("words", &[], &["kit"]),
        ("kit", &["words"], &["app"]),
    ]);
    workspace.plant("crates/app/src/left.rs", "fn long() {\n\n\n\n\n\n\n\n\n\n\n}\n");
    workspace.plant("crates/app/src/helpers.rs", "");
    insta::assert_snapshot!(kept(&workspace));
}

#[test]
fn every_shape_of_a_workspace_keeps_its_first_law() {
    let cycle = members(&[
        ("runtime", &["runtime-macros"], &["runtime-test", "runtime-stream"]),
        ("runtime-macros", &[], &["runtime"]),
        ("runtime-stream", &["runtime"], &["runtime-test"]),
        ("runtime-test", &["runtime", "runtime-stream"], &[]),
    ]);
    assert!(kept(&cycle).contains("crates = [\"runtime\", \"runtime-stream\", \"runtime-test\"]"));

    let single = workspace(&[
        ("Cargo.toml", "[package]\nname = \"one\"\n"),
        ("src/lib.rs", "pub struct Nothing;\n"),
        ("src/main.rs", "mod m;"),
        ("src/m.rs", ""),
    ]);
    assert!(kept(&single).contains("roots = [\".\"]"));

    let root_and_members = workspace(&[
        ("Cargo.toml", &manifest("top", &["low"], &["top"])),
        ("src/lib.rs", "//! Top."),
        ("crates/low/Cargo.toml", &manifest("low", &[], &["top"])),
        ("crates/low/src/lib.rs", "#[path = \"../../../src/shared.rs\"] mod shared;"),
        ("src/shared.rs", ""),
    ]);
    let text = kept(&root_and_members);
    assert!(text.contains("roots = [\".\", \"crates\"]"), "{text}");
    assert!(text.contains("# Not kept yet, findings: 1\n#   [modules]\n#   inside = true"), "{text}");

    let deep = workspace(&[
        ("a/very/deep/folder/inner-name_x/Cargo.toml", &manifest("inner-name_x", &[], &[])),
        ("a/very/deep/folder/inner-name_x/src/lib.rs", ""),
        ("tools/y/Cargo.toml", &manifest("inner-name_y", &["inner-name_x"], &[])),
        ("tools/y/src/bin/t.rs", "fn main() {}"),
    ]);
    assert!(kept(&deep).contains("roots = [\"a\", \"tools\"]"));

    let build_only = workspace(&[
        (
            "crates/api/Cargo.toml",
            "[package]\nname = \"api\"\n[build-dependencies]\ngen = { path = \"../gen\" }\n",
        ),
        ("crates/api/src/main.rs", "fn main() {}"),
        ("tools/gen/Cargo.toml", "[package]\nname = \"gen\"\n[lints]\nworkspace = true\n"),
        ("tools/gen/src/lib.rs", ""),
    ]);
    assert!(kept(&build_only).contains("id = \"level-1\"\ncrates = [\"api\"]"));

    assert!(Config::parse(&init(&Workspace::default())).is_ok());
}

#[test]
fn a_pattern_stands_for_exactly_its_members() {
    let workspace = members(&[
        ("ui-a", &["core-a", "core-b"], &[]),
        ("ui-b", &["core-a"], &[]),
        ("core-a", &["corelib"], &[]),
        ("core-b", &["corelib"], &[]),
        ("corelib", &[], &[]),
        ("core", &[], &[]),
    ]);
    let text = kept(&workspace);
    for line in ["crates = [\"ui-*\"]", "crates = [\"core-*\"]", "crates = [\"core\", \"corelib\"]"] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
}

#[test]
fn a_cycle_that_cargo_would_refuse_ends() {
    let cycle = members(&[("a", &["b"], &[]), ("b", &["a"], &[])]);
    assert!(Config::parse(&init(&cycle)).is_ok());
}

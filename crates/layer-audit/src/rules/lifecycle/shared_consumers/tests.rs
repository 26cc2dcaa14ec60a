//! What LA-701 must report, and what it must pass.

use super::*;
use crate::evaluate::{Selection, evaluate};

const LAW: &str = "schema = 1\n[shared]\ncrates = [\"my-words\"]\nlabel = \"Consumers:\"\nmin = 2\nprefix = \"my-\"\n\
    [tests]\ncrates = [\"my-kit\"]\nexternals = []\n[domains]\ncrates = []\ndomain = [{ name = \"tools\" }]\n";

/// Members, without their prefix, and the text of their roots.
type Uses = [(&'static str, &'static str)];

/// `my-words` with the module `codes`, and members that say what `uses` gives them.
fn found(header: &str, uses: &Uses, more: &str) -> Vec<String> {
    let config = Config::parse(&format!("{LAW}{more}")).expect("valid");
    let mut workspace = Workspace::default();
    workspace.plant("crates/words/Cargo.toml", "[package]\nname = \"my-words\"\n");
    workspace.plant(
        "crates/words/src/lib.rs",
        "pub mod codes; pub mod tools; pub use codes::Code; #[cfg(test)] mod tests;",
    );
    workspace.plant("crates/words/src/codes.rs", &format!("//! Codes.\n{header}\npub struct Code;"));
    workspace.plant("crates/words/src/tools.rs", "");
    workspace.plant("crates/words/src/tests.rs", "");
    for (name, text) in uses {
        let manifest = format!(
            "[package]\nname = \"my-{name}\"\n[dependencies]\nmy-words = {{ path = \"../words\" }}\n"
        );
        workspace.plant(&format!("crates/{name}/Cargo.toml"), &manifest);
        workspace.plant(&format!("crates/{name}/src/lib.rs"), text);
    }
    let rule = Selection::parse("LA-701").expect("the rule exists");
    let text = |finding: &crate::finding::Finding| finding.to_string();
    evaluate(&workspace, &config, &rule).findings.iter().map(text).collect()
}

const FULL: &str = "use my_words::codes::Code;";
const BY_ROOT: &str = "use my_words::Code;";
const IN_TEST: &str = "#[cfg(test)] mod t { use my_words::codes; }";

#[test]
fn must_fire() {
    let cases: &[(&str, &Uses, &str)] = &[
        (
            "",
            &[("a", FULL)],
            "codes.rs:1 has no header line `//! Consumers: ..` that lists at least 2 consumers; it is named by: a",
        ),
        (
            "//! Consumers: a, gone",
            &[("a", FULL), ("b", FULL)],
            "codes.rs:2 declares `gone`, which is no member",
        ),
        ("//! Consumers: a, b", &[("a", FULL), ("b", IN_TEST)], "codes.rs:2 declares b, which names nothing"),
        ("//! Consumers: a", &[("a", FULL)], "codes.rs:2 has 1 real consumers, at least 2 are expected"),
        ("//! Consumers: a, a", &[("a", FULL), ("b", FULL)], "it is named by: a, b"),
        ("//! Consumers: a, kit", &[("a", FULL), ("kit", FULL)], "declares kit, which names nothing"),
        ("//! Consumers: a, words", &[("a", FULL), ("b", FULL)], "declares words, which names nothing"),
        ("//! Consumers:", &[("a", FULL), ("b", FULL)], "declares ``, which is no member"),
    ];
    for (header, uses, expected) in cases {
        let found = found(header, uses, "");
        assert!(found.iter().any(|line| line.contains(expected)), "{header}: {found:?}");
    }
}

#[test]
fn a_stale_exemption_must_fire() {
    let exempt = "[[shared.exempt]]\nmodule = \"my-words::gone\"\nbecause = \"it was\"\n";
    let found = found("//! Consumers: a, my-b", &[("a", FULL), ("b", BY_ROOT)], exempt);
    assert_eq!(found, ["LA-701 layers.toml [[shared.exempt]] my-words::gone is no shared module; remove it"]);
}

#[test]
fn must_not_fire() {
    let exempt = "[[shared.exempt]]\nmodule = \"my-words::codes\"\nbecause = \"it waits\"\n";
    let two: &Uses = &[("a", FULL), ("b", BY_ROOT)];
    assert_eq!(found("//!\n//! Consumers: a, my-b", two, ""), Vec::<String>::new());
    let one = found("", &[("a", FULL)], exempt);
    assert_eq!(one, ["LA-701 layers.toml matched nothing; mend or remove what configures it"]);
}

//! LA-401: every file begins by saying what it is.

use crate::config::Config;
use crate::finding::Place;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::source::Area;
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-401",
    title: "every source file begins with //!",
    why: "Whoever opens a file should know in one line whether to read on.",
    fix: "Make the first line `//! ` and a sentence that says what the file holds.",
    blind: "whether the sentence is true; and what `include!` brings in of files that are no `.rs`. Tests, benches, examples and build scripts count where [headers] says so.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[headers]\nroot_labels = []\n",
        bad: &[("crates/a/src/lib.rs", "fn f() {}")],
        good: &[("crates/a/src/lib.rs", "//! Says what it is.\nfn f() {}")],
        finds: "does not begin with a `//!` line",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let headers = config.headers.as_ref()?;
    let mut checked = Checked::new();
    let files = workspace.crates.iter().flat_map(|member| &member.files);
    // What `include!` brings in may begin with no `//!`, and where it is no module it is no `.rs` file.
    let files = files.filter(|file| file.path.ends_with(".rs"));
    for file in files.filter(|file| headers.outside_src || file.area == Area::Src) {
        checked.matched += 1;
        let message = match file.facts.header.first().map(String::as_str) {
            None | Some("") => "does not begin with a `//!` line that says what it holds",
            Some(line) if line.starts_with("TODO") => "does not say yet what it holds; write the sentence",
            Some(_) => continue,
        };
        checked.report(Place::line(&file.path, 1), &file.path, message);
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[headers]\nroot_labels = []";

    #[test]
    fn must_fire() {
        for text in [
            "fn f() {}",
            "// Not a doc.\nfn f() {}",
            "//!\n//! Late.",
            "\n//! Late.",
            "/// Outer.\nfn f() {}",
        ] {
            assert_eq!(
                Ws::default().file("a", "src/m.rs", text).findings("LA-401", CONFIG),
                ["LA-401 crates/a/src/m.rs:1 does not begin with a `//!` line that says what it holds"],
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_put_off_and_what_stands_outside_src_must_fire() {
        assert_eq!(
            Ws::default().file("a", "src/m.rs", "//! TODO: say it.").findings("LA-401", CONFIG),
            ["LA-401 crates/a/src/m.rs:1 does not say yet what it holds; write the sentence"]
        );
        let everywhere = "[headers]\nroot_labels = []\noutside_src = true";
        for path in ["tests/t.rs", "benches/b.rs", "build.rs"] {
            let found = Ws::default().file("a", path, "fn f() {}").findings("LA-401", everywhere);
            assert_eq!(found.len(), 1, "{path}: {found:?}");
        }
    }

    #[test]
    fn must_not_fire() {
        let files = [("src/m.rs", "//! Head.".to_owned()), ("tests/t.rs", "fn f() {}".to_owned())];
        Ws::default().member_with("a", "", &files).clean("LA-401", CONFIG);
    }
}

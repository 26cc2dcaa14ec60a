//! LA-002: every root is there, every crate has sources, every file parses.

use crate::config::Config;
use crate::finding::Place;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-002",
    title: "nothing is left unread",
    why: "A check that skips a folder it cannot find, or a file it cannot parse, is green for the wrong reason.",
    fix: "Restore the folder or correct `roots`; make the file valid Rust (or TOML) of this edition, a \
          document UTF-8.",
    blind: "files outside the folders src, tests, benches and examples and those of explicit targets; files in tests, \
            benches and examples that no target reaches, which are data; files of the literature that are no `.md`. In crates of the 2015 edition or with feature \
            gates an item that this parser does not know is read as tokens.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "roots = [\"crates\"]\n",
        bad: &[("crates/a/src/lib.rs", "fn broken( {")],
        good: &[("crates/a/src/lib.rs", "fn whole() {}")],
        finds: "does not parse",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let mut checked = Checked::new();
    checked.matched = workspace.crates.len();
    for problem in &workspace.problems {
        checked.report(problem.place.clone(), "unread", &problem.message);
    }
    for root in config.roots.iter().flatten() {
        if !workspace.folders.contains(root) {
            checked.report(
                Place::file(CONFIG),
                root,
                format!("root {root} holds no member of the workspace"),
            );
        }
    }
    for member in &workspace.crates {
        if config.roots.as_ref().is_some_and(|roots| !roots.iter().any(|root| is_under(&member.dir, root))) {
            let message = format!("{} lies under none of the roots; move it or name its root", member.name);
            checked.report(Place::file(member.manifest_path()), &member.name, message);
        }
        let unread = workspace.problems.iter().any(|problem| member.within(&problem.place.file).is_some());
        if member.files.is_empty() && !unread {
            let message = format!("{} has no source file to judge", member.name);
            checked.report(Place::file(member.manifest_path()), &member.name, message);
        }
    }
    Some(checked)
}

fn is_under(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    #[test]
    fn must_fire() {
        let found = Ws::default()
            .file("a", "src/lib.rs", "fn broken( {")
            .member("b", "")
            .findings("LA-002", "roots = [\"crates\", \"gone\"]");
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("LA-002 crates/a/src/lib.rs:1:"), "{found:?}");
        assert!(found[0].contains("does not parse"), "{found:?}");
        assert_eq!(found[1], "LA-002 crates/b/Cargo.toml b has no source file to judge");
        assert_eq!(found[2], "LA-002 layers.toml root gone holds no member of the workspace");
        let outside = Ws::default().file("a", "src/lib.rs", "").findings("LA-002", "roots = [\"crate\"]");
        assert_eq!(outside.len(), 2, "{outside:?}");
    }

    #[test]
    fn must_not_fire() {
        Ws::default().file("a", "src/main.rs", "fn main() {}").clean("LA-002", "roots = [\"crates\"]");
    }
}

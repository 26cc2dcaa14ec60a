//! LA-402: the header of a crate says what it is, what it must never hold, and where to start. Of no other file is it asked.

use crate::config::Config;
use crate::finding::Place;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-402",
    title: "each crate's root file has the labelled lines in its header",
    why: "What a crate is for is easily read off; what must never come into it, and where to start reading, is not. It is \
          asked of crates, since they are what a reader enters and what a wall stands around; of each other file LA-401 \
          asks the one sentence that says what it holds.",
    fix: "Begin lines of the root file's //! header with each label, with a sentence after it.",
    blind: "whether the sentences are true, modules below the root, and the root files of further targets: where there is a \
            library, that of its binaries.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[headers]\nroot_labels = [\"Never:\"]\n",
        bad: &[("crates/a/src/lib.rs", "//! Says what it is.")],
        good: &[("crates/a/src/lib.rs", "//! Says what it is.\n//!\n//! Never: I/O.")],
        finds: "Never:",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let headers = config.headers.as_ref().filter(|headers| !headers.root_labels.is_empty())?;
    let mut checked = Checked::new();
    for file in workspace.crates.iter().filter_map(|member| member.root_file()) {
        checked.matched += 1;
        for label in &headers.root_labels {
            let says =
                |line: &String| line.strip_prefix(label.as_str()).is_some_and(|rest| !rest.trim().is_empty());
            if !file.facts.header.iter().any(says) {
                let message = format!("the header has no line `//! {label} ...`");
                checked.report(Place::line(&file.path, 1), label, message);
            }
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[headers]\nroot_labels = [\"Never:\", \"Start:\"]";

    #[test]
    fn must_fire() {
        assert_eq!(
            Ws::default().file("a", "src/lib.rs", "//! A.\n//!\n//! Never:\n").findings("LA-402", CONFIG),
            [
                "LA-402 crates/a/src/lib.rs:1 the header has no line `//! Never: ...`",
                "LA-402 crates/a/src/lib.rs:1 the header has no line `//! Start: ...`",
            ]
        );
    }

    #[test]
    fn must_not_fire() {
        let text = "//! A.\n//!\n//! Never: I/O.\n//! Start: `f`.\n";
        let files = [("src/lib.rs", text.to_owned()), ("src/m.rs", "//! M.".to_owned())];
        Ws::default().member_with("a", "", &files).clean("LA-402", CONFIG);
        Ws::default().file("b", "src/main.rs", text).clean("LA-402", CONFIG);
    }
}

//! LA-501: no file is too long to read.

use crate::config::Config;
use crate::finding::Place;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-501",
    title: "files are short enough to read",
    why: "A file that cannot be read at one sitting is edited without being read.",
    fix: "Split the file where its parts do not name each other.",
    blind: "",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[sizes]\nfile_lines = 2\nfunction_lines = 9\n",
        bad: &[("crates/a/src/lib.rs", "//! Long.\n\n\n")],
        good: &[("crates/a/src/lib.rs", "//! Short.\n")],
        finds: "at most 2",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let sizes = config.sizes.as_ref()?;
    let mut checked = Checked::new();
    for file in workspace.crates.iter().flat_map(|member| &member.files) {
        checked.matched += 1;
        if file.facts.lines > sizes.file_lines {
            let message = format!("has {} lines, at most {}; split it", file.facts.lines, sizes.file_lines);
            checked.report(Place::file(&file.path), &file.path, message);
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[sizes]\nfile_lines = 3\nfunction_lines = 9";

    #[test]
    fn must_fire() {
        assert_eq!(
            Ws::default().file("a", "tests/t.rs", "\n\n\n\n").findings("LA-501", CONFIG),
            ["LA-501 crates/a/tests/t.rs has 4 lines, at most 3; split it"]
        );
    }

    #[test]
    fn must_not_fire() {
        Ws::default().file("a", "src/lib.rs", "\n\n\n").clean("LA-501", CONFIG);
    }
}

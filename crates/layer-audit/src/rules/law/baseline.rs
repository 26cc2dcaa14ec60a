//! LA-005: the baseline can be read, and knows nothing that it must not.

use crate::baseline::Baseline;
use crate::config::{BaselineFile, Config};
use crate::finding::{Place, is_of_the_law};
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-005",
    title: "the baseline only shrinks",
    why: "What was there when the audit came may be mended bit by bit; it is not a place for what comes after. An entry \
          that knows more than is left would let the same violation in again.",
    fix: "Run the audit with --update-baseline, which only removes, and commit the file. Mend what is new.",
    blind: "an entry that somebody writes by hand: the review sees it, since the file has no other reason to grow.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[baseline]\nfile = \"known.toml\"\nstrict = [\"LA-1*\"]\n",
        bad: &[
            ("crates/a/src/lib.rs", "//! A."),
            (
                "known.toml",
                "schema = 1\n[[known]]\nrule = \"LA-101\"\nfile = \"f\"\nsubject = \"s\"\ncount = 1\n",
            ),
        ],
        good: &[("crates/a/src/lib.rs", "//! A."), ("known.toml", "schema = 1\n")],
        finds: "LA-101 may not be in the baseline",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let BaselineFile { file, strict } = config.baseline.as_ref()?;
    let mut checked = Checked::new();
    checked.matched = 1;
    let place = || Place::file(file);
    let Some(text) = workspace.documents.get(file) else {
        checked.report(
            place(),
            "missing",
            "is not there; write it with --update-baseline, or remove [baseline]",
        );
        return Some(checked);
    };
    match Baseline::parse(text) {
        Err(error) => {
            let why = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            checked.report(place(), "unreadable", format!("does not parse: {why}"));
        }
        Ok(baseline) => {
            for (rule, about, subject) in baseline.keys() {
                let known = Rule::get(rule);
                let of_the_law = is_of_the_law(rule, about, subject);
                if of_the_law
                    || known.is_none_or(|known| strict.iter().any(|pattern| known.is_meant(pattern)))
                {
                    checked.report(place(), rule, format!("{rule} may not be in the baseline; mend it"));
                }
            }
        }
    }
    Some(checked)
}

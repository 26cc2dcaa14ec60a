//! LA-005: the baseline is there, knows nothing that it must not, and no more than the law says.

use crate::baseline::Baseline;
use crate::config::{BaselineFile, Config};
use crate::finding::Place;
use crate::mend::{MOST, may_be_known};
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-005",
    title: "the baseline only shrinks",
    why: "What was there when the audit came may be mended bit by bit; it is not a place for what comes after. An entry \
          that knows more than is left would let the same violation in again. So the law says in `most` how many \
          findings the file knows: neither can grow without the other, a file that is lost is a finding, and no command \
          writes it anew while the law names it.",
    fix: "Run the audit with --update-baseline, which only removes and lowers `most`, and commit both files. Mend what is \
          new. Take a file that is lost from version control.",
    blind: "a hand that raises `most`, or that writes one entry in the place of another: no other reason makes `most` \
            grow or gives the file a new line, so that the review sees either.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[baseline]\nfile = \"known.toml\"\nmost = 0\nstrict = [\"LA-1*\"]\n",
        bad: &[
            ("crates/a/src/lib.rs", "//! A."),
            (
                "known.toml",
                "schema = 1\n[[known]]\nrule = \"LA-401\"\nfile = \"f\"\nsubject = \"s\"\ncount = 1\n",
            ),
        ],
        good: &[("crates/a/src/lib.rs", "//! A."), ("known.toml", "schema = 1\n")],
        finds: "known.toml knows 1, and most = 0",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let BaselineFile { file, most, strict } = config.baseline.as_ref()?;
    let mut checked = Checked::new();
    checked.matched = 1;
    let place = || Place::file(file);
    let Some(text) = workspace.documents.get(file) else {
        checked.report(
            place(),
            "missing",
            "is not there, though [baseline] names it; take it from version control",
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
                if !may_be_known(rule, about, subject, strict) {
                    checked.report(place(), rule, format!("{rule} may not be in the baseline; mend it"));
                }
            }
            let known = baseline.len();
            if known > *most {
                let message = format!("{file} knows {known}, and most = {most}; mend what came in");
                checked.report(Place::file(CONFIG), MOST, message);
            }
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Selection, evaluate};

    fn found(law: &str, known: Option<&str>) -> Vec<String> {
        let config =
            Config::parse(&format!("schema = 1\n[headers]\nroot_labels = []\n{law}")).expect("valid");
        let mut workspace = Workspace::default();
        workspace.plant("crates/a/src/lib.rs", "fn f() {}");
        if let Some(text) = known {
            workspace.plant("known.toml", text);
        }
        let findings = evaluate(&workspace, &config, &Selection::all()).findings.into_iter();
        findings.filter(|found| found.rule == RULE.id).map(|found| found.to_string()).collect()
    }

    const KNOWN: &str = "schema = 1\n[[known]]\nrule = \"LA-401\"\nfile = \"crates/a/src/lib.rs\"\n\
                         subject = \"crates/a/src/lib.rs\"\ncount = 1\n";

    #[test]
    fn must_fire() {
        let law = |most| format!("[baseline]\nfile = \"known.toml\"\nmost = {most}\n");
        let strict = law(1) + "strict = [\"LA-4*\"]\n";
        let cases = [
            (
                law(1),
                None,
                "known.toml is not there, though [baseline] names it; take it from version control",
            ),
            (law(1), Some("schema = 7"), "known.toml does not parse: schema = 7: this audit reads schema 1"),
            (law(0), Some(KNOWN), "layers.toml known.toml knows 1, and most = 0; mend what came in"),
            (
                law(3),
                Some(KNOWN),
                "layers.toml most = 3, and known.toml knows 1; run the audit with --update-baseline",
            ),
            (strict, Some(KNOWN), "known.toml LA-401 may not be in the baseline; mend it"),
        ];
        for (law, known, expected) in cases {
            assert_eq!(found(&law, known), [format!("LA-005 {expected}")], "{law}");
        }
    }

    #[test]
    fn must_not_fire() {
        let law = "[baseline]\nfile = \"known.toml\"\nmost = 1\n";
        assert_eq!(found(law, Some(KNOWN)), Vec::<String>::new());
    }

    #[test]
    fn a_law_that_does_not_say_how_much_is_refused() {
        assert!(Config::parse("schema = 1\n[baseline]\nfile = \"known.toml\"\n").is_err());
    }
}

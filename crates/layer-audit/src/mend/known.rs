//! LA-005: the baseline shrinks to what is left, and is written once, when the audit comes to a workspace.

use super::Mend;
use crate::baseline::Baseline;
use crate::config::Config;
use crate::finding::Finding;
use crate::report::Report;
use crate::rules::Rule;
use crate::terms::{BASELINE, baseline};
use crate::workspace::Workspace;

/// What `--update-baseline` does. It never lets anything in that came after the file was first written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shrunk {
    /// The new text of the file; nothing where it stays as it is.
    pub text: Option<String>,
    /// Findings that it knows from now on.
    pub known: usize,
    /// Findings that it knew and that are gone.
    pub gone: usize,
    /// Findings that block and that it must not take in.
    pub refused: Vec<Finding>,
}

/// The step from a baseline to the next. `now` is `None` where the file is not there yet: then it takes in what counts,
/// but no finding about the law itself (`LA-0xx`, or that a rule matched nothing) and none of a strict rule.
///
/// `report` must be of every rule: what a rule that did not run would find is taken for gone.
pub fn update_baseline(report: &Report, now: Option<&Baseline>, strict: &[String]) -> Shrunk {
    let (next, gone) = match now {
        Some(now) => {
            let next = now.shrunk_to(&Baseline::of(&report.findings));
            let gone = now.len() - next.len();
            (next, gone)
        }
        None => {
            let first: Vec<Finding> =
                report.open().filter(|found| may_be_known(found, strict)).cloned().collect();
            (Baseline::of(&first), 0)
        }
    };
    let settled = |found: &Finding| match now {
        Some(_) => found.rule == BASELINE && found.stale,
        None => found.rule == BASELINE || may_be_known(found, strict),
    };
    let refused = report.findings.iter().filter(|found| found.blocks() && !settled(found)).cloned().collect();
    let text = (now != Some(&next)).then(|| next.text());
    Shrunk { text, known: next.len(), gone, refused }
}

/// The whole file anew where the baseline knows more than is left.
pub(super) fn mend(report: &Report, workspace: &Workspace, config: &Config) -> Option<Mend> {
    report.open().find(|found| found.rule == BASELINE && found.stale)?;
    let file = &config.baseline.as_ref()?.file;
    let shrunk = update_baseline(report, Some(&baseline(workspace, config)?), &[]);
    Some(Mend {
        rule: BASELINE,
        file: file.clone(),
        subject: None,
        lines: 1..workspace.documents.get(file)?.lines().count() + 1,
        text: shrunk.text?,
        said: format!("{} known findings fewer", shrunk.gone),
    })
}

fn may_be_known(finding: &Finding, strict: &[String]) -> bool {
    let is_strict = |rule: &Rule| strict.iter().any(|pattern| rule.is_meant(pattern));
    !finding.is_of_the_law() && !Rule::get(finding.rule).is_some_and(is_strict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Selection, evaluate};
    use crate::mend::apply;

    const LAW: &str =
        "schema = 1\n[headers]\nroot_labels = [\"Never:\"]\n[baseline]\nfile = \"known.toml\"\n";

    fn config() -> Config {
        Config::parse(LAW).expect("valid")
    }

    /// Two files without a header break LA-401; a root without a label breaks LA-402.
    fn workspace(files: &[(&str, &str)]) -> Workspace {
        let mut workspace = Workspace::default();
        for (path, text) in files {
            workspace.plant(path, text);
        }
        workspace
    }

    fn report(workspace: &Workspace) -> Report {
        evaluate(workspace, &config(), &Selection::all())
    }

    const BAD: &[(&str, &str)] =
        &[("crates/a/src/lib.rs", "//! A.\n//! Never: b."), ("crates/a/src/m.rs", "fn f() {}")];
    const WORSE: (&str, &str) = ("crates/a/src/n.rs", "fn g() {}");

    #[test]
    fn the_first_one_takes_in_what_is_there_but_nothing_strict() {
        let report = report(&workspace(BAD));
        let first = update_baseline(&report, None, &[]);
        assert_eq!((first.known, first.gone, first.refused.len()), (1, 0, 0), "{first:?}");
        assert!(first.text.is_some_and(|text| text.contains("crates/a/src/m.rs")));
        let strict = update_baseline(&report, None, &["LA-4*".to_owned()]);
        assert_eq!((strict.known, strict.refused.len()), (0, 1), "{strict:?}");
    }

    #[test]
    fn that_a_rule_matched_nothing_never_comes_in() {
        let law = format!("{LAW}[ports]\ncrates = [\"a\"]\nmodules = [\"ports\"]\nmax_methods = 12\n");
        let config = Config::parse(&law).expect("valid");
        let report = evaluate(&workspace(BAD), &config, &Selection::all());
        let first = update_baseline(&report, None, &[]);
        assert_eq!(first.known, 1, "{first:?}");
        assert!(first.refused.iter().any(|found| found.rule == "LA-301"), "{first:?}");
    }

    #[test]
    fn it_shrinks_and_never_grows() {
        let first = update_baseline(&report(&workspace(&[BAD, &[WORSE]].concat())), None, &[]);
        let text = first.text.expect("new");
        let known = Baseline::parse(&text).expect("its own text");
        let mut later = workspace(BAD);
        later.plant("known.toml", &text);
        let step = update_baseline(&report(&later), Some(&known), &[]);
        assert_eq!((step.known, step.gone, step.refused.len()), (1, 1, 0), "{step:?}");
        let mend = mend(&report(&later), &later, &config()).expect("it is stale");
        assert_eq!(Some(apply(&text, &[&mend])), step.text);
        later.plant("crates/a/src/new.rs", "fn h() {}");
        let refusal = update_baseline(&report(&later), Some(&known), &[]);
        assert_eq!((refusal.known, refusal.gone, refusal.refused.len()), (1, 1, 1), "{refusal:?}");
        assert_eq!(refusal.refused[0].place.file, "crates/a/src/new.rs");
    }

    #[test]
    fn it_stays_as_it_is_where_nothing_is_gone() {
        let text = update_baseline(&report(&workspace(BAD)), None, &[]).text.expect("new");
        let mut same = workspace(BAD);
        same.plant("known.toml", &text);
        let step = update_baseline(&report(&same), Some(&Baseline::parse(&text).expect("its own text")), &[]);
        assert_eq!((step.text, step.gone), (None, 0));
        assert_eq!(mend(&report(&same), &same, &config()), None);
    }
}

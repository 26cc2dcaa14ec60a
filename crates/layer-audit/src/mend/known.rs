//! LA-005: the baseline shrinks to what is left, and the law's `most` with it. It is begun once, where the law names none.

use toml::de::DeTable;

use super::Mend;
use crate::baseline::Baseline;
use crate::config::{BaselineFile, Config};
use crate::finding::{Finding, is_of_the_law};
use crate::manifest::line_of;
use crate::report::Report;
use crate::rules::{CONFIG, Rule};
use crate::terms::{BASELINE, baseline};
use crate::workspace::Workspace;

/// A step from a baseline to the next. But for the first, it never lets anything in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shrunk {
    /// The new text of the file; nothing where it stays as it is.
    pub text: Option<String>,
    /// Findings that it knows from now on.
    pub known: usize,
    /// Findings that it knew and that are gone, or that it must not know.
    pub gone: usize,
    /// Findings that block and that it must not take in.
    pub refused: Vec<Finding>,
}

/// The baseline without what is gone, and without what is of a strict rule or about the law itself.
///
/// `report` must be of every rule: what a rule that did not run would find is taken for gone.
pub fn update_baseline(report: &Report, now: &Baseline, strict: &[String]) -> Shrunk {
    let may = |rule: &str, file: &str, subject: &str| may_be_known(rule, file, subject, strict);
    let next = now.shrunk_to(&Baseline::of(&report.findings)).of_which(may);
    let is_settled = |found: &Finding| found.rule == BASELINE && (found.stale || found.subject != MOST);
    let refused =
        report.findings.iter().filter(|found| found.blocks() && !is_settled(found)).cloned().collect();
    let (known, gone) = (next.len(), now.len() - next.len());
    Shrunk { text: (*now != next).then(|| next.text()), known, gone, refused }
}

/// The first baseline of a workspace whose law names none: it takes in what counts, but no finding about the law itself
/// (`LA-0xx`, or that a rule matched nothing).
pub fn first_baseline(report: &Report) -> Shrunk {
    let first = Baseline::of(&report.findings);
    let of_the_law = |found: &&Finding| found.blocks() && found.is_of_the_law();
    let refused = report.findings.iter().filter(of_the_law).cloned().collect();
    Shrunk { text: Some(first.text()), known: first.len(), gone: 0, refused }
}

/// The law with a baseline of so many findings.
pub(crate) fn begun(law: &str, file: &str, most: usize) -> String {
    format!("{}\n\n[baseline]\nfile = \"{file}\"\nmost = {most}\n", law.trim_end())
}

/// The law with a lower `most`; nothing where it does not stand where it should.
pub(crate) fn lowered(law: &str, most: usize) -> Option<Mend> {
    let document = DeTable::parse(law).ok()?;
    let said = document.get_ref().get("baseline")?.get_ref().as_table()?.get("most")?.span();
    let (begin, end) = (law[..said.start].rfind('\n').map_or(0, |at| at + 1), law[said.end..].find('\n'));
    let end = end.map_or(law.len(), |at| said.end + at + 1);
    let line = line_of(law, said.start);
    Some(Mend {
        rule: BASELINE,
        file: CONFIG.to_owned(),
        subject: Some(MOST.to_owned()),
        lines: line..line + 1,
        text: format!("{}{most}{}", &law[begin..said.start], &law[said.end..end]),
        said: format!("most = {most}"),
    })
}

/// The subject of the finding that the law lets the baseline know more than it does.
pub(crate) const MOST: &str = "most";

/// The whole file anew where the baseline knows more than is left, and the law where it lets it know more.
pub(super) fn mends(
    report: &Report,
    workspace: &Workspace,
    config: &Config,
    read: &dyn Fn(&str) -> Option<String>,
) -> Vec<Mend> {
    let Some((BaselineFile { file, most, .. }, now)) =
        config.baseline.as_ref().zip(baseline(workspace, config))
    else {
        return Vec::new();
    };
    if !report.open().any(|found| found.rule == BASELINE && found.stale) {
        return Vec::new();
    }
    let shrunk = update_baseline(report, &now, &[]);
    let lines = workspace.documents.get(file).map_or(0, |text| text.lines().count());
    let anew = shrunk.text.map(|text| Mend {
        rule: BASELINE,
        file: file.clone(),
        subject: None,
        lines: 1..lines + 1,
        text,
        said: format!("{} known findings fewer", shrunk.gone),
    });
    let law = (shrunk.known < *most).then(|| lowered(&read(CONFIG)?, shrunk.known)).flatten();
    anew.into_iter().chain(law).collect()
}

/// Whether a baseline may hold such a finding: none about the law itself, of a strict rule, or of none at all.
pub(crate) fn may_be_known(rule: &str, file: &str, subject: &str, strict: &[String]) -> bool {
    let is_strict = |rule: &Rule| strict.iter().any(|pattern| rule.is_meant(pattern));
    !is_of_the_law(rule, file, subject) && Rule::get(rule).is_some_and(|rule| !is_strict(rule))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Selection, evaluate};
    use crate::mend::apply;

    const LAW: &str = "schema = 1\n[headers]\nroot_labels = [\"Never:\"]\n";

    /// The law with a baseline that may know so many findings.
    fn law(most: usize) -> String {
        begun(LAW, "known.toml", most)
    }

    /// Files without a header break LA-401; a root without a label breaks LA-402.
    fn workspace(files: &[(&str, &str)]) -> Workspace {
        let mut workspace = Workspace::default();
        for (path, text) in files {
            workspace.plant(path, text);
        }
        workspace
    }

    fn report(law: &str, workspace: &Workspace) -> Report {
        evaluate(workspace, &Config::parse(law).expect("valid"), &Selection::all())
    }

    const BAD: &[(&str, &str)] =
        &[("crates/a/src/lib.rs", "//! A.\n//! Never: b."), ("crates/a/src/m.rs", "fn f() {}")];
    const WORSE: (&str, &str) = ("crates/a/src/n.rs", "fn g() {}");

    /// The text of the first baseline of these files.
    fn known(files: &[(&str, &str)]) -> String {
        first_baseline(&report(LAW, &workspace(files))).text.expect("new")
    }

    #[test]
    fn the_first_one_takes_in_what_is_there_but_nothing_about_the_law() {
        let first = first_baseline(&report(LAW, &workspace(BAD)));
        assert_eq!((first.known, first.gone, first.refused.len()), (1, 0, 0), "{first:?}");
        assert!(first.text.is_some_and(|text| text.contains("crates/a/src/m.rs")));
        let vacuous = format!("{LAW}[ports]\ncrates = [\"a\"]\nmodules = [\"ports\"]\nmax_methods = 12\n");
        let first = first_baseline(&report(&vacuous, &workspace(BAD)));
        assert_eq!(first.known, 1, "{first:?}");
        assert!(first.refused.iter().any(|found| found.rule == "LA-301"), "{first:?}");
    }

    #[test]
    fn it_shrinks_with_its_law_and_never_grows() {
        let (law, text) = (law(2), known(&[BAD, &[WORSE]].concat()));
        let now = Baseline::parse(&text).expect("its own text");
        let mut later = workspace(BAD);
        later.plant("known.toml", &text);
        let step = update_baseline(&report(&law, &later), &now, &[]);
        assert_eq!((step.known, step.gone, step.refused.len()), (1, 1, 0), "{step:?}");
        let config = Config::parse(&law).expect("valid");
        let mends = mends(&report(&law, &later), &later, &config, &|_| Some(law.clone()));
        let [file, lower] = mends.as_slice() else { panic!("two mends: {mends:?}") };
        assert_eq!(Some(apply(&text, &[file])), step.text);
        assert_eq!(apply(&law, &[lower]), self::law(1));

        later.plant("crates/a/src/new.rs", "fn h() {}");
        let refusal = update_baseline(&report(&law, &later), &now, &[]);
        assert_eq!((refusal.known, refusal.gone, refusal.refused.len()), (1, 1, 1), "{refusal:?}");
        assert_eq!(refusal.refused[0].place.file, "crates/a/src/new.rs");
    }

    #[test]
    fn what_became_strict_leaves_it() {
        let text = known(BAD);
        let mut same = workspace(BAD);
        same.plant("known.toml", &text);
        let now = Baseline::parse(&text).expect("its own text");
        let step = update_baseline(&report(&law(1), &same), &now, &["LA-4*".to_owned()]);
        assert_eq!((step.known, step.gone), (0, 1), "{step:?}");
        let step = update_baseline(&report(&law(1), &same), &now, &[]);
        assert_eq!((step.text, step.gone), (None, 0), "nothing is gone");
    }

    #[test]
    fn most_is_lowered_wherever_it_stands() {
        let cases = [
            (
                "[baseline]\nmost = 12 # so many\nfile = \"k\"\n",
                "[baseline]\nmost = 3 # so many\nfile = \"k\"\n",
            ),
            ("baseline = { file = \"k\", most = 12 }", "baseline = { file = \"k\", most = 3 }"),
            ("baseline.file = \"k\"\nbaseline.most = 12\n", "baseline.file = \"k\"\nbaseline.most = 3\n"),
        ];
        for (law, expected) in cases {
            let mend = lowered(law, 3).expect("it stands there");
            assert_eq!(apply(law, &[&mend]), expected, "{law}");
        }
        assert_eq!(lowered("[baseline]\nfile = \"k\"\n", 3), None);
    }
}

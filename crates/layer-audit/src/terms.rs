//! Which findings are let off: by an allowance until its day, or by the baseline. What lets off nothing is a finding.

use crate::baseline::Baseline;
use crate::config::{Allow, BaselineFile, Config};
use crate::evaluate::Selection;
use crate::finding::{Finding, Place, Standing};
use crate::mend::MOST;
use crate::rules::{CONFIG, Rule};
use crate::workspace::Workspace;

/// Id of the rule about allowances.
pub(crate) const ALLOWANCES: &str = "LA-004";
/// Id of the rule about the baseline.
pub(crate) const BASELINE: &str = "LA-005";

/// Marks what is let off, and adds a finding for each allowance and each baseline entry that lets off nothing.
pub(crate) fn apply(
    workspace: &Workspace,
    config: &Config,
    selection: &Selection,
    findings: &mut Vec<Finding>,
) {
    let mut idle = Vec::new();
    for entry in config.in_force(workspace.today) {
        let mut used = false;
        for finding in findings.iter_mut().filter(|finding| covers(entry, finding)) {
            finding.standing = Standing::Allowed;
            used = true;
        }
        if !used && selection.holds(&entry.rule) {
            idle.extend(unused(entry));
        }
    }
    if let Some(baseline) = baseline(workspace, config) {
        for ((rule, file, subject), count) in baseline.mark(findings, |rule| selection.holds(rule)) {
            let message = format!(
                "{rule} {file} ({subject}): {count} fewer than known; run the audit with --update-baseline"
            );
            idle.extend(stale(BASELINE, place(config), format!("{rule} {file} {subject}"), message));
        }
        idle.extend(room(config, baseline.len()));
    }
    findings.extend(idle.into_iter().filter(|finding| selection.holds(finding.rule)));
    findings.sort();
}

/// The baseline, where one is configured and can be read; that it cannot is LA-005's finding.
pub(crate) fn baseline(workspace: &Workspace, config: &Config) -> Option<Baseline> {
    let text = workspace.documents.get(&config.baseline.as_ref()?.file)?;
    Baseline::parse(text).ok()
}

/// The entry lets this finding off, if it counts. What is about the law itself no entry lets off.
pub(crate) fn covers(entry: &Allow, finding: &Finding) -> bool {
    !finding.is_of_the_law()
        && entry.rule == finding.rule
        && entry.file == finding.place.file
        && entry.subject.as_ref().is_none_or(|subject| *subject == finding.subject)
}

/// The law lets the baseline know more than it does, so that it could grow.
fn room(config: &Config, known: usize) -> Option<Finding> {
    let BaselineFile { file, most, .. } = config.baseline.as_ref().filter(|entry| entry.most > known)?;
    let message = format!("most = {most}, and {file} knows {known}; run the audit with --update-baseline");
    stale(BASELINE, Place::file(CONFIG), MOST.to_owned(), message)
}

fn unused(entry: &Allow) -> Option<Finding> {
    let message = format!("[[allow]] {} {} lets off nothing any more; remove it", entry.rule, entry.file);
    stale(ALLOWANCES, Place::file(CONFIG), format!("{} {}", entry.rule, entry.file), message)
}

fn stale(rule: &str, place: Place, subject: String, message: String) -> Option<Finding> {
    Rule::get(rule).map(|rule| Finding { stale: true, ..rule.finding(place, subject, message) })
}

fn place(config: &Config) -> Place {
    Place::file(config.baseline.as_ref().map_or(CONFIG, |baseline| baseline.file.as_str()))
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::day::Day;
    use crate::evaluate::{Selection, evaluate};
    use crate::report::{Exit, Report};
    use crate::workspace::Workspace;

    const LAW: &str = "schema = 1\n[headers]\nroot_labels = []\n";
    const ALLOW: &str = "[[allow]]\nrule = \"LA-401\"\nfile = \"crates/a/src/lib.rs\"\nreason = \"it moves\"\n\
                         owner = \"the house\"\nuntil = \"2030-06-30\"\n";

    fn report(more: &str, text: &str, baseline: &str) -> Report {
        let config = Config::parse(&format!("{LAW}{more}")).expect("valid");
        let mut workspace =
            Workspace { today: Day::parse("2030-06-01").expect("valid"), ..Workspace::default() };
        workspace.plant("crates/a/src/lib.rs", text);
        workspace.plant("known.toml", baseline);
        evaluate(&workspace, &config, &Selection::all())
    }

    fn lines(report: &Report) -> Vec<String> {
        report.findings.iter().filter(|finding| finding.blocks()).map(ToString::to_string).collect()
    }

    #[test]
    fn an_allowance_lets_off_until_its_day_and_must_be_used() {
        let bad = "fn f() {}";
        assert_eq!(report(ALLOW, bad, "").exit(), Exit::Clean);
        let expired = ALLOW.replace("2030-06-30", "2030-05-31");
        let found = lines(&report(&expired, bad, ""));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[1].contains("ran out on 2030-05-31"), "{found:?}");
        let endless = ALLOW.replace("2030-06-30", "2031-06-03");
        let found = lines(&report(&endless, bad, ""));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[1].contains("2031-06-03 is out of sight; name a day up to 2031-06-02"), "{found:?}");
        let further = format!("{endless}[expiry]\nhorizon_days = 367\n");
        assert_eq!(report(&further, bad, "").exit(), Exit::Clean);
        let unused = report(ALLOW, "//! Good.", "");
        assert_eq!(
            lines(&unused),
            ["LA-004 layers.toml [[allow]] LA-401 crates/a/src/lib.rs lets off nothing any more; remove it"]
        );
        assert_eq!(unused.exit(), Exit::Stale);
    }

    #[test]
    fn that_a_rule_matched_nothing_is_neither_allowed_nor_known() {
        let ports = "[ports]\ncrates = [\"a\"]\nmodules = [\"ports\"]\nmax_methods = 12\n";
        let vacuous = "LA-301 layers.toml matched nothing; mend or remove what configures it";
        let allow = ALLOW.replace("LA-401", "LA-301").replace("crates/a/src/lib.rs", "layers.toml");
        let found = lines(&report(&format!("{ports}{allow}"), "//! Good.", ""));
        assert!(
            found.contains(&vacuous.to_owned()) && found.iter().any(|line| line.contains("LA-004")),
            "{found:?}"
        );
        let known = "schema = 1\n[[known]]\nrule = \"LA-301\"\nfile = \"layers.toml\"\nsubject = \"vacuous\"\ncount = 1\n";
        let baseline = "[baseline]\nfile = \"known.toml\"\nmost = 1\n";
        let report = report(&format!("{ports}{baseline}"), "//! Good.", known);
        let found = lines(&report);
        assert!(found.contains(&vacuous.to_owned()), "{found:?}");
        assert!(
            found.contains(&"LA-005 known.toml LA-301 may not be in the baseline; mend it".to_owned()),
            "{found:?}"
        );
    }

    #[test]
    fn the_baseline_lets_off_what_it_knows_and_must_shrink() {
        let known = "schema = 1\n[[known]]\nrule = \"LA-401\"\nfile = \"crates/a/src/lib.rs\"\nsubject = \"crates/a/src/lib.rs\"\ncount = 1\n";
        let law = "[baseline]\nfile = \"known.toml\"\nmost = 1\n";
        assert_eq!(report(law, "fn f() {}", known).exit(), Exit::Clean);
        let stale = report(law, "//! Good.", known);
        assert_eq!(stale.exit(), Exit::Stale);
        assert!(lines(&stale)[0].contains("--update-baseline"), "{stale:?}");
        let strict = "[baseline]\nfile = \"known.toml\"\nmost = 1\nstrict = [\"LA-4*\"]\n";
        assert_eq!(report(strict, "fn f() {}", known).exit(), Exit::Violations);
        assert_eq!(report(law, "fn f() {}", "schema = 7").exit(), Exit::Violations);
    }
}

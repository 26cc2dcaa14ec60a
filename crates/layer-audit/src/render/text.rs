//! For people and logs: findings first, tables after them, always a closing line.

use super::{Account, Summary};
use crate::finding::{Finding, Severity, Standing};

pub(super) fn render(account: &Account<'_>) -> String {
    let shown = |finding: &&Finding| account.everything || finding.standing == Standing::Open;
    let findings = account.report.findings.iter().filter(shown);
    let mut text: String = findings.map(|finding| format!("{finding}{}\n", mark(finding))).collect();
    text.push_str(&end(account));
    text
}

/// Tables where they are wanted, the tally of rules, the closing line.
pub(super) fn end(account: &Account<'_>) -> String {
    let mut text = String::new();
    if account.tables {
        text.push_str(&Summary::of(account).tables());
    }
    let (kept, ran) = (account.report.kept(), account.report.rules.len());
    text.push_str(&format!("rules {kept}/{ran} kept\n"));
    text.push_str(&closing(account));
    text
}

pub(super) fn closing(account: &Account<'_>) -> String {
    let report = account.report;
    let tally = report.tally();
    let advisory = match tally.advisory {
        0 => String::new(),
        count => format!(", advisory {count}"),
    };
    format!(
        "{} crates, {} files, {} rules; new {}{advisory}, known {}, allowed {}, stale {}, {} ms\n",
        report.crates,
        report.files,
        report.rules.len(),
        tally.new,
        tally.known,
        tally.allowed,
        tally.stale,
        account.milliseconds
    )
}

fn mark(finding: &Finding) -> &'static str {
    match (finding.standing, finding.severity) {
        (Standing::Known, _) => " (known)",
        (Standing::Allowed, _) => " (allowed)",
        (Standing::Open, Severity::Advisory) => " (advisory)",
        (Standing::Open, Severity::Blocking) => "",
    }
}

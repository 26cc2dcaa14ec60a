//! One JSON object for other programs: every finding with its fingerprint, and the summary.

use serde::Serialize;

use super::{Account, Summary};
use crate::finding::{Severity, Standing};
use crate::fingerprint::fingerprints;
use crate::home::Home;

/// Format of this object. It grows only when a reader of the old one would be misled.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Output<'a> {
    schema: u32,
    findings: Vec<Said<'a>>,
    summary: Summary,
}

/// Line and column are null where the finding is about the whole file or line.
#[derive(Serialize)]
struct Said<'a> {
    rule: &'a str,
    severity: Severity,
    standing: Standing,
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    subject: &'a str,
    message: &'a str,
    fingerprint: String,
    #[serde(rename = "crate")]
    member: Option<&'a str>,
    layer: Option<&'a str>,
    domain: Option<&'a str>,
}

pub(super) fn render(account: &Account<'_>) -> String {
    let findings = &account.report.findings;
    let said = findings.iter().zip(fingerprints(findings)).map(|(finding, fingerprint)| {
        let home = Home::of(&finding.place.file, account.workspace, account.config);
        Said {
            rule: finding.rule,
            severity: finding.severity,
            standing: finding.standing,
            file: &finding.place.file,
            line: above_zero(finding.place.line),
            column: above_zero(finding.place.column),
            subject: &finding.subject,
            message: &finding.message,
            fingerprint,
            member: home.member,
            layer: home.layer,
            domain: home.domain,
        }
    });
    let output = Output { schema: SCHEMA, findings: said.collect(), summary: Summary::of(account) };
    super::pretty(&output)
}

fn above_zero(number: usize) -> Option<usize> {
    (number > 0).then_some(number)
}

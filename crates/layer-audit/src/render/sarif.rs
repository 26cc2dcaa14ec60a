//! SARIF 2.1.0: one result per finding, with what it takes to follow it from run to run.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

mod help;
mod log;

use std::collections::BTreeMap;

use log::{
    Artifact, ArtifactChange, BaseId, Configuration, Driver, Fix, Help, Invocation, Level, Location, Log,
    Physical, Region, Replacement, ReportingDescriptor, Result, Run, Suppression, Text, Tool,
};

use super::Account;
use crate::finding::{Finding, Place, Severity, Standing};
use crate::fingerprint::fingerprints;
use crate::mend::Mend;
use crate::rules::Rule;
use crate::terms::covers;

/// What relative paths are relative to: the root of the workspace, which the reader knows and we do not say.
const BASE: &str = "SRCROOT";
/// Under this name others store our fingerprints.
const FINGERPRINT: &str = "layerAudit/v1";

pub(super) fn render(account: &Account<'_>) -> String {
    let findings = &account.report.findings;
    let described: Vec<&'static Rule> = account.report.rules.iter().filter_map(|id| Rule::get(id)).collect();
    let results = findings.iter().zip(fingerprints(findings));
    let driver = Driver {
        name: "layer-audit",
        version: env!("CARGO_PKG_VERSION"),
        information_uri: env!("CARGO_PKG_REPOSITORY"),
        rules: described.iter().map(|rule| descriptor(rule)).collect(),
    };
    // No absolute path: the log reads the same wherever it was made.
    let base = BaseId { description: Text { text: "root of the workspace".to_owned() } };
    let run = Run {
        tool: Tool { driver },
        invocations: [Invocation { execution_successful: true }],
        original_uri_base_ids: BTreeMap::from([(BASE, base)]),
        column_kind: "unicodeCodePoints",
        results: results.map(|(finding, print)| result(account, &described, finding, print)).collect(),
    };
    super::pretty(&Log { schema: log::SCHEMA, version: "2.1.0", runs: [run] })
}

fn descriptor(rule: &'static Rule) -> ReportingDescriptor {
    ReportingDescriptor {
        id: rule.id,
        short_description: Text { text: rule.title.to_owned() },
        full_description: Text { text: rule.why.to_owned() },
        help: Help { text: rule.explain(), markdown: help::markdown(rule) },
        default_configuration: Configuration { level: level(rule.severity) },
    }
}

fn result<'a>(account: &Account<'a>, described: &[&Rule], finding: &'a Finding, print: String) -> Result<'a> {
    Result {
        rule_id: finding.rule,
        rule_index: described.iter().position(|rule| rule.id == finding.rule),
        level: level(finding.severity),
        message: Text { text: finding.message.clone() },
        locations: [Location { physical_location: physical(&finding.place) }],
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, print)]),
        baseline_state: account.config.baseline.as_ref().map(|_| state(finding)),
        suppressions: suppressions(account, finding),
        fixes: account.mends.iter().filter(|mend| mend.serves(finding)).map(fix).collect(),
    }
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Blocking => "error",
        Severity::Advisory => "warning",
    }
}

/// A finding about a whole file stands at its first line: a result without a line is not shown by some readers.
fn physical(place: &Place) -> Physical {
    let column = (place.line > 0 && place.column > 0).then_some(place.column);
    let region = Region { start_line: place.line.max(1), start_column: column, ..Region::default() };
    Physical { artifact_location: artifact(&place.file), region }
}

fn state(finding: &Finding) -> &'static str {
    match finding.standing {
        Standing::Open => "new",
        Standing::Allowed | Standing::Known => "unchanged",
    }
}

/// Without this a known finding would look mended to whoever reads the log, and come back later as new.
fn suppressions(account: &Account<'_>, finding: &Finding) -> Option<[Suppression; 1]> {
    let justification = match finding.standing {
        Standing::Open => return None,
        Standing::Known => "known since before the audit came; the baseline may only shrink".to_owned(),
        Standing::Allowed => {
            let entry = account.config.allowances.iter().find(|entry| covers(entry, finding))?;
            format!("{} ({}, until {})", entry.reason, entry.owner, entry.until)
        }
    };
    Some([Suppression { kind: "external", status: "accepted", justification }])
}

fn fix(mend: &Mend) -> Fix {
    let deleted = Region {
        start_line: mend.lines.start,
        start_column: Some(1),
        end_line: Some(mend.lines.end),
        end_column: Some(1),
    };
    let inserted = (!mend.text.is_empty()).then(|| Text { text: mend.text.clone() });
    let replacement = Replacement { deleted_region: deleted, inserted_content: inserted };
    let change = ArtifactChange { artifact_location: artifact(&mend.file), replacements: [replacement] };
    Fix { description: Text { text: mend.said.clone() }, artifact_changes: [change] }
}

fn artifact(path: &str) -> Artifact {
    Artifact { uri: uri(path), uri_base_id: BASE }
}

/// A relative path as a URI: everything but unreserved characters and `/` is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_relative_uris() {
        let cases = [
            ("crates/a/src/lib.rs", "crates/a/src/lib.rs"),
            ("a b/c#d?.rs", "a%20b/c%23d%3F.rs"),
            ("a:b/ä.rs", "a%3Ab/%C3%A4.rs"),
        ];
        for (path, expected) in cases {
            assert_eq!(uri(path), expected, "{path}");
        }
    }
}

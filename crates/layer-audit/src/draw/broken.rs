//! Which arrows the findings are about. Decided by the place and the subject of a finding, never by its words.

use crate::config::Config;
use crate::finding::{Finding, Standing};
use crate::graph::{is_meant, way};
use crate::manifest::DependencyKind;
use crate::terms::covers;
use crate::workspace::{Crate, Dependency, Workspace};

/// Rules that judge an arrow. The others of their family judge how a manifest is written, or where files stand.
const OF_ARROWS: [&str; 8] = ["LA-101", "LA-102", "LA-103", "LA-104", "LA-105", "LA-108", "LA-109", "LA-110"];

/// An arrow that a finding is about.
pub(super) struct Broken<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) kind: DependencyKind,
    pub(super) rule: &'static str,
    /// Why the finding does not count; nothing where it does.
    pub(super) excuse: Option<&'a str>,
}

/// One for each finding about an arrow that stands at a declared dependency. One about a way stands at its first step.
pub(super) fn arrows<'a>(
    workspace: &'a Workspace,
    config: &'a Config,
    findings: &[Finding],
) -> Vec<Broken<'a>> {
    let mut arrows = Vec::new();
    for finding in findings.iter().filter(|finding| OF_ARROWS.contains(&finding.rule)) {
        let here = |member: &&Crate| member.manifest_path() == finding.place.file;
        let Some(member) = workspace.crates.iter().find(here) else { continue };
        let Some(dependency) = meant(workspace, member, finding) else { continue };
        arrows.push(Broken {
            from: &member.name,
            to: &dependency.package,
            kind: dependency.kind,
            rule: finding.rule,
            excuse: excuse(config, workspace, finding),
        });
    }
    arrows
}

/// The dependency on the line of the finding. Of several on one line (an inline table) the one that the subject names, or
/// from which a way leads to it.
fn meant<'a>(workspace: &Workspace, member: &'a Crate, finding: &Finding) -> Option<&'a Dependency> {
    let line = finding.place.line;
    let on_line = || member.dependencies.iter().filter(move |one| line > 0 && one.line == line);
    let subject = finding.subject.as_str();
    let named = |one: &&Dependency| is_meant(subject, &one.package);
    let leads = |one: &&Dependency| way(workspace, &one.package, subject).is_some();
    on_line().find(named).or_else(|| on_line().find(leads))
}

fn excuse<'a>(config: &'a Config, workspace: &Workspace, finding: &Finding) -> Option<&'a str> {
    match finding.standing {
        Standing::Open => None,
        Standing::Known => Some("known to the baseline"),
        Standing::Allowed => {
            let mut entries = config.in_force(workspace.today);
            let entry = entries.find(|entry| covers(entry, finding));
            Some(entry.map_or("allowed", |entry| entry.reason.as_str()))
        }
    }
}

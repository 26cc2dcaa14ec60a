//! Which arrows the findings are about.

use crate::finding::Finding;
use crate::manifest::DependencyKind;
use crate::workspace::{Crate, Workspace};

/// An arrow that a finding is about.
pub(super) struct Broken<'a> {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) kind: DependencyKind,
    pub(super) rule: &'a str,
}

/// One for each declared dependency that a finding of the crate graph means.
pub(super) fn arrows<'a>(workspace: &Workspace, findings: &'a [Finding]) -> Vec<Broken<'a>> {
    let mut arrows = Vec::new();
    for finding in findings.iter().filter(|finding| finding.rule.starts_with("LA-1")) {
        let here = |member: &&Crate| member.manifest_path() == finding.place.file;
        let Some(member) = workspace.crates.iter().find(here) else { continue };
        let Some(to) = target(workspace, member, finding) else { continue };
        for kind in kinds(member, to, finding.place.line) {
            arrows.push(Broken { from: member.name.clone(), to: to.to_owned(), kind, rule: finding.rule });
        }
    }
    arrows
}

/// A message that begins `a -> b` names the arrow; otherwise the subject does, when it is another member.
fn target<'a>(workspace: &Workspace, member: &Crate, finding: &'a Finding) -> Option<&'a str> {
    let rest = finding.message.strip_prefix(&member.name).and_then(|rest| rest.strip_prefix(" -> "));
    if let Some(rest) = rest {
        return rest.split([' ', ';', ',']).next();
    }
    let subject = finding.subject.as_str();
    (subject != member.name && workspace.get(subject).is_some()).then_some(subject)
}

/// The tables that declare it: the one on the line of the finding, or all where the line tells none.
fn kinds(member: &Crate, to: &str, line: usize) -> Vec<DependencyKind> {
    let declared = || member.dependencies.iter().filter(|dependency| dependency.package == to);
    let on_line = declared().find(|dependency| line > 0 && dependency.line == line);
    match on_line {
        Some(dependency) => vec![dependency.kind],
        None => declared().map(|dependency| dependency.kind).collect(),
    }
}

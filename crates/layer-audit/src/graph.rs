//! The crate graph as a value: edges between members, and the shortest way from one crate to another.

use std::collections::{BTreeMap, VecDeque};

use crate::manifest::DependencyKind;
use crate::workspace::Workspace;

/// A dependency of one member on another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The member that depends.
    pub from: String,
    /// Normal, dev or build.
    pub kind: DependencyKind,
    /// The member it depends on.
    pub to: String,
}

/// All edges between members, sorted. Externals are left out.
pub fn edges(workspace: &Workspace) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    for member in &workspace.crates {
        for dependency in &member.dependencies {
            if workspace.get(&dependency.package).is_some() {
                let (from, to) = (member.name.clone(), dependency.package.clone());
                edges.push(Edge { from, kind: dependency.kind, to });
            }
        }
    }
    edges.sort();
    edges.dedup();
    edges
}

/// The shortest way from `from` to a package that `goal` names (`hyper*` is all that begin so), along what a build of
/// `from` links: normal and build dependencies, an external as last step. Holds both ends.
pub(crate) fn way(workspace: &Workspace, from: &str, goal: &str) -> Option<Vec<String>> {
    let mut came: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([from]);
    while let Some(at) = open.pop_front() {
        if at != from && is_meant(goal, at) {
            return Some(unwind(&came, from, at));
        }
        let linked = workspace.get(at).into_iter().flat_map(|member| &member.dependencies);
        for dependency in linked.filter(|dependency| dependency.kind != DependencyKind::Dev) {
            let to = dependency.package.as_str();
            if to != from && !came.contains_key(to) {
                came.insert(to, at);
                open.push_back(to);
            }
        }
    }
    None
}

/// Whether a pattern of `layers.toml` means this package.
pub(crate) fn is_meant(pattern: &str, package: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => package.starts_with(prefix),
        None => package == pattern,
    }
}

fn unwind(came: &BTreeMap<&str, &str>, from: &str, to: &str) -> Vec<String> {
    let mut path = vec![to.to_owned()];
    let mut at = to;
    while at != from {
        let Some(previous) = came.get(at) else { break };
        at = previous;
        path.push(at.to_owned());
    }
    path.reverse();
    path
}

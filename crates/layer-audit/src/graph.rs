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
            if workspace.member_of(dependency).is_some() {
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
    let start = Step { name: from, outside: false };
    let mut came: BTreeMap<Step<'_>, Step<'_>> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(at) = open.pop_front() {
        let is_member = !at.outside || workspace.get(goal).is_none();
        if at != start && is_member && is_meant(goal, at.name) {
            return Some(unwind(&came, start, at));
        }
        let member = workspace.get(at.name).filter(|_| !at.outside);
        let linked = member.into_iter().flat_map(|member| &member.dependencies);
        for dependency in linked.filter(|dependency| dependency.kind != DependencyKind::Dev) {
            let to = Step { name: &dependency.package, outside: dependency.outside };
            if to != start && !came.contains_key(&to) {
                came.insert(to, at);
                open.push_back(to);
            }
        }
    }
    None
}

/// A package on a way. One from outside may have a member's name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Step<'a> {
    name: &'a str,
    outside: bool,
}

/// Whether a pattern of `layers.toml` means this package.
pub(crate) fn is_meant(pattern: &str, package: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => package.starts_with(prefix),
        None => package == pattern,
    }
}

fn unwind(came: &BTreeMap<Step<'_>, Step<'_>>, from: Step<'_>, to: Step<'_>) -> Vec<String> {
    let mut path = vec![to.name.to_owned()];
    let mut at = to;
    while at != from {
        let Some(previous) = came.get(&at) else { break };
        at = *previous;
        path.push(at.name.to_owned());
    }
    path.reverse();
    path
}

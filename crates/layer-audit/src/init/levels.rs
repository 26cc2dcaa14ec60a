//! The levels of a crate graph: each member stands above everything that a build of it links.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::edges;
use crate::manifest::DependencyKind;
use crate::workspace::Workspace;

/// Members of the same height, the highest level first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Level {
    /// Package names, sorted.
    pub(super) members: Vec<String>,
    /// What stands for exactly these members in `crates`: their names, or one pattern.
    pub(super) patterns: Vec<String>,
}

/// The levels, highest first. Dev-dependencies lift nobody: they may form cycles.
pub(super) fn of(workspace: &Workspace) -> Vec<Level> {
    let heights = heights(workspace);
    let most = heights.values().copied().max();
    let at = |height: usize| {
        let members = heights.iter().filter(|(_, own)| **own == height).map(|(name, _)| name.clone());
        members.collect::<Vec<_>>()
    };
    let all: Vec<Vec<String>> = most.map_or_else(Vec::new, |most| (0..=most).rev().map(at).collect());
    all.into_iter()
        .filter(|members| !members.is_empty())
        .map(|members| Level { patterns: patterns(&members, &heights), members })
        .collect()
}

/// Members that others on a lower level name in tests.
pub(super) fn upward_in_tests(workspace: &Workspace, levels: &[Level]) -> Vec<String> {
    let level = |name: &str| levels.iter().position(|level| level.members.iter().any(|one| one == name));
    let dev = edges(workspace).into_iter().filter(|edge| edge.kind == DependencyKind::Dev);
    let upward = dev.filter(|edge| level(&edge.to) < level(&edge.from));
    upward.map(|edge| edge.to).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The longest way down from each member. Cargo refuses a cycle of such edges; a count of steps ends one all the same.
fn heights(workspace: &Workspace) -> BTreeMap<String, usize> {
    let mut heights: BTreeMap<String, usize> =
        workspace.crates.iter().map(|member| (member.name.clone(), 0)).collect();
    let linked: Vec<_> = edges(workspace)
        .into_iter()
        .filter(|edge| edge.kind != DependencyKind::Dev && edge.from != edge.to)
        .collect();
    for _ in 0..workspace.crates.len() {
        let mut changed = false;
        for edge in &linked {
            let below = heights.get(&edge.to).copied().unwrap_or_default();
            if let Some(height) = heights.get_mut(&edge.from).filter(|height| **height <= below) {
                *height = below + 1;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    heights
}

/// One pattern where all members begin alike, up to a `-` or `_`, and no other member does.
fn patterns(members: &[String], all: &BTreeMap<String, usize>) -> Vec<String> {
    let (Some(first), true) = (members.first(), members.len() > 1) else { return members.to_vec() };
    let common = members.iter().fold(first.as_str(), |common, name| {
        let same = common.char_indices().zip(name.chars()).take_while(|((_, one), other)| one == other);
        &common[..same.last().map_or(0, |((at, one), _)| at + one.len_utf8())]
    });
    let end = common.rfind(['-', '_']).map_or(0, |at| at + 1);
    let prefix = &common[..end];
    let meant = all.keys().filter(|name| name.starts_with(prefix)).count();
    if prefix.is_empty() || meant != members.len() { members.to_vec() } else { vec![format!("{prefix}*")] }
}

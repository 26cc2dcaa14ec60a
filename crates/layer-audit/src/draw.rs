//! The crate graph as a picture: crates grouped by layer, arrows between them, and in red the arrows that break a rule.
//!
//! [`Drawing::of`] takes the facts; [`Drawing::mermaid`], [`Drawing::dot`] and [`Drawing::svg`] are three ways to
//! write it down. All are pure, and the same drawing gives the same text.

mod broken;
mod condensed;
mod dot;
mod links;
mod mermaid;
mod svg;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::config::Config;
use crate::finding::Finding;
use crate::graph::edges;
use crate::manifest::DependencyKind;
use crate::workspace::Workspace;

/// Id of the group for members that `layers.toml` gives no layer.
const NO_LAYER: &str = "no-layer";
/// Id of the group for packages outside the workspace that a member should not depend on.
const EXTERNALS: &str = "externals";

/// A crate graph, ready to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// Heading of the picture.
    pub title: String,
    /// Layers, outermost first; they are drawn from top to bottom. None is empty.
    pub layers: Vec<DrawnLayer>,
    /// Arrows between crates of these layers, sorted; others are not drawn.
    pub arrows: Vec<Arrow>,
}

/// A layer and the crates in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnLayer {
    /// Short id, unique in the drawing.
    pub id: String,
    /// What stands there.
    pub name: String,
    /// Package names, sorted. A crate stands in one layer.
    pub crates: Vec<String>,
}

/// A dependency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    /// The crate that depends.
    pub from: String,
    /// What it depends on.
    pub to: String,
    /// Normal, dev or build.
    pub kind: DependencyKind,
    /// The rule that it breaks: `LA-101`, or several with a comma between.
    pub violation: Option<String>,
}

impl Drawing {
    /// The members by layer, the dependencies between them, and which of these the findings are about.
    ///
    /// Only findings about the crate graph (`LA-1xx`) mark an arrow; one about a way marks its first step. An external
    /// is drawn only where a finding is about it.
    pub fn of(workspace: &Workspace, config: &Config, findings: &[Finding]) -> Self {
        let mut arrows: BTreeMap<(String, String, DependencyKind), Vec<&str>> =
            edges(workspace).into_iter().map(|edge| ((edge.from, edge.to, edge.kind), Vec::new())).collect();
        for broken in broken::arrows(workspace, findings) {
            let rules = arrows.entry((broken.from, broken.to, broken.kind)).or_default();
            if !rules.contains(&broken.rule) {
                rules.push(broken.rule);
            }
        }
        let mut layers = layers(workspace, config);
        let external = |name: &&String| workspace.get(name).is_none();
        let mut externals: Vec<String> =
            arrows.keys().map(|(_, to, _)| to).filter(external).cloned().collect();
        externals.dedup();
        layers.push(group(EXTERNALS, "packages from outside", externals));
        layers.retain(|layer| !layer.crates.is_empty());
        let arrows = arrows.into_iter().map(|((from, to, kind), rules)| {
            let violation = (!rules.is_empty()).then(|| rules.join(", "));
            Arrow { from, to, kind, violation }
        });
        Self { title: "Crates by layer".to_owned(), layers, arrows: arrows.collect() }
    }
}

fn layers(workspace: &Workspace, config: &Config) -> Vec<DrawnLayer> {
    let mut layers: Vec<DrawnLayer> =
        config.layers.iter().map(|layer| group(&layer.id, &layer.name, Vec::new())).collect();
    let mut homeless = Vec::new();
    for member in &workspace.crates {
        let entry = config.crates.iter().find(|entry| entry.name == member.name);
        let layer = entry.and_then(|entry| layers.iter_mut().find(|layer| layer.id == entry.layer));
        layer.map_or(&mut homeless, |layer| &mut layer.crates).push(member.name.clone());
    }
    layers.push(group(NO_LAYER, "members without a layer", homeless));
    layers
}

fn group(id: &str, name: &str, crates: Vec<String>) -> DrawnLayer {
    DrawnLayer { id: id.to_owned(), name: name.to_owned(), crates }
}

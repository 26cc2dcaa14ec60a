//! The crate graph as a picture: crates grouped by layer, arrows between them, in red the arrows that break a rule, and in
//! grey those that may for now.
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
use broken::Broken;

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
    /// What stands there; empty where the law does not say.
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
    /// What it breaks, if anything.
    pub breach: Option<Breach>,
}

/// What an arrow breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// The rule: `LA-101`, or several with a comma between. Where any of them counts, only those that count.
    pub rules: String,
    /// Why none of them counts: the reasons of the allowances, or that the baseline knows them.
    pub excuse: Option<String>,
}

impl Drawing {
    /// The members by layer, the dependencies between them, and which of these the findings are about.
    ///
    /// Only findings about arrows (LA-101 and its like) mark one; one about a way marks its first step. An external is drawn
    /// only where a finding is about it.
    pub fn of(workspace: &Workspace, config: &Config, findings: &[Finding]) -> Self {
        let mut arrows: BTreeMap<(String, String, DependencyKind), Vec<Broken<'_>>> =
            edges(workspace).into_iter().map(|edge| ((edge.from, edge.to, edge.kind), Vec::new())).collect();
        for broken in broken::arrows(workspace, config, findings) {
            let arrow = (broken.from.to_owned(), broken.to.to_owned(), broken.kind);
            arrows.entry(arrow).or_default().push(broken);
        }
        let mut layers = layers(workspace, config);
        let external = |name: &&String| workspace.get(name).is_none();
        let mut externals: Vec<String> =
            arrows.keys().map(|(_, to, _)| to).filter(external).cloned().collect();
        externals.dedup();
        layers.push(group(EXTERNALS, "packages from outside", externals));
        layers.retain(|layer| !layer.crates.is_empty());
        let arrows = arrows.into_iter().map(|((from, to, kind), broken)| Arrow {
            from,
            to,
            kind,
            breach: Breach::of(&broken),
        });
        Self { title: "Crates by layer".to_owned(), layers, arrows: arrows.collect() }
    }
}

impl DrawnLayer {
    /// `L5: business rules`, or the id alone.
    fn heading(&self) -> String {
        if self.name.is_empty() { self.id.clone() } else { format!("{}: {}", self.id, self.name) }
    }
}

impl Arrow {
    /// It breaks a rule, and nothing lets it off.
    pub fn is_broken(&self) -> bool {
        self.breach.as_ref().is_some_and(Breach::counts)
    }
}

impl Breach {
    fn of(broken: &[Broken<'_>]) -> Option<Self> {
        let open: Vec<&Broken<'_>> = broken.iter().filter(|one| one.excuse.is_none()).collect();
        let told = if open.is_empty() { broken.iter().collect() } else { open };
        let excuses = told.iter().filter_map(|one| one.excuse);
        let (rules, excuse) = (listed(told.iter().map(|one| one.rule), ", "), listed(excuses, "; "));
        let excuse = Some(excuse).filter(|excuse| !excuse.is_empty());
        (!rules.is_empty()).then_some(Self { rules, excuse })
    }

    /// Nothing lets it off.
    pub fn counts(&self) -> bool {
        self.excuse.is_none()
    }

    /// `LA-101`, or `LA-101 (let off: the reason)`.
    pub(crate) fn told(&self) -> String {
        match &self.excuse {
            Some(excuse) => format!("{} (let off: {excuse})", self.rules),
            None => self.rules.clone(),
        }
    }
}

/// Each once, in the order in which they come.
fn listed<'a>(all: impl Iterator<Item = &'a str>, between: &str) -> String {
    let mut listed: Vec<&str> = Vec::new();
    for one in all {
        if !listed.contains(&one) {
            listed.push(one);
        }
    }
    listed.join(between)
}

fn layers(workspace: &Workspace, config: &Config) -> Vec<DrawnLayer> {
    let mut layers: Vec<DrawnLayer> =
        config.layers.iter().map(|layer| group(&layer.id, &layer.name, Vec::new())).collect();
    let mut homeless = Vec::new();
    for member in &workspace.crates {
        let own = config.layer_of(&member.name);
        let layer = own.and_then(|own| layers.iter_mut().find(|layer| layer.id == own.id));
        layer.map_or(&mut homeless, |layer| &mut layer.crates).push(member.name.clone());
    }
    layers.push(group(NO_LAYER, "members without a layer", homeless));
    layers
}

fn group(id: &str, name: &str, crates: Vec<String>) -> DrawnLayer {
    DrawnLayer { id: id.to_owned(), name: name.to_owned(), crates }
}

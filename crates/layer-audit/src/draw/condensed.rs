//! A large graph made small: a box per layer, and by name only the crates at either end of a broken rule.

use std::collections::{BTreeMap, BTreeSet};

use super::{Arrow, Drawing, DrawnLayer};
use crate::manifest::DependencyKind;

/// Beyond this many crates no reader follows single arrows.
const LIMIT: usize = 120;

/// The small form of a drawing, and how much of it there is by name.
pub(super) struct Condensed {
    pub(super) drawing: Drawing,
    pub(super) note: &'static str,
}

impl Drawing {
    /// The small form of a drawing of more than 120 crates; `None` of a smaller one.
    ///
    /// A box stands for each layer and has its arrows, one per other layer. Where a rule is broken, its arrow is drawn
    /// between the crates themselves, unless these are more than 120 as well.
    pub(super) fn condensed(&self) -> Option<Condensed> {
        if self.layers.iter().map(|layer| layer.crates.len()).sum::<usize>() <= LIMIT {
            return None;
        }
        let broken = self.arrows.iter().filter(|arrow| arrow.is_broken());
        let named: BTreeSet<&str> =
            broken.flat_map(|arrow| [arrow.from.as_str(), arrow.to.as_str()]).collect();
        let (named, note) = match named.len() {
            0..=LIMIT => (named, "drawn by layer, by name only where a rule is broken"),
            _ => (BTreeSet::new(), "drawn by layer, as too many break a rule to name them"),
        };
        let mut box_of: BTreeMap<&str, String> = BTreeMap::new();
        let mut layers = Vec::new();
        for layer in &self.layers {
            let layer_box = match layer.crates.as_slice() {
                [one] => one.clone(),
                all => format!("{} crates in {}", all.len(), layer.id),
            };
            box_of.extend(layer.crates.iter().map(|name| (name.as_str(), layer_box.clone())));
            let own = layer.crates.iter().filter(|name| named.contains(name.as_str()) && **name != layer_box);
            let crates = std::iter::once(layer_box.clone()).chain(own.cloned()).collect();
            layers.push(DrawnLayer { crates, ..layer.clone() });
        }
        let arrows = arrows(&self.arrows, &box_of, &named);
        Some(Condensed { drawing: Self { title: self.title.clone(), layers, arrows }, note })
    }
}

/// Arrows between boxes, of the kind that binds most; broken ones between the named crates; of those that are let off one
/// between two boxes for each reason.
fn arrows(all: &[Arrow], box_of: &BTreeMap<&str, String>, named: &BTreeSet<&str>) -> Vec<Arrow> {
    let mut arrows = BTreeSet::new();
    let mut kinds: BTreeMap<(&String, &String), DependencyKind> = BTreeMap::new();
    for arrow in all {
        let ends = (box_of.get(arrow.from.as_str()), box_of.get(arrow.to.as_str()));
        let (Some(from), Some(to)) = ends else { continue };
        if arrow.is_broken() && named.contains(arrow.from.as_str()) {
            arrows.insert(arrow.clone());
        } else if arrow.breach.is_some() {
            arrows.insert(Arrow { from: from.clone(), to: to.clone(), ..arrow.clone() });
        } else {
            let kind = kinds.entry((from, to)).or_insert(arrow.kind);
            *kind = std::cmp::min_by_key(*kind, arrow.kind, |kind| binding(*kind));
        }
    }
    let plain = |((from, to), kind): ((&String, &String), _)| Arrow {
        from: from.clone(),
        to: to.clone(),
        kind,
        breach: None,
    };
    arrows.extend(kinds.into_iter().map(plain));
    arrows.retain(|arrow| arrow.from != arrow.to);
    arrows.into_iter().collect()
}

fn binding(kind: DependencyKind) -> u8 {
    match kind {
        DependencyKind::Normal => 0,
        DependencyKind::Build => 1,
        DependencyKind::Dev => 2,
    }
}

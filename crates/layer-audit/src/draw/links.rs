//! Crates and arrows of a drawing by number, and which arrows say nothing that others do not say already.

use std::collections::BTreeMap;

use super::{Breach, Drawing};
use crate::manifest::DependencyKind;

/// A drawing by number.
pub(super) struct Links<'a> {
    /// Crates, in the order of the drawing.
    pub(super) names: Vec<&'a str>,
    /// The layer of each crate, as index into the layers of the drawing.
    pub(super) layer: Vec<usize>,
    /// Arrows between these crates, in the order of the drawing.
    pub(super) links: Vec<Link<'a>>,
}

/// An arrow by number.
pub(super) struct Link<'a> {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) kind: DependencyKind,
    pub(super) breach: Option<&'a Breach>,
    /// There is a longer way of normal dependencies to the same crate, so the arrow can be drawn faint.
    pub(super) implied: bool,
}

impl<'a> Links<'a> {
    /// Leaves out arrows from a crate to itself, and such whose ends are not in the drawing.
    pub(super) fn of(drawing: &'a Drawing) -> Self {
        let mut all = Self { names: Vec::new(), layer: Vec::new(), links: Vec::new() };
        let mut numbers = BTreeMap::new();
        for (layer, drawn) in drawing.layers.iter().enumerate() {
            for name in &drawn.crates {
                numbers.entry(name.as_str()).or_insert_with(|| {
                    all.names.push(name);
                    all.layer.push(layer);
                    all.names.len() - 1
                });
            }
        }
        for arrow in &drawing.arrows {
            let ends = (numbers.get(arrow.from.as_str()), numbers.get(arrow.to.as_str()));
            let (Some(&from), Some(&to)) = ends else { continue };
            if from != to {
                let breach = arrow.breach.as_ref();
                all.links.push(Link { from, to, kind: arrow.kind, breach, implied: false });
            }
        }
        all.mark_implied();
        all
    }

    /// Every crate after all that it is built with. Where arrows go round, one of the ring comes too early.
    pub(super) fn uses_first(&self) -> Vec<usize> {
        let uses = self.uses(|link| link.kind != DependencyKind::Dev);
        let mut done = Vec::with_capacity(self.names.len());
        let mut seen = vec![false; self.names.len()];
        for start in 0..self.names.len() {
            let mut open = vec![(start, 0)];
            while let Some((at, next)) = open.pop() {
                if next == 0 && std::mem::replace(&mut seen[at], true) {
                    continue;
                }
                match uses[at].get(next) {
                    Some(&to) => open.extend([(at, next + 1), (to, 0)]),
                    None => done.push(at),
                }
            }
        }
        done
    }

    /// For each crate the ends of those of its arrows that `wanted` takes.
    pub(super) fn uses(&self, wanted: impl Fn(&Link<'_>) -> bool) -> Vec<Vec<usize>> {
        let mut uses = vec![Vec::new(); self.names.len()];
        for link in self.links.iter().filter(|link| wanted(link)) {
            uses[link.from].push(link.to);
        }
        uses
    }

    fn mark_implied(&mut self) {
        let order = self.uses_first();
        let mut place = vec![0; self.names.len()];
        order.iter().enumerate().for_each(|(number, at)| place[*at] = number);
        // Where arrows go round, the one that closes the ring is neither implied nor part of a way.
        let counts =
            |link: &Link<'_>| link.kind == DependencyKind::Normal && place[link.to] < place[link.from];
        let uses = self.uses(counts);
        let mut reached: Vec<Vec<bool>> = vec![Vec::new(); self.names.len()];
        for at in order {
            let mut all = vec![false; self.names.len()];
            for &to in &uses[at] {
                all[to] = true;
                all.iter_mut().zip(&reached[to]).for_each(|(mine, through)| *mine |= through);
            }
            reached[at] = all;
        }
        for link in &mut self.links {
            let through = |to: &usize| reached[*to].get(link.to) == Some(&true);
            let longer_way = uses[link.from].iter().any(through);
            link.implied = longer_way && counts(link) && link.breach.is_none();
        }
    }
}

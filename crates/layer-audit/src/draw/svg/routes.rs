//! Ways of the arrows through the rows, in Sugiyama's manner: an arrow across a row gets a spot in it, as boxes do.
//!
//! Arrows of one kind to one crate run together as soon as they meet, so the picture has a trunk per target instead of
//! a line per arrow. An arrow that breaks a rule runs alone, as long as such arrows are few.

use std::collections::BTreeMap;

use super::bands::Bands;
use crate::draw::links::{Link, Links};
use crate::manifest::DependencyKind;

/// More arrows that break a rule than this run together by rule and target, as others do.
const ALONE: usize = 24;

/// What stands in a row: a box, or a bundle of arrows on its way.
pub(super) struct Spot {
    pub(super) row: usize,
    /// The crate; `None` for arrows that pass.
    pub(super) of: Option<usize>,
}

/// Arrows that run together. Sorted, it gives the order in which they are worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lane {
    pub(super) to: usize,
    pub(super) direction: Direction,
    pub(super) kind: DependencyKind,
    /// The number of the arrow that breaks a rule, or of the first one that does so in the same way.
    pub(super) broken: Option<usize>,
}

/// Whether the target stands lower, higher, or in the row of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    Down,
    Up,
    Level,
}

/// From one spot to the next.
pub(super) struct Step {
    pub(super) lane: Lane,
    pub(super) from: usize,
    pub(super) to: usize,
    /// No arrow on it says anything new.
    pub(super) implied: bool,
}

/// All spots, and the steps between them.
pub(super) struct Routes {
    /// The first ones are the crates, by number.
    pub(super) spots: Vec<Spot>,
    /// Spots by row; the order is that of the picture.
    pub(super) rows: Vec<Vec<usize>>,
    pub(super) steps: Vec<Step>,
}

impl Routes {
    pub(super) fn of(all: &Links<'_>, bands: &Bands) -> Self {
        let mut spots: Vec<Spot> =
            all.names.iter().enumerate().map(|(at, _)| Spot { row: 0, of: Some(at) }).collect();
        for (row, crates) in bands.rows.iter().enumerate() {
            crates.iter().for_each(|at| spots[*at].row = row);
        }
        let mut routes = Self { spots, rows: bands.rows.clone(), steps: Vec::new() };
        let mut lanes: BTreeMap<Lane, Vec<&Link<'_>>> = BTreeMap::new();
        for (link, broken) in all.links.iter().zip(broken(all)) {
            lanes.entry(routes.lane(link, broken)).or_default().push(link);
        }
        for (lane, links) in lanes {
            routes.add(lane, &links);
        }
        routes
    }

    fn lane(&self, link: &Link<'_>, broken: Option<usize>) -> Lane {
        let direction = match self.spots[link.to].row.cmp(&self.spots[link.from].row) {
            std::cmp::Ordering::Greater => Direction::Down,
            std::cmp::Ordering::Less => Direction::Up,
            std::cmp::Ordering::Equal => Direction::Level,
        };
        Lane { to: link.to, direction, kind: link.kind, broken }
    }

    fn add(&mut self, lane: Lane, links: &[&Link<'_>]) {
        let mut passes: BTreeMap<usize, usize> = BTreeMap::new();
        let mut steps: BTreeMap<(usize, usize), bool> = BTreeMap::new();
        for link in links {
            let mut at = link.from;
            while at != link.to {
                let row = next_row(self.spots[at].row, lane.direction);
                let next = if row == self.spots[link.to].row {
                    link.to
                } else {
                    *passes.entry(row).or_insert_with(|| self.pass(row))
                };
                *steps.entry((at, next)).or_insert(true) &= link.implied;
                at = next;
            }
        }
        let steps = steps.into_iter().map(|((from, to), implied)| Step { lane, from, to, implied });
        self.steps.extend(steps);
    }

    fn pass(&mut self, row: usize) -> usize {
        self.spots.push(Spot { row, of: None });
        self.rows[row].push(self.spots.len() - 1);
        self.spots.len() - 1
    }
}

/// For each arrow that breaks a rule the number of the one whose lane it takes.
fn broken(all: &Links<'_>) -> Vec<Option<usize>> {
    let alone = all.links.iter().filter(|link| link.breach.is_some()).count() <= ALONE;
    let mut first = BTreeMap::new();
    let lane = |(number, link): (usize, &Link<'_>)| {
        let breach = link.breach?;
        let same = *first.entry((link.to, link.kind, breach.clone())).or_insert(number);
        Some(if alone { number } else { same })
    };
    all.links.iter().enumerate().map(lane).collect()
}

fn next_row(row: usize, direction: Direction) -> usize {
    match direction {
        Direction::Down => row + 1,
        Direction::Up => row.saturating_sub(1),
        Direction::Level => row,
    }
}

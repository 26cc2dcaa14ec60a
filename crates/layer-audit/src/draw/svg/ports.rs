//! Where arrows touch the boxes.

use std::collections::BTreeMap;

use super::plan::Plan;
use super::routes::{Direction, Lane, Routes};

/// Space between the ends of two arrows at a box.
const APART: f64 = 15.0;
/// Space at the corners of a box that arrows leave free.
const CORNERS: f64 = 24.0;

/// Side by side, in the order of where they come from, so that they do not cross.
pub(super) struct Ports(BTreeMap<(usize, End), f64>);

impl Ports {
    pub(super) fn of(routes: &Routes, plan: &Plan) -> Self {
        let mut sides: BTreeMap<(usize, Side), BTreeMap<End, Vec<f64>>> = BTreeMap::new();
        for (number, step) in routes.steps.iter().enumerate() {
            let (leaves, reaches) = sides_of(step.lane.direction);
            let mut add = |spot: usize, side, end, other: usize| {
                if routes.spots[spot].of.is_some() {
                    sides.entry((spot, side)).or_default().entry(end).or_default().push(plan.x[other]);
                }
            };
            add(step.from, leaves, End::Leaves(number), step.to);
            add(step.to, reaches, End::Reaches(step.lane), step.from);
        }
        let mut ports = BTreeMap::new();
        for ((spot, _), ends) in sides {
            let mean = |others: &Vec<f64>| others.iter().sum::<f64>() / others.len() as f64;
            let mut ends: Vec<(f64, End)> = ends.iter().map(|(end, others)| (mean(others), *end)).collect();
            ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let gaps = ends.len().saturating_sub(1).max(1) as f64;
            let apart = APART.min((plan.boxes[spot].width - CORNERS) / gaps);
            let left = plan.x[spot] - apart * (ends.len() - 1) as f64 / 2.0;
            ports.extend(
                ends.iter().enumerate().map(|(at, (_, end))| ((spot, *end), left + apart * at as f64)),
            );
        }
        Self(ports)
    }

    pub(super) fn x(&self, plan: &Plan, spot: usize, end: End) -> f64 {
        self.0.get(&(spot, end)).copied().unwrap_or(plan.x[spot])
    }
}

/// What ends at a box: a step that leaves it, or a lane that reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Leaves(usize),
    Reaches(Lane),
}

/// The upper or the lower edge of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Top,
    Bottom,
}

fn sides_of(direction: Direction) -> (Side, Side) {
    match direction {
        Direction::Down => (Side::Bottom, Side::Top),
        Direction::Up => (Side::Top, Side::Bottom),
        Direction::Level => (Side::Bottom, Side::Bottom),
    }
}

//! One step of an arrow as a curve: straight through a row, bent in the gap to the next one.

use super::plan::Plan;
use super::ports::{End, Ports};
use super::routes::{Direction, Lane, Routes};

/// Length of an arrow head, and half its width.
const HEAD: (f64, f64) = (8.0, 3.8);
/// How deep an arrow between boxes of one row hangs.
const SAG: f64 = 30.0;

/// One step as a cubic curve that leaves and arrives upright.
pub(super) struct Curve {
    /// Where the straight line through the row of a passing spot begins.
    enters: Option<f64>,
    from: (f64, f64),
    to: (f64, f64),
    /// Height of both control points.
    bend: f64,
}

impl Curve {
    pub(super) fn of(number: usize, routes: &Routes, plan: &Plan, ports: &Ports) -> Self {
        let step = &routes.steps[number];
        let row = |spot: usize| plan.rows[routes.spots[spot].row];
        let is_box = |spot: usize| routes.spots[spot].of.is_some();
        let from_x = ports.x(plan, step.from, End::Leaves(number));
        let to_x = ports.x(plan, step.to, End::Reaches(step.lane));
        let gap = if is_box(step.to) { HEAD.0 - 1.0 } else { 0.0 };
        let ((from_top, from_bottom), (to_top, to_bottom)) = (row(step.from), row(step.to));
        let (enters, from_y, to_y) = match step.lane.direction {
            Direction::Down => (from_top, from_bottom, to_top - gap),
            Direction::Up => (from_bottom, from_top, to_bottom + gap),
            Direction::Level => (from_top, from_bottom, to_bottom + gap),
        };
        let bend = match step.lane.direction {
            Direction::Level => from_bottom + SAG,
            _ => (from_y + to_y) / 2.0,
        };
        let enters = (!is_box(step.from)).then_some(enters);
        Self { enters, from: (from_x, from_y), to: (to_x, to_y), bend }
    }

    pub(super) fn path(&self) -> String {
        let Self { enters, from, to, bend } = self;
        let enters = enters.map(|y| format!("{y:.1}V")).unwrap_or_default();
        format!(
            "M{:.1} {enters}{:.1}C{:.1} {bend:.1} {:.1} {bend:.1} {:.1} {:.1}",
            from.0, from.1, from.0, to.0, to.0, to.1
        )
    }

    /// The point at `t`, 0 to 1.
    pub(super) fn at(&self, t: f64) -> (f64, f64) {
        let s = 1.0 - t;
        let (near, far) = (s * s * s + 3.0 * s * s * t, t * t * t + 3.0 * t * t * s);
        let middle = 3.0 * s * s * t + 3.0 * s * t * t;
        let y = s * s * s * self.from.1 + middle * self.bend + t * t * t * self.to.1;
        (near * self.from.0 + far * self.to.0, y)
    }

    /// A point for a label: where none of `taken` is near, or else the middle.
    pub(super) fn free_place(&self, taken: &[(f64, f64)]) -> (f64, f64) {
        let free = |(x, y): (f64, f64)| {
            taken.iter().all(|other| (other.0 - x).abs() > 48.0 || (other.1 - y).abs() > 13.0)
        };
        let places = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8].map(|t| self.at(t));
        let (x, y) = places.into_iter().find(|place| free(*place)).unwrap_or(self.at(0.5));
        // The label would hide an arrow between boxes side by side, so it hangs below.
        let hangs = self.bend > self.from.1.max(self.to.1);
        (x, if hangs { y + 11.0 } else { y })
    }
}

/// The head of the arrows in a lane.
pub(super) fn head(lane: &Lane, plan: &Plan, ports: &Ports) -> String {
    let x = ports.x(plan, lane.to, End::Reaches(*lane));
    let area = plan.boxes[lane.to];
    let (tip, base) = match lane.direction {
        Direction::Down => (area.y, area.y - HEAD.0),
        Direction::Up | Direction::Level => (area.y + area.height, area.y + area.height + HEAD.0),
    };
    format!("M{:.1} {base:.1}L{x:.1} {tip:.1}L{:.1} {base:.1}Z", x - HEAD.1, x + HEAD.1)
}

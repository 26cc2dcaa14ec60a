//! How far right each spot stands: as near as its neighbours allow to what it is joined with, long ways straight.

use std::collections::BTreeMap;

use super::routes::{Direction, Routes};

/// Space beside a box.
const BESIDE_BOX: f64 = 13.0;
/// Half the space between two bundles.
const BESIDE_PASS: f64 = 6.0;
/// Times that all rows are placed, down and up by turns; the last time is down.
const SWEEPS: usize = 41;

/// The centre of each spot; `widths` are those of the boxes. The leftmost edge is 0.
pub(super) fn columns(routes: &Routes, widths: &[f64]) -> Vec<f64> {
    let half: Vec<f64> = routes
        .spots
        .iter()
        .map(|spot| spot.of.map_or(BESIDE_PASS, |of| widths[of] / 2.0 + BESIDE_BOX))
        .collect();
    let mut x = vec![0.0; routes.spots.len()];
    for row in &routes.rows {
        let wide: f64 = row.iter().map(|spot| half[*spot] * 2.0).sum();
        let mut left = -wide / 2.0;
        for spot in row {
            x[*spot] = left + half[*spot];
            left += half[*spot] * 2.0;
        }
    }
    let pulls = Pulls::of(routes);
    let last = routes.rows.len().saturating_sub(1);
    for sweep in 0..SWEEPS {
        for step in 0..routes.rows.len() {
            let row = &routes.rows[if sweep % 2 == 0 { step } else { last - step }];
            place(row, &half, &pulls, &mut x);
        }
    }
    let left = (0..x.len()).map(|spot| x[spot] - half[spot]).fold(f64::INFINITY, f64::min);
    x.iter().map(|x| x - left).collect()
}

/// What draws each spot to the side.
struct Pulls {
    /// For each box what it is joined with, and how strongly.
    joined: Vec<Vec<(usize, f64)>>,
    /// For each passing spot its way, as index into `ways`.
    way: Vec<Option<usize>>,
    ways: Vec<Way>,
}

/// All passing spots of a lane, which are to form a straight line, and the boxes at its ends.
#[derive(Default)]
struct Way {
    passes: Vec<usize>,
    boxes: Vec<usize>,
}

impl Pulls {
    fn of(routes: &Routes) -> Self {
        let none = vec![Vec::new(); routes.spots.len()];
        let mut pulls = Self { joined: none, way: vec![None; routes.spots.len()], ways: Vec::new() };
        let mut numbers = BTreeMap::new();
        for step in routes.steps.iter().filter(|step| step.lane.direction != Direction::Level) {
            let weight = if step.implied { 0.4 } else { 1.0 };
            pulls.joined[step.from].push((step.to, weight));
            pulls.joined[step.to].push((step.from, weight));
            let passes = |spot: &usize| routes.spots[*spot].of.is_none();
            if passes(&step.from) || passes(&step.to) {
                let way = *numbers.entry(step.lane).or_insert_with(|| {
                    pulls.ways.push(Way::default());
                    pulls.ways.len() - 1
                });
                for spot in [step.from, step.to] {
                    if !passes(&spot) {
                        pulls.ways[way].boxes.push(spot);
                    } else if pulls.way[spot].replace(way).is_none() {
                        pulls.ways[way].passes.push(spot);
                    }
                }
            }
        }
        pulls
    }

    /// Where a spot should stand, and how much that matters.
    fn wanted(&self, spot: usize, x: &[f64]) -> (f64, f64) {
        if let Some(way) = self.way[spot].map(|way| &self.ways[way]) {
            let mean = |spots: &[usize]| spots.iter().map(|spot| x[*spot]).sum::<f64>() / spots.len() as f64;
            return ((mean(&way.passes) + mean(&way.boxes)) / 2.0, 4.0);
        }
        let joined = &self.joined[spot];
        let weight: f64 = joined.iter().map(|(_, weight)| weight).sum();
        if weight == 0.0 {
            return (x[spot], 0.1);
        }
        (joined.iter().map(|(other, weight)| x[*other] * weight).sum::<f64>() / weight, weight)
    }
}

/// The places nearest to the wanted ones (least squares) that keep order and space: pool adjacent violators.
fn place(row: &[usize], half: &[f64], pulls: &Pulls, x: &mut [f64]) {
    // Without the space that the ones before need, all that is left to keep is the order.
    let mut space = 0.0;
    let mut spaces = Vec::with_capacity(row.len());
    let mut pools: Vec<Pool> = Vec::with_capacity(row.len());
    for (at, &spot) in row.iter().enumerate() {
        if at > 0 {
            space += half[row[at - 1]] + half[spot];
        }
        spaces.push(space);
        let (wanted, weight) = pulls.wanted(spot, x);
        pools.push(Pool { sum: (wanted - space) * weight, weight, count: 1 });
        while let [.., before, last] = pools.as_slice()
            && before.mean() > last.mean()
        {
            let both = Pool {
                sum: before.sum + last.sum,
                weight: before.weight + last.weight,
                count: before.count + last.count,
            };
            pools.truncate(pools.len() - 2);
            pools.push(both);
        }
    }
    let means = pools.iter().flat_map(|pool| std::iter::repeat_n(pool.mean(), pool.count));
    for ((spot, space), mean) in row.iter().zip(spaces).zip(means) {
        x[*spot] = mean + space;
    }
}

struct Pool {
    sum: f64,
    weight: f64,
    count: usize,
}

impl Pool {
    fn mean(&self) -> f64 {
        self.sum / self.weight
    }
}

//! Order inside rows: each spot goes to the mean place of what it is joined with, as long as fewer lines cross then.

use super::routes::{Direction, Routes};

/// Times that all rows are put in order, downwards and upwards.
const SWEEPS: usize = 24;
/// Times that neighbours are switched in all rows.
const SWITCHES: usize = 6;

/// Reorders `routes.rows`.
pub(super) fn order(routes: &mut Routes) {
    let near = Near::of(routes);
    let mut order = Order::of(std::mem::take(&mut routes.rows), routes.spots.len());
    let mut best = (order.cost(&near), order.rows.clone());
    let count = order.rows.len();
    for sweep in 0..SWEEPS * 2 {
        for step in 1..count {
            if sweep % 2 == 0 {
                order.by_mean(step, step - 1, &near.above);
            } else {
                order.by_mean(count - 1 - step, count - step, &near.below);
            }
        }
        let cost = order.cost(&near);
        if cost < best.0 {
            best = (cost, order.rows.clone());
        }
    }
    order = Order::of(best.1, routes.spots.len());
    for _ in 0..SWITCHES {
        order.switch(&near);
    }
    routes.rows = order.rows;
}

/// For each spot the spots that it is joined with, in the row above and in the row below.
struct Near {
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
}

impl Near {
    fn of(routes: &Routes) -> Self {
        let none = vec![Vec::new(); routes.spots.len()];
        let mut near = Self { above: none.clone(), below: none };
        for step in &routes.steps {
            let (upper, lower) = match step.lane.direction {
                Direction::Down => (step.from, step.to),
                Direction::Up => (step.to, step.from),
                Direction::Level => continue,
            };
            // A line that says something counts twice.
            for _ in 0..if step.implied { 1 } else { 2 } {
                near.below[upper].push(lower);
                near.above[lower].push(upper);
            }
        }
        near
    }
}

/// Rows, and for each spot its place in its row.
struct Order {
    rows: Vec<Vec<usize>>,
    place: Vec<usize>,
}

impl Order {
    fn of(rows: Vec<Vec<usize>>, spots: usize) -> Self {
        let mut order = Self { rows, place: vec![0; spots] };
        for row in 0..order.rows.len() {
            order.number(row);
        }
        order
    }

    fn number(&mut self, row: usize) {
        for (at, spot) in self.rows[row].iter().enumerate() {
            self.place[*spot] = at;
        }
    }

    /// Sorts a row by the places of its neighbours in another. A spot that is joined with nothing keeps its place.
    fn by_mean(&mut self, row: usize, other: usize, near: &[Vec<usize>]) {
        let scale = self.rows[other].len() as f64 / self.rows[row].len() as f64;
        let mean = |spot: usize| match near[spot].as_slice() {
            [] => self.place[spot] as f64 * scale,
            joined => joined.iter().map(|other| self.place[*other] as f64).sum::<f64>() / joined.len() as f64,
        };
        let mut keyed: Vec<(f64, usize)> = self.rows[row].iter().map(|spot| (mean(*spot), *spot)).collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.rows[row] = keyed.into_iter().map(|(_, spot)| spot).collect();
        self.number(row);
    }

    /// What makes one order worse than another: first lines that cross, then lines that go far to the side.
    fn cost(&self, near: &Near) -> (usize, usize) {
        let far = (near.below.iter().enumerate())
            .flat_map(|(upper, joined)| joined.iter().map(move |lower| (upper, *lower)))
            .map(|(upper, lower)| self.place[upper].abs_diff(self.place[lower]));
        (self.crossings(near), far.sum())
    }

    /// Pairs of lines that cross, over all gaps between rows.
    fn crossings(&self, near: &Near) -> usize {
        let gap = |pair: &[Vec<usize>]| {
            let mut ends = Vec::new();
            for spot in &pair[0] {
                let mut lower: Vec<usize> =
                    near.below[*spot].iter().map(|lower| self.place[*lower]).collect();
                lower.sort_unstable();
                ends.extend(lower);
            }
            inversions(&ends, pair[1].len())
        };
        self.rows.windows(2).map(gap).sum()
    }

    /// Switches two neighbours wherever fewer lines cross then: the mean alone cannot see that.
    fn switch(&mut self, near: &Near) {
        for row in &mut self.rows {
            for at in 1..row.len() {
                let (left, right) = (row[at - 1], row[at]);
                let crossed = |left: usize, right: usize| {
                    let both = |near: &[Vec<usize>]| pairs(&near[left], &near[right], &self.place);
                    both(&near.above) + both(&near.below)
                };
                if crossed(right, left) < crossed(left, right) {
                    row.swap(at - 1, at);
                    (self.place[left], self.place[right]) = (at, at - 1);
                }
            }
        }
    }
}

/// Pairs of lines of two spots that cross when the first one stands left.
fn pairs(left: &[usize], right: &[usize], place: &[usize]) -> usize {
    let crossed = |end: &usize| right.iter().filter(|other| place[**other] < place[*end]).count();
    left.iter().map(crossed).sum()
}

/// Pairs that stand in the wrong order, counted with a Fenwick tree: `counts[i]` sums a stretch that ends at `i`.
fn inversions(values: &[usize], below: usize) -> usize {
    let mut counts = vec![0_usize; below + 1];
    let mut inversions = 0;
    for (seen, value) in values.iter().enumerate() {
        let (mut at, mut not_greater) = (value + 1, 0);
        while at > 0 {
            not_greater += counts[at];
            at &= at - 1;
        }
        inversions += seen - not_greater;
        at = value + 1;
        while at <= below {
            counts[at] += 1;
            at += at & at.wrapping_neg();
        }
    }
    inversions
}

#[cfg(test)]
mod tests {
    use super::inversions;

    #[test]
    fn inversions_are_pairs_in_the_wrong_order() {
        let cases: [(&[usize], usize); 5] =
            [(&[], 0), (&[0, 1, 2], 0), (&[2, 1, 0], 3), (&[1, 1, 0], 2), (&[3, 0, 2, 1], 4)];
        for (values, expected) in cases {
            assert_eq!(inversions(values, 4), expected, "{values:?}");
        }
    }
}

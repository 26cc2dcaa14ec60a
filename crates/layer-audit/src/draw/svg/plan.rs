//! Where everything stands: bands, rows and boxes, in pixels.

use super::bands::{Band, Bands};
use super::columns::columns;
use super::measure::{
    BETWEEN, BOX, EDGE, HEADING, LINE, NAMES, NAMES_CHARS, PAD, TALL_BOX, box_width, lines,
};
use super::routes::Routes;
use crate::draw::Drawing;
use crate::draw::links::Links;

/// Heading and legend need that much.
const MIN_WIDTH: f64 = 780.0;

/// The picture without its arrows.
pub(super) struct Plan {
    /// Width of the picture.
    pub(super) width: f64,
    /// Lower edge of the last band.
    pub(super) bottom: f64,
    pub(super) bands: Vec<Area>,
    /// By crate.
    pub(super) boxes: Vec<Area>,
    /// By row: upper and lower edge of its boxes.
    pub(super) rows: Vec<(f64, f64)>,
    /// Centre of each spot.
    pub(super) x: Vec<f64>,
}

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Plan {
    pub(super) fn of(drawing: &Drawing, all: &Links<'_>, bands: &Bands, routes: &Routes) -> Self {
        let shared = bands.shared_layers();
        let below = |at: usize| {
            if shared.contains(&all.layer[at]) { caption(drawing, all, at) } else { String::new() }
        };
        let widths: Vec<f64> =
            all.names.iter().enumerate().map(|(at, name)| box_width(name, &below(at))).collect();
        let mut x = columns(routes, &widths);
        let content =
            all.names.iter().enumerate().map(|(at, _)| x[at] + widths[at] / 2.0).chain(x.iter().copied());
        let content = content.fold(0.0, f64::max) + PAD;
        let width = (EDGE + NAMES + content + EDGE).max(MIN_WIDTH);
        let left = EDGE + NAMES + (width - EDGE - NAMES - content - EDGE) / 2.0;
        x.iter_mut().for_each(|x| *x += left);
        let mut plan =
            Self { width, bottom: EDGE + HEADING, bands: Vec::new(), boxes: Vec::new(), rows: Vec::new(), x };
        let room = room(routes, &plan.x);
        for band in &bands.bands {
            plan.stack(drawing, band, &room);
        }
        plan.boxes = (0..all.names.len())
            .map(|at| {
                let (y, bottom) = plan.rows[routes.spots[at].row];
                Area { x: plan.x[at] - widths[at] / 2.0, y, width: widths[at], height: bottom - y }
            })
            .collect();
        plan
    }

    /// Puts a band below those that are there.
    fn stack(&mut self, drawing: &Drawing, band: &Band, room: &[f64]) {
        let first = self.rows.len();
        let box_height = if band.layers.len() > 1 { TALL_BOX } else { BOX };
        let mut y = if first == 0 { PAD } else { PAD + room[first - 1] / 2.0 };
        let mut rows = Vec::new();
        for (number, room) in room.iter().skip(first).take(band.rows).enumerate() {
            rows.push((y, y + box_height));
            let last = number + 1 == band.rows;
            y += box_height + if last { PAD + room / 2.0 } else { PAD * 2.0 + BETWEEN + room };
        }
        let (ids, name) = layer_names(drawing, band);
        let names = (ids.len() + name.len()) as f64 * LINE + PAD * 1.4;
        let down = ((names - y) / 2.0).max(0.0);
        let top = if first == 0 { self.bottom } else { self.bottom + BETWEEN };
        let height = y.max(names);
        self.rows.extend(rows.into_iter().map(|(upper, lower)| (top + down + upper, top + down + lower)));
        self.bands.push(Area { x: EDGE, y: top, width: self.width - EDGE * 2.0, height });
        self.bottom = top + height;
    }
}

/// What stands at the left of a band: the lines of its ids, and those of the layer's name. Where several layers share
/// it, the ids stand as the boxes do, and the boxes tell the names.
pub(super) fn layer_names(drawing: &Drawing, band: &Band) -> (Vec<String>, Vec<String>) {
    let ids: Vec<&str> = band.layers.iter().map(|layer| drawing.layers[*layer].id.as_str()).collect();
    let name = match band.layers.as_slice() {
        [layer] => lines(&drawing.layers[*layer].name, NAMES_CHARS),
        _ => Vec::new(),
    };
    (lines(&ids.join(", "), NAMES_CHARS), name)
}

/// What a box tells about its layer.
pub(super) fn caption(drawing: &Drawing, all: &Links<'_>, at: usize) -> String {
    let layer = &drawing.layers[all.layer[at]];
    if layer.name.is_empty() { layer.id.clone() } else { layer.name.clone() }
}

/// For each row how much more room it needs below: lines that go far to the side would be flat otherwise.
fn room(routes: &Routes, x: &[f64]) -> Vec<f64> {
    let mut far: Vec<f64> = vec![0.0; routes.rows.len()];
    for step in &routes.steps {
        let upper = routes.spots[step.from].row.min(routes.spots[step.to].row);
        far[upper] = far[upper].max((x[step.from] - x[step.to]).abs());
    }
    far.into_iter().map(|far| (far * 0.1).min(60.0)).collect()
}

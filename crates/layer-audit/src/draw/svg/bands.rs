//! Which layers share a band, and in which row of it each crate stands.

use std::collections::BTreeSet;

use super::measure::box_width;
use crate::draw::links::Links;
use crate::draw::{Drawing, EXTERNALS, NO_LAYER};
use crate::manifest::DependencyKind;

/// Boxes in one row are at most this wide together; what is more goes to the next row.
const ROW_WIDTH: f64 = 1100.0;

/// All bands, from top to bottom.
pub(super) struct Bands {
    pub(super) bands: Vec<Band>,
    /// Crates by row, over all bands.
    pub(super) rows: Vec<Vec<usize>>,
}

/// A strip across the picture.
pub(super) struct Band {
    /// Layers in it: one, or several of one crate each that have no arrows between them.
    pub(super) layers: Vec<usize>,
    /// How many rows it has.
    pub(super) rows: usize,
}

impl Bands {
    /// A band per layer, but neighbouring layers of one crate each stand side by side while no arrow joins them.
    pub(super) fn of(drawing: &Drawing, all: &Links<'_>) -> Self {
        let depth = depths(all);
        let mut by_layer = vec![Vec::new(); drawing.layers.len()];
        for (at, layer) in all.layer.iter().enumerate() {
            by_layer[*layer].push(at);
        }
        let joined: BTreeSet<(usize, usize)> = all.links.iter().map(|link| (link.from, link.to)).collect();
        let apart = |a: usize, b: usize| !joined.contains(&(a, b)) && !joined.contains(&(b, a));
        let mut all_bands = Self { bands: Vec::new(), rows: Vec::new() };
        let mut shared: Vec<usize> = Vec::new();
        for (layer, crates) in by_layer.iter().enumerate().filter(|(_, crates)| !crates.is_empty()) {
            let is_layer = ![EXTERNALS, NO_LAYER].contains(&drawing.layers[layer].id.as_str());
            let alone = if is_layer && crates.len() == 1 { Some(crates[0]) } else { None };
            let fits =
                |at| shared.iter().all(|other| apart(at, *other)) && width(all, &shared, at) <= ROW_WIDTH;
            match (alone, all_bands.bands.last_mut(), all_bands.rows.last_mut()) {
                (Some(at), Some(band), Some(row)) if !shared.is_empty() && fits(at) => {
                    band.layers.push(layer);
                    row.push(at);
                    shared.push(at);
                }
                _ => {
                    let rows = rows(all, &depth, crates);
                    all_bands.bands.push(Band { layers: vec![layer], rows: rows.len() });
                    all_bands.rows.extend(rows);
                    shared = alone.into_iter().collect();
                }
            }
        }
        all_bands
    }

    /// Puts layers that share a band in the order of their crates.
    pub(super) fn reorder(&mut self, all: &Links<'_>, rows: &[Vec<usize>]) {
        let mut first = 0;
        for band in &mut self.bands {
            let row = &rows[first];
            band.layers.sort_by_key(|layer| row.iter().position(|at| all.layer.get(*at) == Some(layer)));
            first += band.rows;
        }
    }

    /// Layers whose name stands in the box, as the band has several.
    pub(super) fn shared_layers(&self) -> BTreeSet<usize> {
        self.bands.iter().filter(|band| band.layers.len() > 1).flat_map(|band| band.layers.clone()).collect()
    }
}

fn width(all: &Links<'_>, shared: &[usize], at: usize) -> f64 {
    shared.iter().chain([&at]).map(|at| box_width(all.names[*at], "")).sum()
}

/// How deep each crate stands below others of its own layer.
fn depths(all: &Links<'_>) -> Vec<usize> {
    let same_layer = |from: usize, to: usize| all.layer[from] == all.layer[to];
    let uses = all.uses(|link| link.kind != DependencyKind::Dev && same_layer(link.from, link.to));
    let mut depth = vec![0; all.names.len()];
    let mut placed = vec![false; all.names.len()];
    for at in all.uses_first().into_iter().rev() {
        placed[at] = true;
        for &to in uses[at].iter().filter(|to| !placed[**to]) {
            depth[to] = depth[to].max(depth[at] + 1);
        }
    }
    depth
}

/// The rows of one layer: by depth, and broken where they get too wide.
fn rows(all: &Links<'_>, depth: &[usize], crates: &[usize]) -> Vec<Vec<usize>> {
    let mut sorted = crates.to_vec();
    sorted.sort_by_key(|at| (depth[*at], *at));
    let mut rows: Vec<Vec<usize>> = Vec::new();
    let (mut row_depth, mut row_width) = (0, 0.0);
    for at in sorted {
        let wide = box_width(all.names[at], "");
        match rows.last_mut() {
            Some(row) if row_depth == depth[at] && row_width + wide <= ROW_WIDTH => {
                row.push(at);
                row_width += wide;
            }
            _ => {
                rows.push(vec![at]);
                (row_depth, row_width) = (depth[at], wide);
            }
        }
    }
    rows
}

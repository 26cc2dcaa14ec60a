//! The arrows as they are painted: one stroke for those that run together and look the same.

use std::collections::BTreeMap;

use super::curve::{Curve, head};
use super::plan::Plan;
use super::ports::Ports;
use super::routes::{Lane, Routes, Step};
use crate::draw::links::Links;
use crate::manifest::DependencyKind;

/// What an arrow says; sorted, the later ones are painted over the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    Implied,
    Dev,
    Build,
    Uses,
    Broken(DependencyKind),
}

/// Arrows of one look to one crate, which run together.
pub(super) struct Stroke {
    pub(super) look: Look,
    pub(super) path: String,
    /// Path of the head; empty if arrows of another look run into the same one.
    pub(super) head: String,
    /// `a, b -> c`
    pub(super) title: String,
    /// The broken rule, and where it is written.
    pub(super) label: Option<(String, f64, f64)>,
}

/// All strokes, in the order to paint them.
pub(super) fn strokes(all: &Links<'_>, routes: &Routes, plan: &Plan) -> Vec<Stroke> {
    let ports = Ports::of(routes, plan);
    let mut by_lane: BTreeMap<Lane, Vec<usize>> = BTreeMap::new();
    for (number, step) in routes.steps.iter().enumerate() {
        by_lane.entry(step.lane).or_default().push(number);
    }
    let mut strokes = Vec::new();
    let mut labels = Vec::new();
    for (lane, steps) in &by_lane {
        let mut looks: BTreeMap<Look, Vec<usize>> = BTreeMap::new();
        for number in steps {
            looks.entry(look(lane, &routes.steps[*number])).or_default().push(*number);
        }
        let headed = steps.iter().filter(|number| routes.steps[**number].to == lane.to);
        let headed = headed.map(|number| look(lane, &routes.steps[*number])).max();
        for (look, numbers) in looks {
            let curves: Vec<Curve> =
                numbers.iter().map(|number| Curve::of(*number, routes, plan, &ports)).collect();
            let rule = lane.broken.and_then(|number| all.links[number].violation);
            strokes.push(Stroke {
                look,
                path: curves.iter().map(Curve::path).collect::<Vec<_>>().join(""),
                head: if headed == Some(look) { head(lane, plan, &ports) } else { String::new() },
                title: title(all, routes, lane, &numbers),
                label: rule.zip(start(routes, &numbers)).map(|(rule, first)| {
                    let curve = Curve::of(first, routes, plan, &ports);
                    let (x, y) = curve.free_place(&labels);
                    labels.push((x, y));
                    (rule.to_owned(), x, y)
                }),
            });
        }
    }
    strokes.sort_by_key(|stroke| stroke.look);
    strokes
}

fn look(lane: &Lane, step: &Step) -> Look {
    match lane.kind {
        kind if lane.broken.is_some() => Look::Broken(kind),
        DependencyKind::Dev => Look::Dev,
        DependencyKind::Build => Look::Build,
        DependencyKind::Normal if step.implied => Look::Implied,
        DependencyKind::Normal => Look::Uses,
    }
}

/// The step that leaves the source.
fn start(routes: &Routes, numbers: &[usize]) -> Option<usize> {
    numbers.iter().copied().find(|number| routes.spots[routes.steps[*number].from].of.is_some())
}

fn title(all: &Links<'_>, routes: &Routes, lane: &Lane, numbers: &[usize]) -> String {
    let sources = numbers.iter().filter_map(|number| routes.spots[routes.steps[*number].from].of);
    let sources: Vec<&str> = sources.map(|of| all.names[of]).collect();
    let table = match lane.kind {
        DependencyKind::Normal => String::new(),
        kind => format!(" [{}]", kind.table()),
    };
    let rule = lane.broken.and_then(|number| all.links[number].violation).map(|rule| format!(": {rule}"));
    format!("{} → {}{table}{}", sources.join(", "), all.names[lane.to], rule.unwrap_or_default())
}

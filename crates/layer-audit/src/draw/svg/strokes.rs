//! The arrows as they are painted: one stroke for those that run together and look the same.

use std::collections::BTreeMap;

use super::curve::{Curve, head};
use super::plan::Plan;
use super::ports::Ports;
use super::routes::{Lane, Routes, Step};
use crate::draw::Breach;
use crate::draw::links::Links;
use crate::manifest::DependencyKind;

/// What an arrow says; sorted, the later ones are painted over the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    Implied,
    Dev,
    Build,
    Uses,
    LetOff(DependencyKind),
    Broken(DependencyKind),
}

/// The rule that is written on an arrow.
pub(super) struct Written {
    pub(super) text: String,
    pub(super) class: &'static str,
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
    pub(super) label: Option<(Written, f64, f64)>,
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
            looks.entry(look(all, lane, &routes.steps[*number])).or_default().push(*number);
        }
        let headed = steps.iter().filter(|number| routes.steps[**number].to == lane.to);
        let headed = headed.map(|number| look(all, lane, &routes.steps[*number])).max();
        for (look, numbers) in looks {
            let curves: Vec<Curve> =
                numbers.iter().map(|number| Curve::of(*number, routes, plan, &ports)).collect();
            let breach = breach(all, lane);
            strokes.push(Stroke {
                look,
                path: curves.iter().map(Curve::path).collect::<Vec<_>>().join(""),
                head: if headed == Some(look) { head(lane, plan, &ports) } else { String::new() },
                title: title(all, routes, lane, &numbers),
                label: breach.zip(start(routes, &numbers)).map(|(breach, first)| {
                    let curve = Curve::of(first, routes, plan, &ports);
                    let (x, y) = curve.free_place(&labels);
                    labels.push((x, y));
                    (written(breach), x, y)
                }),
            });
        }
    }
    strokes.sort_by_key(|stroke| stroke.look);
    strokes
}

/// What the arrows of a lane break.
fn breach<'a>(all: &Links<'a>, lane: &Lane) -> Option<&'a Breach> {
    lane.broken.and_then(|number| all.links[number].breach)
}

/// A reason is too long for an arrow; the tooltip has it.
fn written(breach: &Breach) -> Written {
    match breach.counts() {
        true => Written { text: breach.rules.clone(), class: "rule" },
        false => Written { text: format!("{} let off", breach.rules), class: "rule excused" },
    }
}

fn look(all: &Links<'_>, lane: &Lane, step: &Step) -> Look {
    match (lane.kind, breach(all, lane)) {
        (kind, Some(breach)) if breach.counts() => Look::Broken(kind),
        (kind, Some(_)) => Look::LetOff(kind),
        (kind, None) => plain(kind, step),
    }
}

fn plain(kind: DependencyKind, step: &Step) -> Look {
    match kind {
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
    let rule = breach(all, lane).map(|breach| format!(": {}", breach.told()));
    format!("{} → {}{table}{}", sources.join(", "), all.names[lane.to], rule.unwrap_or_default())
}

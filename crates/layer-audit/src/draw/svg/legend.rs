//! The legend: only what the picture shows.

use super::measure::{EDGE, small};
use super::strokes::Look;
use super::{class, label};
use crate::manifest::DependencyKind;

const SAMPLE: f64 = 34.0;
const LINE_HEIGHT: f64 = 22.0;

/// The legend below `top`, and the height of the whole picture.
pub(super) fn legend(looks: &[Look], width: f64, top: f64) -> (String, f64) {
    let mut text = String::new();
    let (mut x, mut y) = (EDGE, top + 24.0);
    for (look, meaning) in meanings(looks) {
        let wide = SAMPLE + 8.0 + small(meaning) + 22.0;
        if x > EDGE && x + wide > width - EDGE {
            (x, y) = (EDGE, y + LINE_HEIGHT);
        }
        let (end, up, down) = (x + SAMPLE, y - 3.8, y + 3.8);
        text.push_str(&format!(
            "<g class=\"{}\"><path class=\"line\" d=\"M{x:.1} {y:.1}H{:.1}\"/>\
             <path class=\"head\" d=\"M{2:.1} {up:.1}L{end:.1} {y:.1}L{2:.1} {down:.1}Z\"/></g>\n",
            class(look),
            end - 7.0,
            end - 8.0,
        ));
        text.push_str(&label("key", "start", end + 8.0, y + 4.0, meaning));
        x += wide;
    }
    (text, y + EDGE)
}

fn meanings(looks: &[Look]) -> Vec<(Look, &'static str)> {
    let broken = |look: &Look| matches!(look, Look::Broken(_));
    let let_off = |look: &Look| matches!(look, Look::LetOff(_));
    let all = [
        (Look::Uses, "depends on"),
        (Look::Implied, "also by way of others"),
        (Look::Dev, "in tests only"),
        (Look::Build, "when building only"),
    ];
    let mut shown: Vec<_> = all.into_iter().filter(|(look, _)| looks.contains(look)).collect();
    if looks.iter().any(broken) {
        shown.push((Look::Broken(DependencyKind::Normal), "breaks a rule"));
    }
    if looks.iter().any(let_off) {
        shown.push((Look::LetOff(DependencyKind::Normal), "breaks a rule and may for now"));
    }
    shown
}

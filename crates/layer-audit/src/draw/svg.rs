//! The drawing as SVG, laid out here: no other program is needed, and the picture is the same everywhere.
//!
//! Layers become bands ([`bands`]), arrows get spots in the rows that they cross ([`routes`]), rows are put in an order
//! with few crossings ([`order`]), all get their place ([`columns`], [`plan`]), and the arrows are bent around the boxes
//! ([`ports`], [`curve`], [`strokes`]).

mod bands;
mod columns;
mod curve;
mod legend;
mod measure;
mod order;
mod plan;
mod ports;
mod routes;
mod strokes;
#[cfg(test)]
mod tests;

use self::bands::Bands;
use self::measure::{EDGE, LINE, shortened};
use self::plan::{Area, Plan, caption, layer_names};
use self::routes::Routes;
use self::strokes::{Look, Stroke, strokes};
use super::links::Links;
use super::{Drawing, EXTERNALS, NO_LAYER};
use crate::manifest::DependencyKind;

impl Drawing {
    /// An SVG image, readable on light and dark ground. Layers are bands, outermost on top; neighbouring layers of one
    /// crate each share a band while no arrow joins them. No arrow runs through a box: those to one crate run together.
    /// Dev arrows are dashed, build arrows dotted, those that others imply faint, those that break a rule red, thick and
    /// labelled with it, those that may for now grey, thick and dashed, with the reason in their tooltip.
    ///
    /// More than 120 crates are drawn as a box per layer, with the crates at either end of a broken rule by name.
    pub fn svg(&self) -> String {
        match self.condensed() {
            Some(small) => write(&small.drawing, &format!("{}; {}", counts(self), small.note)),
            None => write(self, &counts(self)),
        }
    }
}

fn write(drawing: &Drawing, counts: &str) -> String {
    let all = Links::of(drawing);
    let (bands, routes, plan) = layout(drawing, &all);
    let strokes = strokes(&all, &routes, &plan);
    let looks: Vec<Look> = strokes.iter().map(|stroke| stroke.look).collect();
    let (legend, height) = legend::legend(&looks, plan.width, plan.bottom);

    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0} {1:.0}\" width=\"{0:.0}\" height=\"{1:.0}\" \
         role=\"img\">\n<title>{2}</title>\n<desc>{3}</desc>\n<style>\n{4}</style>\n\
         <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
        plan.width.ceil(),
        height.ceil(),
        escaped(&drawing.title),
        escaped(&description(drawing, counts)),
        include_str!("svg/style.css"),
    );
    text.push_str(&label("heading", "start", EDGE, EDGE + 18.0, &drawing.title));
    text.push_str(&label("counts", "start", EDGE, EDGE + 37.0, counts));
    for (band, area) in bands.bands.iter().zip(&plan.bands) {
        text.push_str(&rect("band", area, 8.0));
        text.push_str(&names(area, &layer_names(drawing, band)));
    }
    strokes.iter().for_each(|stroke| text.push_str(&arrow(stroke)));
    let shared = bands.shared_layers();
    for (at, area) in plan.boxes.iter().enumerate() {
        let layer = all.layer[at];
        let below = shared.contains(&layer).then(|| caption(drawing, &all, at));
        text.push_str(&crate_box(all.names[at], below, area, drawing.layers[layer].id == EXTERNALS));
    }
    for (rule, x, y) in strokes.iter().filter_map(|stroke| stroke.label.as_ref()) {
        text.push_str(&label(rule.class, "middle", *x, y + 4.0, &rule.text));
    }
    text.push_str(&legend);
    text.push_str("</svg>\n");
    text
}

/// Where everything stands.
fn layout(drawing: &Drawing, all: &Links<'_>) -> (Bands, Routes, Plan) {
    let mut bands = Bands::of(drawing, all);
    let mut routes = Routes::of(all, &bands);
    order::order(&mut routes);
    bands.reorder(all, &routes.rows);
    let plan = Plan::of(drawing, all, &bands, &routes);
    (bands, routes, plan)
}

fn counts(drawing: &Drawing) -> String {
    let broken = drawing.arrows.iter().filter(|arrow| arrow.is_broken()).count();
    let let_off = drawing.arrows.iter().filter(|arrow| arrow.breach.is_some()).count() - broken;
    let number = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let members = drawing.layers.iter().filter(|layer| layer.id != EXTERNALS);
    let layers = members.clone().filter(|layer| layer.id != NO_LAYER).count();
    format!(
        "{} in {}, {}, {}{}",
        number(members.map(|layer| layer.crates.len()).sum(), "crate"),
        number(layers, "layer"),
        number(drawing.arrows.len(), "arrow"),
        if broken + let_off == 0 { "none breaks a rule".to_owned() } else { format!("{broken} broken") },
        if let_off == 0 { String::new() } else { format!(", {let_off} let off") },
    )
}

/// For those who hear the picture.
fn description(drawing: &Drawing, counts: &str) -> String {
    let mut text = format!("{counts}. Outermost layer on top.");
    for layer in &drawing.layers {
        let name = if layer.name.is_empty() { String::new() } else { format!(" ({})", layer.name) };
        text.push_str(&format!("\n{}{name}: {}.", layer.id, layer.crates.join(", ")));
    }
    for arrow in &drawing.arrows {
        if let Some(breach) = &arrow.breach {
            text.push_str(&format!("\n{} → {} breaks {}.", arrow.from, arrow.to, breach.told()));
        }
    }
    text
}

fn names(area: &Area, (ids, name): &(Vec<String>, Vec<String>)) -> String {
    let count = (ids.len() + name.len()) as f64;
    let mut y = area.y + (area.height - count * LINE) / 2.0 + LINE * 0.75;
    let mut text = String::new();
    let classed =
        |lines: &[String], class| lines.iter().map(|line| (class, line.clone())).collect::<Vec<_>>();
    for (class, line) in [classed(ids, "layer layer-id"), classed(name, "layer")].concat() {
        text.push_str(&label(class, "start", area.x + 14.0, y, &line));
        y += LINE;
    }
    text
}

fn crate_box(name: &str, below: Option<String>, area: &Area, outside: bool) -> String {
    let (x, middle) = (area.x + area.width / 2.0, area.y + area.height / 2.0);
    let class = if outside { " class=\"outside\"" } else { "" };
    let mut text = format!("<g{class}><title>{}</title>{}", escaped(name), rect("box", area, 6.0).trim_end());
    let up = if below.is_some() { 4.0 } else { -4.0 };
    text.push_str(label("crate", "middle", x, middle - up, &shortened(name)).trim_end());
    if let Some(below) = below {
        text.push_str(label("below", "middle", x, middle + 13.0, &below).trim_end());
    }
    text.push_str("</g>\n");
    text
}

fn arrow(stroke: &Stroke) -> String {
    let (class, line, head) = (class(stroke.look), &stroke.path, &stroke.head);
    let title = escaped(&stroke.title);
    let head = if head.is_empty() { String::new() } else { format!("<path class=\"head\" d=\"{head}\"/>") };
    format!(
        "<g class=\"arrow {class}\"><title>{title}</title><path class=\"line\" d=\"{line}\"/>{head}</g>\n"
    )
}

fn class(look: Look) -> &'static str {
    match look {
        Look::Implied => "implied",
        Look::Dev => "dev",
        Look::Build => "build",
        Look::Uses => "uses",
        Look::Broken(DependencyKind::Normal) => "broken",
        Look::Broken(DependencyKind::Dev) => "broken dev",
        Look::Broken(DependencyKind::Build) => "broken build",
        Look::LetOff(DependencyKind::Normal) => "let-off",
        Look::LetOff(DependencyKind::Dev) => "let-off dev",
        Look::LetOff(DependencyKind::Build) => "let-off build",
    }
}

fn rect(class: &str, area: &Area, round: f64) -> String {
    let Area { x, y, width, height } = area;
    format!(
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{round}\"/>\n"
    )
}

fn label(class: &str, anchor: &str, x: f64, y: f64, text: &str) -> String {
    let text = escaped(text);
    format!("<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>\n")
}

/// XML has no way to write most control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push('\n'),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

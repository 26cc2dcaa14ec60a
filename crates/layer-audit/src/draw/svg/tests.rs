//! What holds for every picture, whatever the graph.

use super::curve::Curve;
use super::plan::Area;
use super::ports::Ports;
use super::*;
use crate::draw::tests::{drawing, odd, small};

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// Up to 60 crates in up to 8 layers, with arrows in all directions.
fn random(seed: u64) -> Drawing {
    let mut numbers = Numbers(seed);
    let (crates, layers) = (numbers.below(60) + 1, numbers.below(8) + 1);
    let long = numbers.below(30);
    let names: Vec<String> =
        (0..crates).map(|number| format!("c{number}{}", "x".repeat(number % (long + 1)))).collect();
    let mut by_layer: Vec<Vec<&str>> = vec![Vec::new(); layers];
    names.iter().for_each(|name| by_layer[numbers.below(layers)].push(name));
    let mut arrows = Vec::new();
    for _ in 0..numbers.below(crates * 4) {
        let (from, to) = (&names[numbers.below(crates)], &names[numbers.below(crates)]);
        let kind = ["", "", "", "?", "%"][numbers.below(5)];
        arrows.push(format!("{from}>{to}{kind}{}", ["!", "~", "", "", "", "", "", "", ""][numbers.below(9)]));
    }
    let ids: Vec<String> = (0..layers).map(|layer| format!("L{layer}")).collect();
    let layers: Vec<(&str, &[&str])> =
        ids.iter().zip(&by_layer).map(|(id, crates)| (id.as_str(), crates.as_slice())).collect();
    drawing(&layers, &arrows.iter().map(String::as_str).collect::<Vec<_>>())
}

fn overlap(a: &Area, b: &Area) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

fn holds(outer: &Area, inner: &Area) -> bool {
    let right = inner.x + inner.width <= outer.x + outer.width;
    let low = inner.y + inner.height <= outer.y + outer.height;
    outer.x <= inner.x && outer.y <= inner.y && right && low
}

#[test]
fn boxes_stand_apart_and_inside_the_picture() {
    for seed in 0..120 {
        let drawing = random(seed);
        let all = Links::of(&drawing);
        let (bands, _, plan) = layout(&drawing, &all);
        let page = Area { width: plan.width, height: plan.bottom, ..Area::default() };
        for (at, one) in plan.boxes.iter().enumerate() {
            let band = bands.bands.iter().position(|band| band.layers.contains(&all.layer[at]));
            let band = plan.bands[band.expect("each layer has a band")];
            assert!(holds(&band, one) && holds(&page, &band), "seed {seed}: {} in {band:?}", all.names[at]);
            for (other, area) in plan.boxes.iter().enumerate().skip(at + 1) {
                assert!(!overlap(one, area), "seed {seed}: {} and {}", all.names[at], all.names[other]);
            }
        }
    }
}

#[test]
fn no_arrow_runs_through_a_box() {
    for seed in 0..60 {
        let drawing = random(seed);
        let all = Links::of(&drawing);
        let (_, routes, plan) = layout(&drawing, &all);
        let ports = Ports::of(&routes, &plan);
        let inside = |area: &Area, (x, y): (f64, f64)| {
            area.x < x && x < area.x + area.width && area.y < y && y < area.y + area.height
        };
        for (number, step) in routes.steps.iter().enumerate() {
            let curve = Curve::of(number, &routes, &plan, &ports);
            let mut points: Vec<_> = (0..=20).map(|t| curve.at(f64::from(t) / 20.0)).collect();
            if routes.spots[step.from].of.is_none() {
                let (top, bottom) = plan.rows[routes.spots[step.from].row];
                points.extend(
                    (0..=10).map(|part| (plan.x[step.from], top + (bottom - top) * f64::from(part) / 10.0)),
                );
            }
            for (area, name) in plan.boxes.iter().zip(&all.names) {
                let hit = points.iter().find(|point| inside(area, **point));
                assert!(hit.is_none(), "seed {seed}: {hit:?} in {name}");
            }
            assert!(points.iter().all(|(x, _)| 0.0 < *x && *x < plan.width), "seed {seed}");
        }
    }
}

#[test]
fn the_same_drawing_gives_the_same_text() {
    for seed in 0..20 {
        assert_eq!(random(seed).svg(), random(seed).svg());
    }
}

#[test]
fn every_arrow_is_there() {
    for seed in 0..60 {
        let drawing = random(seed);
        let all = Links::of(&drawing);
        let (_, routes, plan) = layout(&drawing, &all);
        let strokes = strokes(&all, &routes, &plan);
        for link in &all.links {
            let (from, to) = (all.names[link.from], all.names[link.to]);
            let drawn = strokes.iter().any(|stroke| {
                let (sources, rest) = stroke.title.split_once(" → ").expect("a title names both ends");
                let target = rest.split([' ', ':']).next();
                sources.split(", ").any(|source| source == from) && target == Some(to)
            });
            assert!(drawn, "seed {seed}: {from} → {to}");
        }
    }
}

#[test]
fn arrows_that_need_not_cross_do_not() {
    let cases: [&[&str]; 3] =
        [&["a>f", "b>e", "c>d"], &["a>e", "b>f", "c>d"], &["a>f", "a>e", "b>d", "c>d", "c>e"]];
    for arrows in cases {
        let drawing = drawing(&[("top", &["a", "b", "c"]), ("low", &["d", "e", "f"])], arrows);
        let all = Links::of(&drawing);
        let (_, _, plan) = layout(&drawing, &all);
        for (one, other) in all.links.iter().flat_map(|one| all.links.iter().map(move |other| (one, other))) {
            let (from, to) = (plan.x[one.from] < plan.x[other.from], plan.x[one.to] > plan.x[other.to]);
            assert!(!(from && to), "{arrows:?}");
        }
    }
}

#[test]
fn neighbouring_layers_of_one_crate_share_a_band() {
    let apart = drawing(&[("a", &["x"]), ("b", &["y"]), ("c", &["z"])], &["x>z"]);
    let bands = |drawing: &Drawing| {
        let bands = Bands::of(drawing, &Links::of(drawing));
        bands.bands.iter().map(|band| band.layers.clone()).collect::<Vec<_>>()
    };
    assert_eq!(bands(&apart), [vec![0, 1], vec![2]]);
    assert_eq!(bands(&drawing(&[("a", &["x"]), ("b", &["y"])], &["y>x?"])), [[0], [1]]);
    assert_eq!(bands(&drawing(&[("a", &["x"]), ("b", &["y", "z"])], &[])), [[0], [1]]);
    assert_eq!(bands(&drawing(&[("a", &["x"]), (EXTERNALS, &["y"])], &[])), [[0], [1]]);
}

#[test]
fn a_layer_of_many_crates_takes_several_rows() {
    let names: Vec<String> = (0..40).map(|number| format!("crate-of-middling-length-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let drawing = drawing(&[("a", &names)], &[]);
    let (_, routes, plan) = layout(&drawing, &Links::of(&drawing));
    assert!(plan.width < 1600.0 && routes.rows.len() > 5, "{} {}", plan.width, routes.rows.len());
}

#[test]
fn svg() {
    insta::assert_snapshot!(small().svg());
}

#[test]
fn odd_names_are_escaped() {
    let svg = odd().svg();
    let tags = ["svg", "title", "desc", "style", "rect", "text", "g", "path"];
    for piece in svg.split('<').skip(1) {
        let name: String =
            piece.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        assert!(tags.contains(&name.as_str()), "<{piece}");
        assert_eq!(piece.matches('>').count(), 1, "<{piece}");
    }
    for piece in svg.split('&').skip(1) {
        assert!(["amp;", "lt;", "gt;", "quot;"].iter().any(|entity| piece.starts_with(entity)), "&{piece}");
    }
    assert!(!svg.contains('\u{1}') && svg.contains("&lt;i&gt;&amp;amp;") && svg.contains("名前"));
}

#[test]
fn an_empty_drawing_is_a_picture_too() {
    let svg = drawing(&[], &[]).svg();
    assert!(svg.contains("0 crates in 0 layers") && svg.ends_with("</svg>\n"), "{svg}");
}

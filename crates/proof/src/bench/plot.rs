//! The figures as a picture: two panels of bars on logarithmic scales, plain SVG without scripts or fonts of its own.

use std::fmt::Write;

const WIDTH: f64 = 900.0;
const LABELS: f64 = 270.0;
const BAR: f64 = 18.0;
const STEP: f64 = 28.0;
const TOP: f64 = 44.0;

/// Bars of one panel.
pub(super) struct Panel {
    pub(super) title: String,
    /// Name, value, what stands at the end of the bar.
    pub(super) bars: Vec<(String, f64, String)>,
}

/// The picture. Values that are not positive have no bar.
pub(super) fn svg(caption: &str, panels: &[Panel]) -> String {
    let heights: Vec<f64> = panels.iter().map(|panel| TOP + STEP * panel.bars.len() as f64 + 22.0).collect();
    let height = heights.iter().sum::<f64>() + 40.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"13\" role=\"img\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    let mut y = 0.0;
    for (panel, height) in panels.iter().zip(&heights) {
        draw(&mut out, panel, y);
        y += height;
    }
    text(&mut out, 16.0, y + 20.0, "#555555", caption);
    out.push_str("</svg>\n");
    out
}

fn draw(out: &mut String, panel: &Panel, y: f64) {
    let values = panel.bars.iter().map(|(_, value, _)| *value).filter(|value| *value > 0.0);
    let (low, high) =
        values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    // From the power of ten below the smallest value, so that every bar can be seen.
    let (from, to) = (low.log10().floor() - 0.1, high.log10() + 0.05);
    let at = |value: f64| LABELS + (value.log10() - from) / (to - from) * (WIDTH - LABELS - 130.0);
    let _ = writeln!(
        out,
        "<text x=\"16\" y=\"{:.1}\" font-size=\"15\" font-weight=\"bold\" fill=\"#111111\">{}</text>",
        y + 26.0,
        escaped(&panel.title)
    );
    let bottom = y + TOP + STEP * panel.bars.len() as f64;
    let mut power = from.ceil();
    while power <= to {
        let x = at(10_f64.powf(power));
        let _ = writeln!(
            out,
            "<line x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\" stroke=\"#dddddd\"/>",
            y + TOP - 6.0
        );
        power += 1.0;
    }
    for (index, (name, value, label)) in panel.bars.iter().enumerate() {
        let top = y + TOP + STEP * index as f64;
        text(out, 16.0, top + 14.0, "#222222", name);
        let end = if *value > 0.0 { at(*value) } else { LABELS };
        let colour = if name.starts_with("Portcullis") { "#1f5fa8" } else { "#9aa5b1" };
        let _ = writeln!(
            out,
            "<rect x=\"{LABELS}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>",
            end - LABELS
        );
        text(out, end + 6.0, top + 14.0, "#222222", label);
    }
}

fn text(out: &mut String, x: f64, y: f64, colour: &str, words: &str) {
    // A String takes whatever is written to it.
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{colour}\">{}</text>", escaped(words));
}

fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_bars_stand_for_larger_values_and_words_are_escaped() {
        let bar = |name: &str, value| (name.to_owned(), value, format!("{value}"));
        let panel = Panel {
            title: "a < b & c".to_owned(),
            bars: vec![bar("x", 10.0), bar("y", 1000.0), bar("z", 0.0)],
        };
        let picture = svg("one run", &[panel]);
        let widths: Vec<f64> = picture
            .lines()
            .filter(|line| line.starts_with("<rect x="))
            .filter_map(|line| line.split("width=\"").nth(1)?.split('"').next()?.parse().ok())
            .collect();
        assert_eq!(widths.len(), 3);
        assert!(widths[0] < widths[1] && widths[2] == 0.0, "{widths:?}");
        assert!(picture.contains("a &lt; b &amp; c"), "{picture}");
    }
}

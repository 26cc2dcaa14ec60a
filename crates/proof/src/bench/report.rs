//! From figures to tables: the part of BENCHMARKS.md between its marks, and the picture beside it.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use color_eyre::eyre::{ContextCompat, Result, WrapErr};

use super::load::Figures;
use super::plot::{Panel, svg};

const BEGIN: &str = "<!-- bench: begin -->";
const END: &str = "<!-- bench: end -->";
const PICTURE: &str = "benchmarks.svg";
/// The name of what calls the upstream without anything between.
pub(super) const DIRECT: &str = "direct";

/// One side at one number of callers.
pub(super) struct Row {
    pub(super) side: String,
    pub(super) callers: usize,
    pub(super) figures: Figures,
}

/// Everything that a run has found.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) machine: String,
    /// The load average before the run.
    pub(super) load: String,
    pub(super) command: String,
    pub(super) durable_write: Duration,
    pub(super) rows: Vec<Row>,
    /// Further figures: what, figure, aim.
    pub(super) figures: Vec<(String, String, String)>,
    pub(super) notes: Vec<String>,
}

impl Findings {
    fn direct(&self, callers: usize) -> Option<&Figures> {
        let row = self.rows.iter().find(|row| row.side == DIRECT && row.callers == callers)?;
        Some(&row.figures)
    }

    /// As markdown.
    pub(super) fn text(&self) -> String {
        let mut out = format!("Measured on {}; load average before the run {}.\n\n", self.machine, self.load);
        // A String takes whatever is written to it.
        let _ = write!(out, "```bash\n{}\n```\n\n", self.command);
        out.push_str("| callers | what | calls/s | p50 ms | p99 ms | added p50 ms | CPU us a call | calls/s to direct |\n");
        out.push_str("|---|---|---|---|---|---|---|---|\n");
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by_key(|row| row.callers);
        for row in rows {
            let figures = &row.figures;
            let direct = self.direct(row.callers);
            let added = direct.map_or(0.0, |direct| millis(figures.p50) - millis(direct.p50));
            let ratio = direct.map_or(1.0, |direct| figures.per_second / direct.per_second);
            let cpu = figures.cpu.map_or_else(|| "-".to_owned(), |cpu| cpu.as_micros().to_string());
            let _ = writeln!(
                out,
                "| {} | {} | {} | {:.2} | {:.2} | {added:.2} | {cpu} | {ratio:.3} |",
                row.callers,
                row.side,
                thousands(figures.per_second),
                millis(figures.p50),
                millis(figures.p99),
            );
        }
        out.push_str("\n| figure | measured | aim |\n|---|---|---|\n");
        for (what, figure, aim) in &self.figures {
            let _ = writeln!(out, "| {what} | {figure} | {aim} |");
        }
        for note in &self.notes {
            let _ = write!(out, "\n{note}\n");
        }
        out
    }

    /// Puts the text between the marks of this file, and the picture beside it.
    pub(super) fn write(&self, root: &Path) -> Result<()> {
        let file = root.join("BENCHMARKS.md");
        let before = fs::read_to_string(&file).wrap_err("BENCHMARKS.md cannot be read")?;
        let (head, rest) = before.split_once(BEGIN).context("BENCHMARKS.md has no begin mark")?;
        let (_, tail) = rest.split_once(END).context("BENCHMARKS.md has no end mark")?;
        let picture = format!("![calls per second and added time]({PICTURE})");
        fs::write(&file, format!("{head}{BEGIN}\n{picture}\n\n{}\n{END}{tail}", self.text()))?;
        Ok(fs::write(root.join(PICTURE), self.picture())?)
    }

    fn picture(&self) -> String {
        let most = self.rows.iter().map(|row| row.callers).max().unwrap_or(1);
        let bars = |callers: usize, value: &dyn Fn(&Figures) -> (f64, String)| {
            let rows = self.rows.iter().filter(move |row| row.callers == callers);
            rows.map(|row| {
                let (value, label) = value(&row.figures);
                (row.side.clone(), value, label)
            })
            .collect()
        };
        let direct = self.direct(1).map_or(0.0, |direct| millis(direct.p50));
        let mut added: Vec<(String, f64, String)> = bars(1, &|figures| {
            let added = millis(figures.p50) - direct;
            (added, format!("{added:.2} ms"))
        });
        added.retain(|(side, ..)| side != DIRECT);
        let panels = [
            Panel {
                title: format!("tools/call per second, {most} callers"),
                bars: bars(most, &|figures| (figures.per_second, thousands(figures.per_second))),
            },
            Panel { title: "added to the median of one caller".to_owned(), bars: added },
        ];
        svg("Logarithmic scales. Client, gateway and upstream share one machine; see BENCHMARKS.md.", &panels)
    }
}

/// In milliseconds.
pub(super) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Rounded, in groups of three digits.
pub(super) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(side: &str, callers: usize, per_second: f64, p50: u64) -> Row {
        let figures = Figures {
            calls: 1,
            per_second,
            p50: Duration::from_micros(p50),
            p99: Duration::from_micros(p50 * 2),
            cpu: Some(Duration::from_micros(40)),
        };
        Row { side: side.to_owned(), callers, figures }
    }

    #[test]
    fn rows_are_compared_with_the_direct_call_of_as_many_callers() {
        let rows =
            vec![row("direct", 1, 20_000.0, 50), row("gate", 1, 1_000.0, 950), row("gate", 64, 5_000.0, 9)];
        let text = Findings { rows, ..Findings::default() }.text();
        assert!(text.contains("| 1 | gate | 1 000 | 0.95 | 1.90 | 0.90 | 40 | 0.050 |"), "{text}");
        assert!(text.contains("| 64 | gate | 5 000 |"), "{text}");
    }

    #[test]
    fn what_stands_outside_of_the_marks_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("BENCHMARKS.md");
        fs::write(&file, format!("before\n{BEGIN}\nold\n{END}\nafter\n")).unwrap();
        let findings = Findings { rows: vec![row("direct", 1, 1.0, 1)], ..Findings::default() };
        for _ in 0..2 {
            findings.write(folder.path()).unwrap();
            let text = fs::read_to_string(&file).unwrap();
            assert!(
                text.starts_with("before\n") && text.ends_with("\nafter\n") && !text.contains("old"),
                "{text}"
            );
            assert_eq!(text.matches("| direct |").count(), 1);
        }
        assert!(fs::read_to_string(folder.path().join("benchmarks.svg")).unwrap().starts_with("<svg"));
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([7.0, 999.6, 1234.4, 1_234_567.0].map(thousands), ["7", "1 000", "1 234", "1 234 567"]);
    }
}

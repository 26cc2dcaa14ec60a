//! What the suites found: as text for the terminal, as Markdown for PROOF.md.

use std::fmt;
use std::time::Duration;

use super::setting::Form;
use super::suite::{Control, Figure, Suite};
use super::{Options, all_held, today};

/// Everything that a run found.
pub(crate) struct Report {
    command: String,
    seed: u64,
    date: String,
    /// On which machine, if that is to be told.
    pub(crate) machine: String,
    /// Of which source.
    pub(crate) commit: String,
    pub(crate) sections: Vec<Section>,
}

/// One suite on one database.
pub(crate) struct Section {
    pub(crate) suite: Suite,
    /// For suites that store something.
    pub(crate) database: Option<String>,
    pub(crate) sound: Tried,
    pub(crate) controls: Vec<(Control, Tried)>,
    pub(crate) took: Duration,
}

/// One trial: its figures, or why it broke off.
pub(crate) struct Tried {
    pub(crate) figures: Result<Vec<Figure>, String>,
    pub(crate) took: Duration,
}

impl Report {
    pub(crate) fn new(options: &Options, form: Form) -> Self {
        let mut command = format!("cargo xtask prove --{form} --seed {}", options.seed);
        options.suites.iter().for_each(|suite| command.push_str(&format!(" --suite {suite}")));
        for database in &options.databases {
            // A URL names a machine and a user.
            let shown = if database == "sqlite" { "sqlite" } else { "postgres://.." };
            command.push_str(&format!(" --database {shown}"));
        }
        let date = options.date.clone().unwrap_or_else(today);
        let (machine, commit) = ("unknown".to_owned(), "unknown".to_owned());
        Self { command, seed: options.seed, date, machine, commit, sections: Vec::new() }
    }

    /// Whether every figure held, and every broken wiring was found.
    pub(crate) fn holds(&self) -> bool {
        !self.sections.is_empty() && self.sections.iter().all(Section::holds)
    }

    /// The last line of a run; of what did not hold, what it was.
    pub(crate) fn verdict(&self) -> String {
        let told = |section: &Section| format!("{} ({})", section.title(), section.failures().join("; "));
        let failed: Vec<String> = self.sections.iter().filter(|section| !section.holds()).map(told).collect();
        if failed.is_empty() {
            format!("{} suites: every figure held, every broken wiring was found", self.sections.len())
        } else {
            format!("NOT proven: {}", failed.join(", "))
        }
    }

    /// The whole report.
    pub(crate) fn to_markdown(&self) -> String {
        let mut text = format!(
            "# Proof\n\nWhat Portcullis promises, tried on the running product. This file is written by the command; \
             `portcullis-proof prove --list` says what each suite does.\n\n\
             - Command: `{}`\n- Commit: {}\n- Seed: {}\n- Date: {}\n- Machine: {}\n- Verdict: {}\n",
            self.command,
            self.commit,
            self.seed,
            self.date,
            self.machine,
            self.verdict()
        );
        for section in &self.sections {
            text.push('\n');
            text.push_str(&section.to_markdown());
        }
        text
    }
}

impl Section {
    pub(crate) fn holds(&self) -> bool {
        self.sound.figures.as_ref().is_ok_and(|figures| all_held(figures))
            && self.controls.iter().all(|(control, tried)| finding(control, tried).is_some())
    }

    /// What did not hold, and which broken wirings were not found.
    fn failures(&self) -> Vec<String> {
        let mut failures = match &self.sound.figures {
            Err(error) => vec![format!("broke off: {error}")],
            Ok(figures) => figures.iter().filter(|figure| !figure.held).map(told).collect(),
        };
        for (control, tried) in &self.controls {
            if finding(control, tried).is_none() {
                failures.push(format!("not found: {}: {}", control.broken, reason(tried)));
            }
        }
        failures
    }

    fn title(&self) -> String {
        match &self.database {
            Some(database) => format!("{} on {database}", self.suite.name),
            None => self.suite.name.to_owned(),
        }
    }

    fn to_markdown(&self) -> String {
        let mut text =
            format!("## {} ({})\n\n{}\n\n", self.title(), self.suite.promises.join(", "), self.suite.what);
        match &self.sound.figures {
            Err(error) => text.push_str(&format!("**Broke off:** {error}\n")),
            Ok(figures) => {
                text.push_str("| figure | must be | was | |\n|---|---|---|---|\n");
                for Figure { name, expected, found, held } in figures {
                    let mark = if expected.is_empty() { "" } else { held_mark(*held) };
                    text.push_str(&format!("| {name} | {expected} | {found} | {mark} |\n"));
                }
            }
        }
        if !self.controls.is_empty() {
            text.push_str("\n| wiring broken on purpose | found | by |\n|---|---|---|\n");
            for (control, tried) in &self.controls {
                let (mark, by) = match finding(control, tried) {
                    Some(figure) => {
                        ("yes", format!("{}: {} instead of {}", figure.name, figure.found, figure.expected))
                    }
                    None => ("**NO**", reason(tried)),
                };
                text.push_str(&format!("| {} | {mark} | {by} |\n", control.broken));
            }
        }
        text.push_str(&format!("\nTook {:.0} s.\n", self.took.as_secs_f64()));
        text
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "== {} ({:.1} s)", self.title(), self.took.as_secs_f64())?;
        write_tried(f, &self.sound)?;
        for (control, tried) in &self.controls {
            match finding(control, tried) {
                Some(figure) => write!(f, "found   {}: {} {}", control.broken, figure.name, figure.found)?,
                None => write!(f, "NOT FOUND {}: {}", control.broken, reason(tried))?,
            }
            writeln!(f, " ({:.1} s)", tried.took.as_secs_f64())?;
        }
        Ok(())
    }
}

fn write_tried(f: &mut fmt::Formatter<'_>, tried: &Tried) -> fmt::Result {
    let figures = match &tried.figures {
        Ok(figures) => figures,
        Err(error) => return writeln!(f, "BROKE OFF {error}"),
    };
    for figure in figures {
        let mark = if figure.expected.is_empty() { "" } else { held_mark(figure.held) };
        writeln!(f, "{mark:7} {}", told(figure))?;
    }
    Ok(())
}

fn told(Figure { name, expected, found, .. }: &Figure) -> String {
    if expected.is_empty() {
        format!("{name}: {found}")
    } else {
        format!("{name}: {found} (must be {expected})")
    }
}

/// The figure by which a broken wiring was found: one that it is said to break.
fn finding<'t>(control: &Control, tried: &'t Tried) -> Option<&'t Figure> {
    let figures = tried.figures.as_ref().ok()?;
    figures.iter().find(|figure| !figure.held && control.breaks.contains(&figure.name))
}

fn reason(tried: &Tried) -> String {
    match &tried.figures {
        Ok(_) => "no figure that it breaks failed".to_owned(),
        Err(error) => format!("the trial broke off: {error}"),
    }
}

fn held_mark(held: bool) -> &'static str {
    if held { "held" } else { "**FAILED**" }
}

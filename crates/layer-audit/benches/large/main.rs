//! How long an audit takes: on a generated workspace of 300 crates and over a million lines, and on the one around us.
//!
//! `cargo bench -p layer-audit`. Prints figures and asserts nothing about them: a slow machine is no defect.

mod world;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use layer_audit::{Config, Report, Selection, evaluate, load};

/// Of so many runs the quickest counts: what else the machine does only adds.
const RUNS: usize = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:<10} {:>7} {:>7} {:>9} {:>6} {:>9} {:>9} {:>9} {:>9}",
        "workspace", "crates", "files", "lines", "rules", "findings", "load ms", "judge ms", "total ms"
    )?;
    let generated = Path::new(env!("CARGO_TARGET_TMPDIR")).join("large");
    world::write(&generated)?;
    writeln!(out, "{}", row("generated", &generated)?)?;
    if let Some(here) = around() {
        writeln!(out, "{}", row("this one", &here)?)?;
    }
    Ok(())
}

/// The nearest folder above us that has a law.
fn around() -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.map(Path::to_path_buf).find(|folder| folder.join("layers.toml").is_file())
}

fn row(name: &str, root: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(run(root)?);
    }
    runs.sort_by_key(|run| run.load + run.judge);
    let Run { report, lines, load, judge } = &runs[0];
    Ok(format!(
        "{name:<10} {:>7} {:>7} {lines:>9} {:>6} {:>9} {:>9} {:>9} {:>9}",
        report.crates,
        report.files,
        report.rules.len(),
        report.open().count(),
        load.as_millis(),
        judge.as_millis(),
        (*load + *judge).as_millis()
    ))
}

struct Run {
    report: Report,
    lines: usize,
    load: Duration,
    judge: Duration,
}

fn run(root: &Path) -> Result<Run, Box<dyn std::error::Error>> {
    let begun = Instant::now();
    let config = Config::parse(&std::fs::read_to_string(root.join("layers.toml"))?)?;
    let workspace = load(root, &config)?;
    let load = begun.elapsed();
    let begun = Instant::now();
    let report = evaluate(&workspace, &config, &Selection::all());
    let judge = begun.elapsed();
    let lines = workspace.crates.iter().flat_map(|member| &member.files).map(|file| file.facts.lines).sum();
    Ok(Run { report, lines, load, judge })
}

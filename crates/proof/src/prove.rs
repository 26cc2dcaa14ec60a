//! `portcullis-proof prove`: runs suites of promises against the running product, and their broken wirings, which a
//! suite must find. What it found is printed, and written as a report if asked for.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use color_eyre::eyre::{Result, WrapErr, bail, ensure};
use portcullis_drivers::system::SystemClock;
use portcullis_schemas::runtime::Clock;

use self::report::{Report, Section, Tried};
use self::setting::{Form, Setting, UnderTest};
use self::suite::{Figure, Suite, Trial};

pub(crate) mod dice;
pub(crate) mod home;
pub(crate) mod machine;
mod report;
pub(crate) mod setting;
pub(crate) mod suite;
mod suites;

/// What to prove, and how long it may take.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only this suite; may be repeated [default: all]
    #[arg(long = "suite", value_name = "NAME")]
    suites: Vec<String>,
    /// List the suites and what each does, and run none
    #[arg(long)]
    list: bool,
    /// The published form: as often as the promises say
    #[arg(long, conflicts_with = "short")]
    full: bool,
    /// The form of the gate: the same checks, less often [default]
    #[arg(long)]
    short: bool,
    /// Where every random choice comes from; the same seed makes the same choices
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// `sqlite`, or the URL of a PostgreSQL database whose role may create others; may be repeated
    #[arg(long = "database", value_name = "sqlite|URL", default_value = "sqlite")]
    databases: Vec<String>,
    /// Where data directories are made; take a real disk, not memory
    #[arg(long, default_value = "target", value_name = "DIR")]
    disk: PathBuf,
    /// Write the report to this file, as Markdown
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// The day that the report shows [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<String>,
}

#[expect(clippy::print_stdout, reason = "a report for people")]
pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let suites = chosen(suites::all(), &options.suites)?;
    if options.list {
        suites.iter().for_each(|suite| println!("{}", suite.described()));
        return Ok(ExitCode::SUCCESS);
    }
    // Mistakes in them show before the first suite, and not hours later.
    for suite in &suites {
        databases(&options, suite)?;
    }
    std::fs::create_dir_all(&options.disk).wrap_err("the directory for data cannot be made")?;
    let form = if options.full { Form::Full } else { Form::Short };
    let mut report = Report::new(&options, form);
    report.machine = machine::describe(&options.disk)?;
    report.commit = machine::commit();
    for suite in &suites {
        for database in databases(&options, suite)? {
            let setting = Setting { seed: options.seed, form, database, disk: options.disk.clone() };
            let section = prove(suite, &setting).await;
            println!("{section}");
            report.sections.push(section);
        }
    }
    println!("{}", report.verdict());
    if let Some(file) = &options.report {
        std::fs::write(file, report.to_markdown()).wrap_err("the report cannot be written")?;
    }
    Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs a suite on the sound wiring, then each of its broken ones. What breaks off is a finding, not the end.
async fn prove(suite: &Suite, setting: &Setting) -> Section {
    let started = Instant::now();
    let sound = tried(&*suite.trial, setting).await;
    let mut controls = Vec::new();
    for control in suite.controls.iter().filter(|control| control.trial.applies_to(&setting.database)) {
        controls.push((control.clone(), tried(&*control.trial, setting).await));
    }
    let database = suite.per_database.then(|| setting.database.to_string());
    Section { suite: suite.clone(), database, sound, controls, took: started.elapsed() }
}

async fn tried(trial: &dyn Trial, setting: &Setting) -> Tried {
    let started = Instant::now();
    let figures = trial.run(setting).await.map_err(|error| format!("{error:#}"));
    Tried { figures, took: started.elapsed() }
}

fn chosen(all: Vec<Suite>, names: &[String]) -> Result<Vec<Suite>> {
    let known: Vec<&str> = all.iter().map(|suite| suite.name).collect();
    for name in names {
        ensure!(known.contains(&name.as_str()), "no suite `{name}`; there are {}", known.join(", "));
    }
    let wanted = |suite: &Suite| names.is_empty() || names.iter().any(|name| name == suite.name);
    Ok(all.into_iter().filter(wanted).collect())
}

/// All that are given, in their order; the first one for a suite that has no use for a second.
fn databases(options: &Options, suite: &Suite) -> Result<Vec<UnderTest>> {
    let all: Vec<UnderTest> = options.databases.iter().map(|text| text.parse()).collect::<Result<_>>()?;
    for (at, one) in all.iter().enumerate() {
        ensure!(!all[..at].contains(one), "a database is named twice: {one}");
    }
    match all.first() {
        None => bail!("no database: leave --database out for sqlite"),
        Some(first) if !suite.per_database => Ok(vec![first.clone()]),
        Some(_) => Ok(all),
    }
}

fn today() -> String {
    SystemClock::start().now().to_string().chars().take("2026-01-01".len()).collect()
}

/// Whether all that was to be held was held.
fn all_held(figures: &[Figure]) -> bool {
    figures.iter().all(|figure| figure.held)
}

#[cfg(test)]
mod tests;

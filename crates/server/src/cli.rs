//! The command line.
//!
//! Exit codes: 0 when it went well, 1 when it failed while running, 2 when the configuration or the command line is
//! wrong (nothing was started then), 3 when `audit` found that a trail or a proof does not hold.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use color_eyre::config::{HookBuilder, Theme};
use color_eyre::eyre::{self, WrapErr};

use crate::audit::{self, AuditCommand};
use crate::config::{Flags, Mistakes, Settings};
use crate::connect::ConnectFlags;
use crate::demo::{self, DemoOptions};
use crate::telemetry::{self, Telemetry};
use crate::{connect, database, serve};

pub(crate) const FAILED: u8 = 1;
const MISCONFIGURED: u8 = 2;
/// The longest that the end of the process waits for who reads why it failed.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The gate between AI agents and the outside world.
///
/// Every tool call passes one spine that denies by default, records before it acts, and can prove what happened.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed while running; 2 configuration or command line wrong; 3 audit: \
                          the trail or the proof does not hold.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server on a data directory, and create it on the first start
    Serve(SettingFlags),
    /// Show the main job: a server, two upstreams, an allowed call, refused ones, the trail; needs no set-up
    Demo(DemoFlags),
    /// Work with the configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Prepare a PostgreSQL database for replicas that serve from it
    Database {
        #[command(subcommand)]
        command: DatabaseCommand,
    },
    /// For auditors: export the trail, and verify exports and proofs offline
    #[command(after_help = EXIT_CODES)]
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Print what an MCP client needs to reach a toolset, or write it into the client's configuration
    Connect(ConnectFlags),
    /// Print the version
    Version,
}

#[derive(Debug, Subcommand)]
enum DatabaseCommand {
    /// Bring the schema up to date and end; run it as the schema's owner, before replicas of a new version start
    Migrate(Box<SettingFlags>),
    /// Print the SQL that gives a role the rights of a writer and takes all others; run it as the schema's owner
    Grants {
        /// The role as which replicas serve; it must exist
        role: String,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check file, environment and flags; name every mistake at once, or print the effective settings
    Check(SettingFlags),
}

/// Flags win over the environment (`PORTCULLIS_<SECTION>__<KEY>`), which wins over the file, which wins over defaults.
#[derive(Debug, Args)]
pub(crate) struct PlaceFlags {
    /// Configuration file [default: ./portcullis.toml, else portcullis.toml in the data directory, where present]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the database and the master key live [default: ./portcullis-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// PostgreSQL database instead of the one in the data directory, like postgres://user@host/database
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

impl PlaceFlags {
    /// As settings.
    pub(crate) fn given(self) -> Flags {
        let mut given = Flags::new(self.config);
        given.set("data_dir", "--data-dir", self.data_dir);
        given.set("database_url", "--database-url", self.database_url);
        given
    }
}

/// Flags win over the environment (`PORTCULLIS_<SECTION>__<KEY>`), which wins over the file, which wins over defaults.
#[derive(Debug, Args)]
struct SettingFlags {
    #[command(flatten)]
    place: PlaceFlags,
    /// Address to listen on [default: 127.0.0.1:8642]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// The part of new API keys that tells test from live ones [default: local]
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Master key file [default: master.key in the data directory]
    #[arg(long, value_name = "FILE")]
    master_key_file: Option<String>,
    /// How log lines look: text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// What is logged: error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Address on which /metrics is served, without a key, apart from the API [default: none]
    #[arg(long, value_name = "ADDR:PORT")]
    metrics_listen: Option<String>,
    /// Collector that spans are sent to (OTLP over HTTP), like http://127.0.0.1:4318 [default: none]
    #[arg(long, value_name = "URL")]
    otlp_endpoint: Option<String>,
    /// Exact origin for which the egress rules are lifted, like http://127.0.0.1:8931; may be repeated
    #[arg(long = "waive-origin", value_name = "ORIGIN")]
    waived_origins: Vec<String>,
}

#[derive(Debug, Args)]
struct DemoFlags {
    /// Leave it running at the end, and say how to go on with curl
    #[arg(long)]
    keep: bool,
    /// Keep its data here [default: a temporary directory]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Port of 127.0.0.1 to listen on [default: a free one]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
}

/// Runs a command to its end, and says what went wrong on standard error.
pub fn run(cli: Cli) -> ExitCode {
    let done = install_reports().and_then(|()| execute(cli.command));
    match done {
        Ok(code) => code,
        Err(error) => report(&error),
    }
}

fn execute(command: Command) -> eyre::Result<ExitCode> {
    let done = match command {
        Command::Audit { command } => return audit::run(command),
        Command::Serve(flags) => {
            let settings = settings(flags)?;
            observed(&settings, |telemetry| serve::run(&settings, telemetry))
        }
        Command::Demo(flags) => {
            let options = DemoOptions { keep: flags.keep, data_dir: flags.data_dir, port: flags.port };
            runtime(true)?.block_on(demo::run(options))
        }
        Command::Config { command: ConfigCommand::Check(flags) } => say(&settings(flags)?.to_toml()),
        Command::Database { command: DatabaseCommand::Migrate(flags) } => {
            let settings = settings(*flags)?;
            observed(&settings, |_| database::migrate(&settings))
        }
        Command::Database { command: DatabaseCommand::Grants { role } } => database::grants(&role),
        Command::Connect(flags) => connect::run(&flags),
        Command::Version => say(&format!("portcullis {}\n", env!("CARGO_PKG_VERSION"))),
    };
    done.map(|()| ExitCode::SUCCESS)
}

fn settings(flags: SettingFlags) -> Result<Settings, Mistakes> {
    let mut given = flags.place.given();
    let single = [
        ("listen", "--listen", flags.listen),
        ("environment", "--environment", flags.environment),
        ("master_key_file", "--master-key-file", flags.master_key_file),
        ("log.format", "--log-format", flags.log_format),
        ("log.level", "--log-level", flags.log_level),
        ("metrics.listen", "--metrics-listen", flags.metrics_listen),
        ("otlp.endpoint", "--otlp-endpoint", flags.otlp_endpoint),
    ];
    for (key, flag, value) in single {
        given.set(key, flag, value);
    }
    given.set_list("egress.waived_origins", "--waive-origin", flags.waived_origins);
    Settings::load(given)
}

/// Runs to the end, with telemetry from before the first step until after the last.
pub(crate) fn observed<T, W>(settings: &Settings, work: impl FnOnce(Telemetry) -> W) -> eyre::Result<T>
where
    W: Future<Output = eyre::Result<T>>,
{
    let runtime = runtime(settings.database_url.is_none())?;
    let telemetry = runtime.block_on(async { telemetry::start(settings) })?;
    let done = runtime.block_on(work(telemetry.clone()));
    telemetry.stop();
    // What is still at work has had its time.
    runtime.shutdown_background();
    done
}

/// The runtime of a gate. On SQLite the thread of the ledger does about half of all work, so it gets a core: threads that
/// outnumber the cores only take them from one another.
///
/// # Errors
/// When the system gives no threads.
pub fn runtime(is_on_sqlite: bool) -> eyre::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if is_on_sqlite {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        builder.worker_threads(cores.saturating_sub(1).max(1));
    }
    builder.enable_all().build().wrap_err("the runtime could not start: the system gives no threads")
}

/// Reports of panics, with colour on a terminal only.
fn install_reports() -> eyre::Result<()> {
    use std::io::IsTerminal;
    let theme = if std::io::stderr().is_terminal() { Theme::dark() } else { Theme::new() };
    HookBuilder::default().theme(theme).display_env_section(false).install()
}

#[expect(clippy::print_stderr, reason = "what went wrong is for the person at the terminal")]
fn report(error: &eyre::Report) -> ExitCode {
    let (code, text) = match error.downcast_ref::<Mistakes>() {
        Some(mistakes) => (MISCONFIGURED, mistakes.to_string()),
        None => (FAILED, causes(error)),
    };
    // Of a reader who stalls the process does not wait to end.
    let (done, told) = mpsc::channel();
    let telling = thread::Builder::new().spawn(move || {
        eprintln!("{text}");
        let _ = done.send(());
    });
    if telling.is_ok() {
        let _ = told.recv_timeout(LAST_WORDS);
    }
    ExitCode::from(code)
}

/// The error and its causes, one a line; no stack, whatever the environment asks for: it is no defect of ours.
fn causes(error: &eyre::Report) -> String {
    let mut text = format!("error: {error}");
    for cause in error.chain().skip(1) {
        text.push_str(&format!("\n  because: {cause}"));
    }
    text
}

/// Writes a command's answer to standard output, where a reader that has gone away is an error and no panic.
pub(crate) fn say(text: &str) -> eyre::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).wrap_err("standard output cannot be written to")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn help(path: &[&str]) -> String {
        let mut command = Cli::command();
        command.build();
        let found =
            path.iter().fold(&mut command, |command, name| command.find_subcommand_mut(name).unwrap());
        found.render_long_help().to_string()
    }

    #[test]
    fn the_help_is_a_contract() {
        let paths: [&[&str]; 14] = [
            &[],
            &["serve"],
            &["demo"],
            &["config"],
            &["config", "check"],
            &["database"],
            &["database", "migrate"],
            &["database", "grants"],
            &["audit"],
            &["audit", "export"],
            &["audit", "verify"],
            &["audit", "prove"],
            &["audit", "verify-proof"],
            &["audit", "key"],
        ];
        let pages = paths.map(|path| format!("$ portcullis {} --help\n\n{}", path.join(" "), help(path)));
        insta::assert_snapshot!(pages.join("\n"));
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        let error = eyre::eyre!("no room").wrap_err("cannot write");
        assert_eq!(causes(&error), "error: cannot write\n  because: no room");
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}

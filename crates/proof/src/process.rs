//! Processes of this very program: gates and upstreams that a trial starts, kills, and starts again.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use color_eyre::eyre::{ContextCompat, Result, WrapErr, bail};
use portcullis_server::config::Settings;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child as Process, ChildStdin, ChildStdout, Command};

use crate::crash::Failpoint;
use crate::wiring::Wiring;

/// This program, even if the file that it was started from has been replaced meanwhile.
const THIS_PROGRAM: &str = "/proc/self/exe";
/// How long a process may take to say that it is there, and to stop when asked.
const PATIENCE: Duration = Duration::from_secs(60);
/// The line before the causes of an error, outermost first; and lines of a log that are told.
const ERROR: &str = "Error:";
const LAST: usize = 3;

/// A running process. It is killed when dropped; and it ends by itself when the trial is gone.
#[derive(Debug)]
pub(crate) struct Child {
    process: Process,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    /// What it said of itself.
    pub(crate) told: Value,
}

/// How to start a gate.
#[derive(Clone, Debug)]
pub(crate) struct GateOptions {
    /// A directory of its own, for its settings and its log.
    pub(crate) directory: PathBuf,
    /// Where a broken wiring keeps what it needs, and a crash leaves its mark; replicas share it.
    pub(crate) scratch: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) wiring: Wiring,
    pub(crate) count: bool,
    pub(crate) crash: Option<Failpoint>,
}

impl GateOptions {
    /// A gate of this name and wiring, without failpoints, that keeps what it needs in this trial's directory.
    pub(crate) fn new(name: &str, trial: &Path, settings: Settings, wiring: Wiring) -> Self {
        let directory = trial.join(format!("{name}-files"));
        Self { directory, scratch: trial.join("scratch"), settings, wiring, count: false, crash: None }
    }
}

impl Child {
    /// Starts a gate, and waits until it serves.
    ///
    /// # Errors
    /// When it ends before, by a failpoint for example.
    pub(crate) async fn gate(options: &GateOptions) -> Result<Self> {
        std::fs::create_dir_all(&options.directory)?;
        std::fs::create_dir_all(&options.scratch)?;
        let config = options.directory.join("gate.toml");
        std::fs::write(&config, options.settings.to_toml())?;
        let wiring =
            clap::ValueEnum::to_possible_value(&options.wiring).context("a wiring without a name")?;
        let mut words: Vec<OsString> = vec!["wired".into(), "--config".into(), config.into()];
        words.extend(["--wiring".into(), wiring.get_name().into()]);
        words.extend(["--scratch".into(), options.scratch.clone().into_os_string()]);
        if options.count {
            words.push("--count".into());
        }
        if let Some(failpoint) = &options.crash {
            words.extend(["--crash".into(), failpoint.to_string().into()]);
        }
        Self::start(words, &options.directory.join("gate.log")).await
    }

    /// Starts an upstream with its ledger in this file. Common calls take up to `delay`, slow ones take `slow`.
    ///
    /// # Errors
    /// When it ends before it serves.
    pub(crate) async fn upstream(ledger: &Path, delay: Duration, slow: Duration) -> Result<Self> {
        let mut words: Vec<OsString> = vec!["upstream".into(), "--ledger".into(), ledger.into()];
        for (flag, time) in [("--delay", delay), ("--slow", slow)] {
            words.extend([flag.into(), time.as_millis().to_string().into()]);
        }
        Self::start(words, &ledger.with_extension("log")).await
    }

    async fn start(words: Vec<OsString>, log: &Path) -> Result<Self> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let mut command = Command::new(THIS_PROGRAM);
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::from(file));
        let mut process =
            command.kill_on_drop(true).spawn().wrap_err("this program cannot be started again")?;
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().context("no standard output")?).lines();
        let mut child = Self { process, input, output, told: Value::Null };
        child.told = child.line().await.wrap_err_with(|| last_words(log))?;
        Ok(child)
    }

    /// What it said of itself under this name.
    pub(crate) fn said(&self, name: &str) -> Result<&str> {
        self.told[name].as_str().with_context(|| format!("the process did not say its {name}"))
    }

    /// SIGKILL, and waits for the end.
    pub(crate) async fn kill(mut self) -> Result<()> {
        self.process.kill().await.wrap_err("a process cannot be killed")
    }

    /// Waits until it has ended by itself; false if it does not within this time.
    pub(crate) async fn ends_within(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.process.wait()).await.is_ok()
    }

    /// Asks it to stop in order, and waits; returns what it said last, if anything.
    pub(crate) async fn stop(mut self) -> Result<Option<Value>> {
        drop(self.input.take());
        let last = tokio::time::timeout(PATIENCE, self.output.next_line()).await??;
        let ended = tokio::time::timeout(PATIENCE, self.process.wait()).await??;
        if !ended.success() {
            bail!("a process did not stop in order: {ended}");
        }
        last.map(|line| serde_json::from_str(&line).wrap_err("a line of a process")).transpose()
    }

    async fn line(&mut self) -> Result<Value> {
        let line = tokio::time::timeout(PATIENCE, self.output.next_line()).await??;
        let line = line.context("it ended before it served")?;
        serde_json::from_str(&line).wrap_err("a line of a process")
    }
}

/// Why it ended, as its log tells it; the log's end where it tells no error.
fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let error = lines.iter().rposition(|line| *line == ERROR);
    let told = error.map_or(lines.len().saturating_sub(LAST), |error| error + 1);
    lines[told..].iter().take(LAST).copied().collect::<Vec<_>>().join(" / ")
}

//! The gate as a process of its own: this very program, started again as the server, on the product's own runtime, wired
//! as a trial asks.
//!
//! It says where it listens in a line of JSON on standard output, serves until its standard input ends, and then stops
//! in order. A trial that dies closes the pipe, so no gate outlives its trial.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use color_eyre::eyre::{Result, eyre};
use portcullis_server::config::{Flags, Settings};
use portcullis_server::{cli, running, telemetry};
use serde_json::{Value, json};

use crate::crash::{Counts, Crash, Failpoint};
use crate::points::{Passage, watched};
use crate::wiring::Wiring;

/// How to run it. Trials make these.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Its settings
    #[arg(long)]
    config: PathBuf,
    /// How it is wired
    #[arg(long, value_enum, default_value_t = Wiring::Sound)]
    wiring: Wiring,
    /// Where a broken wiring keeps what it needs, and a crash leaves its mark
    #[arg(long)]
    scratch: PathBuf,
    /// Count the calls of every port, and say the counts at the end
    #[arg(long)]
    count: bool,
    /// Crash there
    #[arg(long, conflicts_with = "count")]
    crash: Option<Failpoint>,
}

/// Serves until standard input ends.
pub(crate) fn run(options: Options) -> Result<()> {
    let settings = Settings::load_from(Flags::new(Some(options.config.clone())), [])
        .map_err(|mistakes| eyre!("the settings of a gate: {mistakes}"))?;
    let runtime = cli::runtime(settings.database_url.is_none())?;
    let done = runtime.block_on(serve(options, &settings));
    // As the product: what is still at work has had its time.
    runtime.shutdown_background();
    done
}

async fn serve(options: Options, settings: &Settings) -> Result<()> {
    let telemetry = telemetry::start(settings)?;
    let counts = Arc::new(Counts::default());
    let passage: Option<Arc<dyn Passage>> = match options.crash {
        Some(failpoint) => Some(Arc::new(Crash::new(failpoint, &options.scratch))),
        None if options.count => Some(counts.clone()),
        None => None,
    };
    let running = running::start_with(settings, |ports| {
        let ports = options.wiring.apply(ports, &options.scratch);
        match passage {
            Some(passage) => watched(ports, passage),
            None => ports,
        }
    })
    .await?;
    let key = running.first_key().map(|key| key.secret.0.clone());
    tell(&json!({ "origin": running.url(), "key": key, "metrics": running.metrics_addr() }))?;
    until_input_ends().await?;
    running.shutdown().await?;
    tokio::task::spawn_blocking(|| telemetry.stop()).await?;
    if options.count { tell(&counts.to_json()) } else { Ok(()) }
}

/// A line for the trial.
pub(crate) fn tell(line: &Value) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// Returns when nobody holds the other end of standard input any more.
pub(crate) async fn until_input_ends() -> Result<()> {
    tokio::task::spawn_blocking(|| std::io::stdin().lock().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

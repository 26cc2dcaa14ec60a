//! The gate in a process of its own: this program, run again as the server. It is what `portcullis serve` runs, on the
//! ports and the runtime that it runs on, unless a wiring is broken on purpose; and it can be killed, or stand on another
//! disk.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use clap::Args;
use color_eyre::eyre::{ContextCompat, Result, WrapErr, bail};
use portcullis::embedded::{self, EmbeddedOptions};
use portcullis::operations::api_keys::CreatedApiKey;
use portcullis::text::Name;
use portcullis::{KeyEnvironment, Spine, SpineOptions, http};
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use portcullis_server::config::Settings;
use portcullis_server::{cli, running};
use tokio::net::TcpListener;

use crate::wiring;

/// How often it is looked whether a gate has ended.
const LOOK: Duration = Duration::from_millis(5);
/// How long a gate may take to listen.
const START: Duration = Duration::from_secs(30);

/// What the process serves.
#[derive(Args, Clone, Debug)]
pub(crate) struct Plan {
    #[arg(long)]
    pub(crate) data_dir: PathBuf,
    #[arg(long)]
    pub(crate) database_url: Option<String>,
    #[arg(long = "waive-origin")]
    pub(crate) waived_origins: Vec<String>,
    /// Broken on purpose: commits do not wait for the disk.
    #[arg(long)]
    pub(crate) sync_off: bool,
    /// Calls of a tenant to one server at a time, if not the default
    #[arg(long)]
    pub(crate) server_calls: Option<usize>,
}

/// What the process takes.
#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    plan: Plan,
    /// Broken otherwise: all commits wait for the disk but those of intents
    #[arg(long, requires = "sync_off")]
    sync_all_but_intents: bool,
}

/// The word for it; `sync_off` must be set too.
pub(crate) const SYNC_ALL_BUT_INTENTS: &str = "--sync-all-but-intents";

/// Serves until the parent closes standard input, or is gone. Says its key, if it is new, and where it listens.
pub(crate) fn serve(options: Options) -> Result<()> {
    let Options { plan, sync_all_but_intents } = options;
    std::thread::spawn(|| {
        let mut nothing = [0; 1];
        while std::io::stdin().read(&mut nothing).is_ok_and(|count| count > 0) {}
        std::process::exit(0);
    });
    let runtime = cli::runtime(plan.database_url.is_none())?;
    runtime.block_on(async {
        if plan.sync_off {
            serve_without_sync(plan, sync_all_but_intents).await
        } else {
            serve_soundly(plan).await
        }
    })
}

async fn serve_soundly(plan: Plan) -> Result<()> {
    let mut settings = Settings::new(&plan.data_dir);
    settings.listen.set_port(0);
    settings.database_url = plan.database_url;
    settings.egress.waived_origins = plan.waived_origins;
    settings.limits.server_calls = plan.server_calls.unwrap_or(settings.limits.server_calls);
    let running = running::start(&settings).await?;
    announce(running.first_key(), running.addr());
    std::future::pending::<Result<()>>().await
}

/// As an embedder would do it who asks for speed instead of truth. No setting of the server does that.
async fn serve_without_sync(plan: Plan, all_but_intents: bool) -> Result<()> {
    let mut options = EmbeddedOptions::new(&plan.data_dir);
    options.waived_origins = plan.waived_origins;
    options.durable = false;
    let embedded = embedded::open(options).await?;
    let mut options = SpineOptions::new(KeyEnvironment::new("local")?);
    options.server_calls = plan.server_calls.unwrap_or(options.server_calls);
    let ports = embedded.ports();
    let ports = if all_but_intents { wiring::syncing_all_but_intents(ports, &plan.data_dir) } else { ports };
    let spine = Spine::new(ports, options)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let _background = spine.start_background().await?;
    let first = spine.bootstrap(Name::new("default")?).await?;
    announce(first.as_ref(), listener.local_addr()?);
    let router = http::router(spine, http::ApiOptions::default());
    http::serve(listener, router, std::future::pending()).await;
    Ok(())
}

/// What the parent reads.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn announce(first_key: Option<&CreatedApiKey>, address: SocketAddr) {
    if let Some(first) = first_key {
        println!("key {}", first.secret.0);
    }
    println!("listening http://{address}");
}

/// Such a process, seen from its parent. Killed when dropped.
#[derive(Debug)]
pub(crate) struct ChildGate {
    child: Child,
    output: Option<ChildStdout>,
}

/// What a gate said when it was ready.
#[derive(Clone, Debug)]
pub(crate) struct Announced {
    pub(crate) origin: String,
    /// Of the first start only.
    pub(crate) first_key: Option<Secret>,
}

impl ChildGate {
    /// Starts one; it is not ready yet. What it logs goes to `log`.
    pub(crate) fn spawn(plan: &Plan, environment: &[(&str, PathBuf)], log: &Path) -> Result<Self> {
        Self::spawn_with(plan, &[], environment, log)
    }

    /// As [`spawn`](Self::spawn), with further words.
    pub(crate) fn spawn_with(
        plan: &Plan,
        words: &[&str],
        environment: &[(&str, PathBuf)],
        log: &Path,
    ) -> Result<Self> {
        let log = std::fs::File::options().create(true).append(true).open(log)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("gate").arg("--data-dir").arg(&plan.data_dir);
        for origin in &plan.waived_origins {
            command.arg("--waive-origin").arg(origin);
        }
        if let Some(url) = &plan.database_url {
            command.arg("--database-url").arg(url);
        }
        if plan.sync_off {
            command.arg("--sync-off");
        }
        if let Some(calls) = plan.server_calls {
            command.arg("--server-calls").arg(calls.to_string());
        }
        command.args(words);
        command.envs(environment.iter().map(|(name, value)| (*name, value.as_os_str())));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn()?;
        let output = child.stdout.take();
        Ok(Self { child, output })
    }

    /// Waits until it listens.
    ///
    /// # Errors
    /// When it ends instead, or takes too long.
    pub(crate) async fn ready(&mut self) -> Result<Announced> {
        let output = self.output.take().context("it was ready before")?;
        let reading = tokio::task::spawn_blocking(move || announced(output));
        match tokio::time::timeout(START, reading).await {
            Ok(read) => read?,
            Err(_) => {
                self.kill()?;
                bail!("the gate does not listen after {START:?}")
            }
        }
    }

    /// Waits until it ends by itself; kills it if that takes longer.
    pub(crate) async fn end_within(&mut self, longest: Duration) -> Result<()> {
        let deadline = tokio::time::Instant::now() + longest;
        while self.child.try_wait()?.is_none() && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(LOOK.min(longest)).await;
        }
        self.kill()
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once: SIGKILL.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait().wrap_err("the gate's process cannot be waited for")?;
        Ok(())
    }
}

impl Drop for ChildGate {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do then.
        let _ = self.kill();
    }
}

impl Announced {
    pub(crate) fn client(&self, key: Secret) -> Result<ApiClient> {
        ApiClient::new(&self.origin, key)
    }
}

fn announced(output: ChildStdout) -> Result<Announced> {
    let mut first_key = None;
    for line in BufReader::new(output).lines() {
        match line?.split_once(' ') {
            Some(("key", key)) => first_key = Some(Secret::new(key.to_owned())),
            Some(("listening", origin)) => return Ok(Announced { origin: origin.to_owned(), first_key }),
            _ => {}
        }
    }
    bail!("the gate ended before it was ready")
}

//! `portcullis serve`: start, say where and how to go on, run until a signal, stop in order.

use color_eyre::eyre::{self, WrapErr};
use portcullis::operations::api_keys::CreatedApiKey;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli;
use crate::config::Settings;
use crate::running::{self, Running};

/// Runs the server until SIGTERM or SIGINT. A second signal ends the process there and then, without waiting for anything:
/// for open requests, for the last spans, or for an error that would have to be told on the way up.
pub(crate) async fn run(settings: &Settings) -> eyre::Result<()> {
    let mut signals = Signals::listen()?;
    let running = running::start(settings).await?;
    cli::say(&announcement(settings, &running))?;
    if settings.api.allowed_hosts.is_empty() && !running.addr().ip().is_loopback() {
        tracing::warn!(
            "api.allowed_hosts is empty: requests that name this machine by anything but loopback are refused"
        );
    }
    tracing::info!(address = %running.addr(), metrics = running.metrics_addr().map(tracing::field::display), "listening");
    let signal = signals.next().await;
    let grace = settings.limits.grace_seconds;
    tracing::info!(
        signal,
        grace,
        "stopping: calls get so many seconds to end; send the signal again to stop at once"
    );
    tokio::select! {
        done = running.shutdown() => {
            tracing::info!("stopped");
            done
        }
        _ = signals.next() => {
            tracing::error!("stopped at once by a second signal; the next start closes open calls as unknown");
            std::process::exit(cli::FAILED.into())
        }
    }
}

/// Says where it listens, and on the first start shows the key.
fn announcement(settings: &Settings, running: &Running) -> String {
    let first_key = running.first_key().map(first_key_text).unwrap_or_default();
    first_key + &listening_text(settings, &running.url())
}

/// The only place that shows a key; it goes to standard output and to no log.
fn first_key_text(first: &CreatedApiKey) -> String {
    let rule = "-".repeat(78);
    format!(
        "{rule}\nFirst start: tenant `default` is founded. Its admin key (scopes admin, operator):\n\n    {}\n\n\
         It is shown this once, and cannot be shown again. Keep it in a safe place.\n{rule}\n",
        first.secret.0
    )
}

fn listening_text(settings: &Settings, url: &str) -> String {
    format!(
        "Portcullis {} listens on {url}, data in {}.\n\
         Next: `curl -H \"Authorization: Bearer $KEY\" {url}/integrations/mcp-servers`; the reference is {url}/docs.\n",
        env!("CARGO_PKG_VERSION"),
        settings.data_dir.display()
    )
}

/// The signals that ask a process to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on, so that a signal during the start is not lost.
    fn listen() -> eyre::Result<Self> {
        let on = |kind| signal(kind).wrap_err("signals cannot be listened to");
        Ok(Self { terminate: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

//! `portcullis serve`: start, say where and how to go on, run until a signal, stop in order.

use std::pin::pin;
use std::time::Duration;

use color_eyre::eyre::{self, WrapErr};
use portcullis::operations::api_keys::CreatedApiKey;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, timeout};

use crate::cli;
use crate::config::Settings;
use crate::running::{self, Running, TAIL};
use crate::telemetry::{LAST_SPANS, Telemetry};
use crate::wiring;

/// The longest that a start goes on after a signal. It may have founded the first tenant that instant, whose key would be
/// lost; what takes longer waits for something else.
const START_TAIL: Duration = Duration::from_secs(4);
/// What the last spans get at least, however long calls took to end.
const LEAST_FOR_SPANS: Duration = Duration::from_millis(250);

/// Runs the server until SIGTERM or SIGINT, also one during the start. A second signal ends the process there and then,
/// without waiting for anything: for open requests, for the last spans, or for an error that would have to be told on the
/// way up.
pub(crate) async fn run(settings: &Settings, telemetry: Telemetry) -> eyre::Result<()> {
    let mut signals = Signals::listen()?;
    // Before a tenant is founded: where nothing can be told, its key would be lost.
    cli::say(concat!("Portcullis ", env!("CARGO_PKG_VERSION"), " starts.\n"))?;
    let (running, early) = match start(settings, &mut signals, &telemetry).await {
        Ok(Some(started)) => started,
        ended => {
            if ended.is_ok() {
                tracing::info!("stopped before the start was over");
            }
            tokio::select! {
                () = send_spans(telemetry.clone(), LAST_SPANS) => return ended.map(drop),
                _ = signals.next() => stop_at_once(&telemetry),
            }
        }
    };
    cli::say(&announcement(settings, &running))?;
    if settings.api.allowed_hosts.is_empty() && !running.addr().ip().is_loopback() {
        tracing::warn!(
            "api.allowed_hosts is empty: requests that name this machine by anything but loopback are refused"
        );
    }
    tracing::info!(address = %running.addr(), metrics = running.metrics_addr().map(tracing::field::display), "listening");
    let signal = match early {
        Some(signal) => signal,
        None => signals.next().await,
    };
    let grace = wiring::grace(settings);
    tracing::info!(
        signal,
        grace = grace.as_secs(),
        "stopping: calls get so many seconds to end; send the signal again to stop at once"
    );
    tokio::select! {
        done = stop(running, telemetry.clone(), grace + TAIL) => {
            tracing::info!("stopped");
            done
        }
        _ = signals.next() => stop_at_once(&telemetry),
    }
}

/// The server, and the signal that came before it ran, if one did. `None` when the start took too long after it.
async fn start(
    settings: &Settings,
    signals: &mut Signals,
    telemetry: &Telemetry,
) -> eyre::Result<Option<(Running, Option<&'static str>)>> {
    let mut starting = pin!(running::start(settings));
    let signal = tokio::select! {
        running = &mut starting => return Ok(Some((running?, None))),
        signal = signals.next() => signal,
    };
    tracing::info!(signal, "stopping during the start; send the signal again to stop at once");
    tokio::select! {
        running = timeout(START_TAIL, starting) => match running {
            Ok(running) => Ok(Some((running?, Some(signal)))),
            Err(_) => Ok(None),
        },
        _ = signals.next() => stop_at_once(telemetry),
    }
}

/// Stops the server, then sends the last spans in what is left of `time`.
async fn stop(running: Running, telemetry: Telemetry, time: Duration) -> eyre::Result<()> {
    let end = Instant::now() + time;
    let done = running.shutdown().await;
    let left = end.saturating_duration_since(Instant::now()).clamp(LEAST_FOR_SPANS, LAST_SPANS);
    send_spans(telemetry, left).await;
    done
}

/// On a thread where it may block. If that breaks, spans are lost, and spans may be.
async fn send_spans(telemetry: Telemetry, time: Duration) {
    let _ = tokio::task::spawn_blocking(move || telemetry.send_spans(time)).await;
}

fn stop_at_once(telemetry: &Telemetry) -> ! {
    tracing::error!("stopped at once by a second signal; the next start closes open calls as unknown");
    telemetry.write_lines();
    std::process::exit(cli::FAILED.into())
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

//! A server in this process, without signals, printing and telemetry: for the command line, the demo, and tests.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use color_eyre::eyre::{self, WrapErr};
use portcullis::embedded::Embedded;
use portcullis::metrics::Metrics;
use portcullis::operations::api_keys::CreatedApiKey;
use portcullis::text::Name;
use portcullis::trail::Checkpointer;
use portcullis::{Background, Ports, Spine, http};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use crate::config::Settings;
use crate::metrics::{MetricsListener, counted};
use crate::wiring;

/// The tenant of the first start.
const FIRST_TENANT: &str = "default";
/// The longest that the last checkpoint takes.
const LAST_CHECKPOINT: Duration = Duration::from_secs(1);
/// The longest that a stop takes beyond the grace.
pub const TAIL: Duration = Duration::from_millis(4500);

/// A server that listens. Dropping it stops it without grace; [`Running::shutdown`] is the orderly end.
pub struct Running {
    addr: SocketAddr,
    first_key: Option<CreatedApiKey>,
    serving: JoinHandle<()>,
    stop: oneshot::Sender<()>,
    spine: Spine,
    background: Background,
    embedded: Embedded,
    grace: Duration,
    metrics: Option<MetricsListener>,
}

/// Starts a server: opens the data directory, closes what an earlier life left open, binds, and on the first start
/// founds the tenant `default`.
///
/// # Errors
/// When the directory, the key, the database or the address cannot be used; nothing runs then.
pub async fn start(settings: &Settings) -> eyre::Result<Running> {
    start_with(settings, |ports| ports).await
}

/// As [`start`], with the ports changed beforehand: decorated, replaced, or for tests of safety miswired.
///
/// # Errors
/// As [`start`].
pub async fn start_with(settings: &Settings, change: impl FnOnce(Ports) -> Ports) -> eyre::Result<Running> {
    let options = wiring::spine_options(settings)?;
    let metrics = settings.metrics.listen.map(|_| Metrics::new());
    let embedded = wiring::open(settings, metrics.clone()).await?;
    let spine = Spine::new(change(wiring::ports(settings, &embedded)), options)?;
    // Before the tenant is founded: a first key that nobody is shown would be lost.
    let listener = TcpListener::bind(settings.listen).await.wrap_err_with(|| {
        format!("cannot listen on {}: is the port taken? Choose one with --listen", settings.listen)
    })?;
    let addr = listener.local_addr().wrap_err("the listener has no address")?;
    let metrics_listener = match settings.metrics.listen {
        Some(listen) => Some(MetricsListener::bind(listen).await?),
        None => None,
    };
    let background = spine.start_background().await?;
    let first_key = spine.bootstrap(Name::new(FIRST_TENANT)?).await?;
    let mut router = wiring::router(settings, &spine);
    let mut scraped = None;
    if let Some((listener, metrics)) = metrics_listener.zip(metrics) {
        router = counted(router, metrics.clone());
        scraped = Some(MetricsListener::start(listener, embedded.scrape(metrics))?);
    }
    let limits = wiring::serve_limits(settings);
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(async move {
        // A dropped sender stops it as well.
        http::serve_with(limits, listener, router, async { drop(stopped.await) }).await;
    });
    let grace = wiring::grace(settings);
    Ok(Running { addr, first_key, serving, stop, spine, background, embedded, metrics: scraped, grace })
}

impl Running {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where it listens, as a URL without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where `/metrics` is, if it is served.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(MetricsListener::addr)
    }

    /// The spine behind it.
    pub fn spine(&self) -> &Spine {
        &self.spine
    }

    /// The first key, if this was the first start. Its text cannot be had again.
    pub fn first_key(&self) -> Option<&CreatedApiKey> {
        self.first_key.as_ref()
    }

    /// Stops, within the grace and [`TAIL`]. From the first moment it is not ready, accepts no connection and dispatches
    /// nothing new; calls under way get the grace, and are then cut off and recorded. At the end a last checkpoint signs
    /// what no other covers, the lease is given back if all has ended, so that a next instance need not wait for it, the
    /// database is closed, and the data directory freed.
    ///
    /// # Errors
    /// When the listener's task broke.
    pub async fn shutdown(self) -> eyre::Result<()> {
        let Self { serving, stop, spine, background, embedded, metrics, grace, .. } = self;
        let end = Instant::now() + grace + TAIL;
        spine.close();
        // It may have ended by itself; that shows below.
        let _ = stop.send(());
        let has_drained = spine.drain(grace).await;
        if !has_drained {
            tracing::error!("some calls have no recorded outcome: the next start closes them as unknown");
        }
        // What has ended is answered.
        let served = serving.await;
        background.stop().await;
        sign_the_rest(&spine).await;
        // Outcomes that are still on their way to the trail are ours to write for as long as the lease lasts.
        if has_drained && let Err(error) = spine.release_lease().await {
            tracing::warn!(%error, "the lease could not be given back; it runs out by itself");
        }
        if let Some(metrics) = metrics {
            metrics.shutdown().await;
        }
        drop(spine);
        if timeout_at(end, embedded.close()).await.is_err() {
            tracing::warn!("the database does not close: it is left to the operating system");
        }
        served.wrap_err("the listener's task broke")
    }
}

/// Signs what was recorded since the newest checkpoint, so that nobody can rewrite it unnoticed while nothing runs.
async fn sign_the_rest(spine: &Spine) {
    let Some(checkpointer) = Checkpointer::new(spine.ports(), spine.options().checkpoints.clone()) else {
        return;
    };
    match timeout(LAST_CHECKPOINT, checkpointer.make_now()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::error!(%error, "the newest records are in no checkpoint; the next start signs them")
        }
        Err(_) => tracing::warn!("the last checkpoint takes too long; the next start makes it"),
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("addr", &self.addr).finish_non_exhaustive()
    }
}

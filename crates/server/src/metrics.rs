//! `/metrics`, on an address of its own.
//!
//! It asks for no key: what scrapes it holds none, and what it says names no customer. So it must not stand on the
//! API's port, which agents and the outside may reach; whoever exposes the address decides who may read it.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use color_eyre::eyre::{self, WrapErr};
use http::header::CONTENT_TYPE;
use portcullis::http::{ServeLimits, serve_with};
use portcullis::metrics::{Metrics, Scrape};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// As Prometheus' text format 0.0.4 has it.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// More than those who scrape need.
const CONNECTIONS: usize = 16;

/// The listener of `/metrics`. Dropping it stops it.
pub(crate) struct MetricsListener {
    addr: SocketAddr,
    serving: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

impl MetricsListener {
    pub(crate) async fn bind(listen: SocketAddr) -> eyre::Result<TcpListener> {
        TcpListener::bind(listen).await.wrap_err_with(|| {
            format!(
                "cannot listen on {listen} for metrics: is the port taken? Choose one with --metrics-listen"
            )
        })
    }

    pub(crate) fn start(listener: TcpListener, scrape: Scrape) -> eyre::Result<Self> {
        let addr = listener.local_addr().wrap_err("the metrics listener has no address")?;
        let answer = move || {
            let scrape = scrape.clone();
            async move { ([(CONTENT_TYPE, TEXT)], scrape.text().await) }
        };
        let router = Router::new().route("/metrics", get(answer));
        let limits = ServeLimits {
            connections: CONNECTIONS,
            drain: std::time::Duration::ZERO,
            ..ServeLimits::default()
        };
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(async move {
            // A dropped sender stops it as well.
            serve_with(limits, listener, router, async { drop(stopped.await) }).await;
        });
        Ok(Self { addr, serving, stop })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Stops, and lets go of the database.
    pub(crate) async fn shutdown(self) {
        // It may have ended by itself.
        let _ = self.stop.send(());
        let _ = self.serving.await;
    }
}

/// The router, its answers counted.
pub(crate) fn counted(router: Router, metrics: Metrics) -> Router {
    router.layer(middleware::from_fn_with_state(metrics, count))
}

async fn count(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("unknown", MatchedPath::as_str);
    metrics.answered(method.as_str(), route, response.status().as_u16());
    response
}

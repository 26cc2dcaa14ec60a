//! The port's implementation: judge, resolve once, connect to what was judged, exchange, hand back a capped body.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use portcullis_schemas::codes;
use portcullis_schemas::egress::{
    Egress, EgressError, EgressLimits, EgressRequest, EgressResponse, EgressStage,
};
use portcullis_schemas::ids::TenantId;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::body::{CappedBody, Home};
use super::connect::{Connection, connect, connect_timeout, unreachable};
use super::exchange::{NoAnswer, build_request, exchange};
use super::headers::{check_framing, request_headers, response_headers};
use super::judge::{JudgedUrl, Refusal, Rule, judge_url};
use super::pool::{Pool, PoolKey};
use super::resolve::{Resolver, SystemResolver, resolve_judged};
use super::rules::EgressRules;
use super::tls::{BadRoots, TlsRoots};

/// The longest that any exchange may take, whatever its limits say.
const HARD_TOTAL: Duration = Duration::from_secs(300);

/// HTTP/1.1 over TLS, each connection pinned to the address that was judged for it. Needs a Tokio runtime.
///
/// Idle connections are kept per tenant and origin: at most 128 each, for 20 s, and no connection for longer than
/// 300 s. A pooled connection that turns out to be closed before a byte was written is replaced, once.
pub struct HyperEgress {
    rules: EgressRules,
    resolver: Arc<dyn Resolver>,
    tls: TlsConnector,
    pool: Arc<Pool>,
}

impl fmt::Debug for HyperEgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperEgress").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl HyperEgress {
    /// An egress under these rules, with the system's resolver.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(rules: EgressRules, roots: TlsRoots) -> Result<Self, BadRoots> {
        let config = roots.client_config()?;
        let (resolver, pool) = (Arc::new(SystemResolver), Arc::new(Pool::default()));
        Ok(Self { rules, resolver, tls: TlsConnector::from(config), pool })
    }

    /// Resolves names with this instead.
    #[must_use]
    pub fn with_resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = resolver;
        self
    }

    async fn open(
        &self,
        url: &JudgedUrl,
        limits: &EgressLimits,
        end: Instant,
    ) -> Result<Connection, EgressError> {
        let deadline = end.min(Instant::now() + limits.connect);
        let resolving = timeout_at(deadline, resolve_judged(url, self.resolver.as_ref()));
        let addresses = resolving.await.map_err(|_| connect_timeout())?.map_err(refused)?;
        connect(url, &addresses, &self.tls, deadline).await
    }

    /// On a pooled connection if there is one, else, or if that one was closed and nothing was written, on a new one.
    async fn exchange(
        &self,
        url: &JudgedUrl,
        key: &PoolKey,
        mut request: Request<Full<Bytes>>,
        (limits, end): (&EgressLimits, Instant),
    ) -> Result<(Response<Incoming>, Connection), EgressError> {
        if let Some(mut pooled) = self.pool.take(key).await {
            match exchange(&mut pooled, request, limits.headers, end).await {
                Ok(response) => return Ok((response, pooled)),
                Err(NoAnswer::Failed(error)) => return Err(error),
                Err(NoAnswer::NotSent(unsent)) => request = *unsent,
            }
        }
        let mut fresh = self.open(url, limits, end).await?;
        match exchange(&mut fresh, request, limits.headers, end).await {
            Ok(response) => Ok((response, fresh)),
            Err(NoAnswer::Failed(error)) => Err(error),
            Err(NoAnswer::NotSent(_)) => Err(unreachable("the connection was closed at once")),
        }
    }
}

#[async_trait]
impl Egress for HyperEgress {
    async fn send(&self, tenant: &TenantId, request: EgressRequest) -> Result<EgressResponse, EgressError> {
        let url = judge_url(&request.url, &self.rules).map_err(refused)?;
        let limits = request.limits;
        let end = Instant::now() + limits.total.min(HARD_TOTAL);
        let headers = request_headers(&url, &request.headers)?;
        let outgoing = build_request(&url, request.method, headers, request.body)?;
        let key = PoolKey { tenant: tenant.clone(), origin: url.origin().to_owned() };
        let (response, connection) = self.exchange(&url, &key, outgoing, (&limits, end)).await?;
        tracing::debug!(
            purpose = %request.purpose, origin = url.origin(), address = %connection.pinned,
            status = response.status().as_u16(), "egress exchange"
        );
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let detail = "the upstream switched protocols unasked".to_owned();
            let (stage, code) = (EgressStage::Exchange, codes::UPSTREAM_PROTOCOL);
            return Err(EgressError { stage, code, detail, is_breach: true });
        }
        check_framing(response.headers())?;
        let status = response.status().as_u16();
        let headers = response_headers(response.headers());
        let home = Home { pool: Arc::clone(&self.pool), key, connection };
        let body = Box::new(CappedBody::new(response.into_body(), limits.body_bytes, end, home));
        Ok(EgressResponse { status, headers, body })
    }

    async fn judge(&self, _tenant: &TenantId, url: &str) -> Result<String, EgressError> {
        let url = judge_url(url, &self.rules).map_err(refused)?;
        resolve_judged(&url, self.resolver.as_ref()).await.map_err(refused)?;
        Ok(url.without_fragment().to_owned())
    }
}

/// A name that does not resolve is a failed connection; every other rule is a refusal.
fn refused(refusal: Refusal) -> EgressError {
    if refusal.rule == Rule::DnsFail {
        unreachable(Rule::DnsFail.as_str())
    } else {
        EgressError::refused(refusal.rule.as_str())
    }
}

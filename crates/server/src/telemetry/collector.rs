//! The way to the collector: the egress, with the collector's origin waived and nothing else.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use color_eyre::eyre::{self, WrapErr};
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use portcullis_drivers::egress::{EgressRules, HyperEgress, TlsRoots};
use portcullis_schemas::egress::{
    Egress, EgressLimits, EgressPurpose, EgressRequest, HeaderValue, HttpMethod,
};
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::secret::Secret;
use tokio::runtime::Handle;
use url::Url;

/// Sends what the exporter hands over.
pub(super) struct Collector {
    egress: Arc<dyn Egress>,
    /// Connections are shared by tenant; this one is nobody's.
    caller: TenantId,
    /// The exporter's thread has no runtime.
    runtime: Handle,
}

impl Collector {
    /// Speaks to the origin of `endpoint` alone.
    ///
    /// # Errors
    /// When the endpoint is no URL, or the certificates cannot be read.
    pub(super) fn at(endpoint: &str, extra_ca: Option<&Path>) -> eyre::Result<Self> {
        let origin = Url::parse(endpoint).wrap_err("otlp.endpoint: expected a URL")?.origin();
        let rules = EgressRules::waiving([origin.ascii_serialization()])?;
        let roots = match extra_ca {
            Some(file) => TlsRoots::mozilla().with_pem(&std::fs::read(file)?)?,
            None => TlsRoots::mozilla(),
        };
        Ok(Self {
            egress: Arc::new(HyperEgress::new(rules, roots)?),
            caller: TenantId::from_trusted("otlp-exporter")?,
            runtime: Handle::try_current().wrap_err("telemetry starts within a runtime")?,
        })
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (egress, caller) = (Arc::clone(&self.egress), self.caller.clone());
        self.runtime.spawn(async move { send(&*egress, &caller, request).await }).await?
    }
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Collector(..)")
    }
}

async fn send(
    egress: &dyn Egress,
    caller: &TenantId,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, HttpError> {
    let (head, body) = request.into_parts();
    let mut headers = Vec::new();
    for (name, value) in &head.headers {
        // The operator's headers (OTEL_EXPORTER_OTLP_HEADERS) carry the collector's token.
        let value = HeaderValue::Secret(Secret::new(value.to_str()?.to_owned()));
        headers.push((name.as_str().to_owned(), value));
    }
    let request = EgressRequest {
        purpose: EgressPurpose::Telemetry,
        method: HttpMethod::Post,
        url: head.uri.to_string(),
        headers,
        body,
        limits: EgressLimits::default(),
    };
    let mut response = egress.send(caller, request).await?;
    let mut collected = BytesMut::new();
    while let Some(chunk) = response.body.next_chunk().await? {
        collected.extend_from_slice(&chunk);
    }
    response.body.reuse();
    Ok(Response::builder().status(response.status).body(collected.freeze())?)
}

//! W3C trace context: a caller's span becomes the parent of ours, and ours the parent of an upstream's.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use portcullis::Ports;
use portcullis_schemas::context::TraceContext;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::listening::ListWatch;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::wire::{
    Dispatch, McpCatalogue, McpFailure, McpHealth, McpTarget, ToolCall, ToolReply,
};
use tracing::field::Empty;
use tracing::{Instrument, Span, debug_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The router, with a span around every request of a route but the probes.
pub(crate) fn traced(router: Router) -> Router {
    router.layer(middleware::from_fn(request))
}

/// The ports, with our span named to upstreams.
pub(crate) fn onward(ports: Ports) -> Ports {
    Ports { mcp: Arc::new(OnwardClient { inner: ports.mcp }), ..ports }
}

async fn request(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let Some(route) = route.filter(|route| !matches!(route.as_str(), "/healthz" | "/readyz")) else {
        return next.run(request).await;
    };
    let method = request.method();
    let span = debug_span!(
        "http.request",
        otel.name = %format_args!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method.as_str(),
        http.route = route,
        http.response.status_code = Empty,
        otel.status_code = Empty,
    );
    let parent = TraceContextPropagator::new().extract(&Single(request.headers()));
    if parent.span().span_context().is_valid() {
        // It fails only where no exporter listens.
        let _ = span.set_parent(parent);
    }
    let answered = async {
        let response = next.run(request).await;
        let status = response.status();
        Span::current().record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            Span::current().record("otel.status_code", "ERROR");
        }
        response
    };
    answered.instrument(span).await
}

/// A header that stands there twice says nothing.
struct Single<'a>(&'a HeaderMap);

impl Extractor for Single<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.get_all(name).iter();
        let first = values.next().and_then(|value| value.to_str().ok());
        first.filter(|_| values.next().is_none())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

/// A client that names the current span to its servers, in the place of the caller's.
struct OnwardClient {
    inner: Arc<dyn McpClient>,
}

#[async_trait]
impl McpClient for OnwardClient {
    async fn discover(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpCatalogue, McpFailure> {
        self.inner.discover(tenant, target, &from_here(dispatch)).await
    }

    async fn check_health(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpHealth, McpFailure> {
        self.inner.check_health(tenant, target, &from_here(dispatch)).await
    }

    async fn call_tool(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        call: &ToolCall,
        dispatch: &Dispatch,
    ) -> Result<ToolReply, McpFailure> {
        self.inner.call_tool(tenant, target, call, &from_here(dispatch)).await
    }

    async fn listen(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        watch: &ListWatch,
        dispatch: &Dispatch,
    ) -> Result<(), McpFailure> {
        self.inner.listen(tenant, target, watch, &from_here(dispatch)).await
    }

    async fn forget(&self, tenant: &TenantId, server: &ServerId) {
        self.inner.forget(tenant, server).await;
    }
}

/// The dispatch with the current span as its trace; as it came when there is no span.
fn from_here(dispatch: &Dispatch) -> Dispatch {
    let context = Span::current().context();
    let here = context.span().span_context().clone();
    if !here.is_valid() {
        return dispatch.clone();
    }
    let flags = here.trace_flags().to_u8();
    let traceparent = format!("00-{}-{}-{flags:02x}", here.trace_id(), here.span_id());
    let trace =
        TraceContext { traceparent: Some(traceparent), tracestate: dispatch.trace.tracestate.clone() };
    Dispatch { trace, ..dispatch.clone() }
}

#[cfg(test)]
mod tests {
    use portcullis_testkit::conformance;
    use portcullis_testkit::fakes::ScriptedMcpClient;

    use super::*;

    #[tokio::test]
    async fn conforms_to_the_port() {
        conformance::mcp_client(&OnwardClient { inner: Arc::new(ScriptedMcpClient::refused(100)) }).await;
    }
}

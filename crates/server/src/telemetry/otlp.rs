//! Spans to a collector: OTLP over HTTP, in protobuf.
//!
//! Whether a trace is kept is decided here, never by a caller: a `traceparent` that says "not sampled" does not hide a
//! call, and one that says "sampled" costs no more than others. The record is the trail; spans may be lost.

use std::time::Duration;

use color_eyre::eyre::{self, WrapErr};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::{Layer, Registry};

use super::collector::Collector;
use crate::config::Settings;

/// Where a collector takes spans, below its endpoint.
const PATH: &str = "/v1/traces";
/// How long one export may take.
const EXPORT: Duration = Duration::from_secs(10);

/// Collects spans and sends them in batches, from a thread of its own.
#[derive(Clone, Debug)]
pub(crate) struct Exporter {
    provider: SdkTracerProvider,
}

impl Exporter {
    /// Starts if an endpoint is set. Needs a Tokio runtime.
    ///
    /// # Errors
    /// When the endpoint cannot be used.
    pub(crate) fn start(settings: &Settings) -> eyre::Result<Option<Self>> {
        let Some(endpoint) = &settings.otlp.endpoint else { return Ok(None) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::at(endpoint, settings.egress.extra_ca_file.as_deref())?)
            .with_endpoint(format!("{}{PATH}", endpoint.trim_end_matches('/')))
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(EXPORT)
            .build()
            .wrap_err("otlp.endpoint: the exporter cannot be made")?;
        let resource = Resource::builder()
            .with_service_name("portcullis")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler(settings.otlp.sample_percent))
            .with_resource(resource)
            .build();
        Ok(Some(Self { provider }))
    }

    /// Takes the spans of Portcullis. Log lines stay lines: their texts are for the operator's own machine.
    pub(crate) fn layer(&self) -> Box<dyn Layer<Registry> + Send + Sync> {
        let ours = filter_fn(|metadata| metadata.is_span() && metadata.target().starts_with("portcullis"));
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("portcullis"))
            .with_context_activation(false)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_level(false)
            .with_target(false)
            .with_filter(ours)
            .boxed()
    }

    pub(super) fn stop(&self, time: Duration) {
        match self.provider.shutdown_with_timeout(time) {
            Ok(()) | Err(OTelSdkError::AlreadyShutdown) => {}
            Err(error) => tracing::warn!(%error, "the last spans were not sent"),
        }
    }
}

fn sampler(percent: u64) -> Sampler {
    if percent >= 100 { Sampler::AlwaysOn } else { Sampler::TraceIdRatioBased(percent as f64 / 100.0) }
}

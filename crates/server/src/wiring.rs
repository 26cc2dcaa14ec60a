//! From settings to ports and options: the one place where the server says what stands behind a port. The embedded
//! filling of the facade is what it takes today.

use std::time::Duration;

use axum::Router;
use color_eyre::eyre::{self, WrapErr};
use portcullis::embedded::{self, Attached, Embedded, EmbeddedOptions};
use portcullis::http::{ApiOptions, ServeLimits};
use portcullis::metrics::Metrics;
use portcullis::{CheckpointRules, KeyEnvironment, Ports, Secret, Spine, SpineOptions, http};

use crate::config::Settings;

/// How long connections may stay after the grace: calls that were cut off are recorded, and then answered.
const LINGER: Duration = Duration::from_secs(3);

/// Opens what the settings name.
pub(crate) async fn open(settings: &Settings, metrics: Option<Metrics>) -> eyre::Result<Embedded> {
    let mut options = embedded_options(settings).await?;
    options.metrics = metrics;
    Ok(embedded::open(options).await?)
}

/// Opens it beside a server that may run on it.
pub(crate) async fn attach(settings: &Settings) -> eyre::Result<Attached> {
    Ok(embedded::attach(embedded_options(settings).await?).await?)
}

async fn embedded_options(settings: &Settings) -> eyre::Result<EmbeddedOptions> {
    let mut options = EmbeddedOptions::new(&settings.data_dir);
    options.database_url = settings.database_url.clone().map(Secret::new);
    options.master_key_file.clone_from(&settings.master_key_file);
    options.signing_key_file.clone_from(&settings.trail.signing_key_file);
    options.checkpoint_dir.clone_from(&settings.trail.checkpoint_dir);
    options.waived_origins.clone_from(&settings.egress.waived_origins);
    options.extra_ca_pem = match &settings.egress.extra_ca_file {
        Some(file) => Some(tokio::fs::read(file).await.wrap_err("egress.extra_ca_file cannot be read")?),
        None => None,
    };
    Ok(options)
}

/// The ports of an open data directory, telling upstreams of our spans where spans are sent.
pub(crate) fn ports(settings: &Settings, embedded: &Embedded) -> Ports {
    let ports = embedded.ports();
    #[cfg(feature = "otlp")]
    if settings.otlp.endpoint.is_some() {
        return crate::telemetry::propagation::onward(ports);
    }
    // Without the feature there is no such setting.
    let _ = settings;
    ports
}

/// The router, hearing of callers' spans where spans are sent.
pub(crate) fn router(settings: &Settings, spine: &Spine) -> Router {
    let router = http::router(spine.clone(), api_options(settings));
    #[cfg(feature = "otlp")]
    if settings.otlp.endpoint.is_some() {
        return crate::telemetry::propagation::traced(router);
    }
    router
}

pub(crate) fn spine_options(settings: &Settings) -> eyre::Result<SpineOptions> {
    let environment = KeyEnvironment::new(&settings.environment)?;
    Ok(SpineOptions {
        call_deadline: Duration::from_secs(settings.limits.call_seconds),
        discovery_deadline: Duration::from_secs(settings.limits.discovery_seconds),
        health_deadline: Duration::from_secs(settings.limits.health_seconds),
        list_refresh: Duration::from_secs(settings.limits.list_refresh_seconds),
        list_max_age: Duration::from_secs(settings.limits.list_max_age_seconds),
        listeners: settings.limits.listeners,
        undeclared_arguments: settings.tools.undeclared_arguments,
        server_calls: settings.limits.server_calls,
        server_queue: settings.limits.server_queue,
        queue_wait: Duration::from_millis(settings.limits.queue_milliseconds),
        requests: settings.limits.requests,
        tenant_requests: settings.limits.tenant_requests,
        approval_lifetime: Duration::from_secs(settings.limits.approval_seconds),
        checkpoints: checkpoint_rules(settings),
        tokens: settings.tokens.clone(),
        public_url: settings.api.public_url.clone(),
        client_document: settings.api.client_document.clone(),
        ..SpineOptions::new(environment)
    })
}

pub(crate) fn checkpoint_rules(settings: &Settings) -> CheckpointRules {
    let trail = &settings.trail;
    CheckpointRules {
        origin: trail.origin.clone(),
        interval: Duration::from_secs(trail.checkpoint_seconds),
        records: trail.checkpoint_records,
    }
}

fn api_options(settings: &Settings) -> ApiOptions {
    let api = &settings.api;
    ApiOptions {
        allowed_hosts: api.allowed_hosts.clone(),
        allowed_origins: api.allowed_origins.clone(),
        public_url: api.public_url.clone(),
    }
}

pub(crate) fn serve_limits(settings: &Settings) -> ServeLimits {
    let connections = settings.limits.connections;
    ServeLimits { connections, drain: grace(settings) + LINGER, ..ServeLimits::default() }
}

/// How long calls may go on after a stop was asked for.
pub(crate) fn grace(settings: &Settings) -> Duration {
    Duration::from_secs(settings.limits.grace_seconds)
}

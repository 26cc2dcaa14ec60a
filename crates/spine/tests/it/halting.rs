//! An egress that stops before it asks one endpoint, until it is let go.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::egress::{Egress, EgressError, EgressRequest, EgressResponse};
use portcullis_schemas::ids::TenantId;
use portcullis_testkit::fakes::ScriptedEgress;
use tokio::sync::Notify;

pub(crate) struct Halting {
    inner: Arc<ScriptedEgress>,
    /// The end of the endpoint's URL.
    at: &'static str,
    pub(crate) reached: Notify,
    pub(crate) go: Notify,
}

impl Halting {
    pub(crate) fn before(at: &'static str, inner: Arc<ScriptedEgress>) -> Arc<Self> {
        Arc::new(Self { inner, at, reached: Notify::new(), go: Notify::new() })
    }
}

#[async_trait]
impl Egress for Halting {
    async fn send(&self, tenant: &TenantId, request: EgressRequest) -> Result<EgressResponse, EgressError> {
        if request.url.ends_with(self.at) {
            self.reached.notify_one();
            self.go.notified().await;
        }
        self.inner.send(tenant, request).await
    }

    async fn judge(&self, tenant: &TenantId, url: &str) -> Result<String, EgressError> {
        self.inner.judge(tenant, url).await
    }
}

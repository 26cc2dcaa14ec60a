//! Broken on purpose: what most gateways do when their audit cannot be written.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use color_eyre::eyre::Result;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{InstanceId, TenantId};
use portcullis_schemas::logs::ledger::{
    AbandonedIntent, Intent, IntentReceipt, Recorded, Refusal, Settlement,
};
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_server::config::Settings;
use portcullis_server::running::{self, Running};
use portcullis_spine::Ports;

/// Says yes where its ledger failed.
pub(super) struct FailOpenLedger {
    inner: Arc<dyn Ledger>,
}

impl FailOpenLedger {
    /// Starts a gate, with such a ledger if asked to.
    pub(super) async fn start(settings: &Settings, fails_open: bool) -> Result<Running> {
        running::start_with(settings, |ports| {
            let ledger: Arc<dyn Ledger> = Arc::new(Self { inner: ports.ledger.clone() });
            if fails_open { Ports { ledger, ..ports } } else { ports }
        })
        .await
    }
}

impl fmt::Debug for FailOpenLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FailOpenLedger")
    }
}

#[async_trait]
impl Ledger for FailOpenLedger {
    async fn record(&self, tenant: &TenantId, intent: Intent) -> Result<Recorded, PortError> {
        let id = intent.intent_id.clone();
        let recorded = self.inner.record(tenant, intent).await;
        Ok(recorded
            .unwrap_or_else(|_| Recorded::Receipt(IntentReceipt::issued_by_ledger(tenant.clone(), id))))
    }

    async fn settle(&self, receipt: &IntentReceipt, settlement: Settlement) -> Result<(), PortError> {
        // The best effort of an audit.
        let _ = self.inner.settle(receipt, settlement).await;
        Ok(())
    }

    async fn refuse(&self, tenant: &TenantId, refusal: Refusal) -> Result<(), PortError> {
        self.inner.refuse(tenant, refusal).await
    }

    async fn renew_lease(&self, instance: &InstanceId, until: Timestamp) -> Result<(), PortError> {
        self.inner.renew_lease(instance, until).await
    }

    async fn abandoned(&self, now: Timestamp, limit: u16) -> Result<Vec<AbandonedIntent>, PortError> {
        self.inner.abandoned(now, limit).await
    }

    async fn take_over(
        &self,
        tenant: &TenantId,
        intent: &AbandonedIntent,
    ) -> Result<IntentReceipt, PortError> {
        self.inner.take_over(tenant, intent).await
    }

    async fn forget_keys(&self, before: Timestamp, limit: u16) -> Result<u64, PortError> {
        self.inner.forget_keys(before, limit).await
    }

    async fn ready(&self) -> Result<(), PortError> {
        self.inner.ready().await
    }
}

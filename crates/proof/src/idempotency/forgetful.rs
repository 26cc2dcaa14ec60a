//! Broken on purpose: a ledger that forgets idempotency keys.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{InstanceId, TenantId};
use portcullis_schemas::logs::ledger::{
    AbandonedIntent, Intent, IntentReceipt, Recorded, Refusal, Settlement,
};
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_spine::Ports;

/// Records every intent as if it had no key.
pub(super) struct ForgetfulLedger(Arc<dyn Ledger>);

impl ForgetfulLedger {
    pub(super) fn in_place_of(ports: Ports) -> Ports {
        Ports { ledger: Arc::new(Self(Arc::clone(&ports.ledger))), ..ports }
    }
}

#[async_trait]
impl Ledger for ForgetfulLedger {
    async fn record(&self, tenant: &TenantId, intent: Intent) -> Result<Recorded, PortError> {
        self.0.record(tenant, Intent { idempotency: None, ..intent }).await
    }

    async fn settle(&self, receipt: &IntentReceipt, settlement: Settlement) -> Result<(), PortError> {
        self.0.settle(receipt, settlement).await
    }

    async fn refuse(&self, tenant: &TenantId, refusal: Refusal) -> Result<(), PortError> {
        self.0.refuse(tenant, refusal).await
    }

    async fn renew_lease(&self, instance: &InstanceId, until: Timestamp) -> Result<(), PortError> {
        self.0.renew_lease(instance, until).await
    }

    async fn abandoned(&self, now: Timestamp, limit: u16) -> Result<Vec<AbandonedIntent>, PortError> {
        self.0.abandoned(now, limit).await
    }

    async fn take_over(
        &self,
        tenant: &TenantId,
        intent: &AbandonedIntent,
    ) -> Result<IntentReceipt, PortError> {
        self.0.take_over(tenant, intent).await
    }

    async fn ready(&self) -> Result<(), PortError> {
        self.0.ready().await
    }
}

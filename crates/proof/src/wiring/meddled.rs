//! A ledger of which a few methods are not what they should be.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{InstanceId, TenantId};
use portcullis_schemas::logs::ledger::{
    AbandonedIntent, Intent, IntentReceipt, Recorded, Refusal, Settlement,
};
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::timestamp::Timestamp;

/// What is done in place of the sound method; by default the sound one.
#[async_trait]
pub(super) trait Meddling: Send + Sync {
    async fn record(
        &self,
        sound: &Arc<dyn Ledger>,
        tenant: &TenantId,
        intent: Intent,
    ) -> Result<Recorded, PortError> {
        sound.record(tenant, intent).await
    }

    async fn settle(
        &self,
        sound: &Arc<dyn Ledger>,
        receipt: &IntentReceipt,
        settlement: Settlement,
    ) -> Result<(), PortError> {
        sound.settle(receipt, settlement).await
    }

    async fn abandoned(
        &self,
        sound: &Arc<dyn Ledger>,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<AbandonedIntent>, PortError> {
        sound.abandoned(now, limit).await
    }

    async fn take_over(
        &self,
        sound: &Arc<dyn Ledger>,
        tenant: &TenantId,
        intent: &AbandonedIntent,
    ) -> Result<IntentReceipt, PortError> {
        sound.take_over(tenant, intent).await
    }
}

/// See the module.
pub(super) struct MeddledLedger<M> {
    pub(super) inner: Arc<dyn Ledger>,
    pub(super) meddling: M,
}

#[async_trait]
impl<M: Meddling> Ledger for MeddledLedger<M> {
    async fn record(&self, tenant: &TenantId, intent: Intent) -> Result<Recorded, PortError> {
        self.meddling.record(&self.inner, tenant, intent).await
    }

    async fn settle(&self, receipt: &IntentReceipt, settlement: Settlement) -> Result<(), PortError> {
        self.meddling.settle(&self.inner, receipt, settlement).await
    }

    async fn refuse(&self, tenant: &TenantId, refusal: Refusal) -> Result<(), PortError> {
        self.inner.refuse(tenant, refusal).await
    }

    async fn renew_lease(&self, instance: &InstanceId, until: Timestamp) -> Result<(), PortError> {
        self.inner.renew_lease(instance, until).await
    }

    async fn abandoned(&self, now: Timestamp, limit: u16) -> Result<Vec<AbandonedIntent>, PortError> {
        self.meddling.abandoned(&self.inner, now, limit).await
    }

    async fn take_over(
        &self,
        tenant: &TenantId,
        intent: &AbandonedIntent,
    ) -> Result<IntentReceipt, PortError> {
        self.meddling.take_over(&self.inner, tenant, intent).await
    }

    async fn forget_keys(&self, before: Timestamp, limit: u16) -> Result<u64, PortError> {
        self.inner.forget_keys(before, limit).await
    }

    async fn ready(&self) -> Result<(), PortError> {
        self.inner.ready().await
    }
}

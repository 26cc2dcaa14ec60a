//! Broken on purpose: what most gateways do when their audit cannot be written, at the beginning of a call or at its
//! end; or what they do at last, after all too long.

use std::sync::Arc;
use std::time::Duration;

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

/// What a gate does where its ledger fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failing {
    /// It refuses, as it is built.
    Closed,
    /// What cannot be recorded is done all the same.
    Open,
    /// What cannot be recorded is not done; but what was done is answered, recorded or not.
    OpenAtTheEnd,
    /// It refuses, but only after a while.
    Late,
}

/// Longer than a refusal may take on any machine.
const WHILE: Duration = Duration::from_millis(3200);

impl Failing {
    /// Starts a gate that does so.
    pub(super) async fn start(self, settings: &Settings) -> Result<Running> {
        running::start_with(settings, |ports| match self {
            Self::Closed => ports,
            failing => {
                let inner = Arc::clone(&ports.ledger);
                Ports { ledger: Arc::new(FailOpenLedger { inner, failing }), ..ports }
            }
        })
        .await
    }
}

/// Says yes where its ledger failed.
struct FailOpenLedger {
    inner: Arc<dyn Ledger>,
    failing: Failing,
}

#[async_trait]
impl Ledger for FailOpenLedger {
    async fn record(&self, tenant: &TenantId, intent: Intent) -> Result<Recorded, PortError> {
        let id = intent.intent_id.clone();
        match self.inner.record(tenant, intent).await {
            Err(_) if self.failing == Failing::Open => {
                Ok(Recorded::Receipt(IntentReceipt::issued_by_ledger(tenant.clone(), id)))
            }
            Err(error) if self.failing == Failing::Late => {
                tokio::time::sleep(WHILE).await;
                Err(error)
            }
            recorded => recorded,
        }
    }

    async fn settle(&self, receipt: &IntentReceipt, settlement: Settlement) -> Result<(), PortError> {
        match self.inner.settle(receipt, settlement).await {
            Err(error) if self.failing == Failing::Late => Err(error),
            // The best effort of an audit.
            _ => Ok(()),
        }
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

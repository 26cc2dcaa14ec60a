//! Broken on purpose: only outcomes are recorded, no intents.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::ledger::{Intent, IntentReceipt, Recorded, Refusal, Settlement};
use portcullis_schemas::logs::ports::Ledger;

use super::meddled::Meddling;

/// Gives out receipts for nothing, and writes the settlement as if there had been an intent.
pub(super) struct NoIntents;

#[async_trait]
impl Meddling for NoIntents {
    async fn record(
        &self,
        _: &Arc<dyn Ledger>,
        tenant: &TenantId,
        intent: Intent,
    ) -> Result<Recorded, PortError> {
        Ok(Recorded::Receipt(IntentReceipt::issued_by_ledger(tenant.clone(), intent.intent_id)))
    }

    async fn settle(
        &self,
        sound: &Arc<dyn Ledger>,
        receipt: &IntentReceipt,
        settlement: Settlement,
    ) -> Result<(), PortError> {
        let Settlement { events, invocation, incident, .. } = settlement;
        sound.refuse(receipt.tenant(), Refusal { events, invocation, incident, approval: None }).await
    }
}

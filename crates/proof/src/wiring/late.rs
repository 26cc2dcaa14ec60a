//! Broken on purpose: the call is made first and recorded afterwards, whole, as an access log would.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::ledger::{Intent, IntentReceipt, IntentSubject, Recorded, Settlement};
use portcullis_schemas::logs::ports::Ledger;

use super::meddled::Meddling;

/// Gives out receipts for nothing, and records the intents of calls when they are settled.
#[derive(Default)]
pub(super) struct LateRecords(Mutex<HashMap<String, Intent>>);

#[async_trait]
impl Meddling for LateRecords {
    async fn record(
        &self,
        sound: &Arc<dyn Ledger>,
        tenant: &TenantId,
        intent: Intent,
    ) -> Result<Recorded, PortError> {
        if !matches!(intent.subject, IntentSubject::Invocation(_)) {
            return sound.record(tenant, intent).await;
        }
        let receipt = IntentReceipt::issued_by_ledger(tenant.clone(), intent.intent_id.clone());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(intent.intent_id.to_string(), intent);
        Ok(Recorded::Receipt(receipt))
    }

    async fn settle(
        &self,
        sound: &Arc<dyn Ledger>,
        receipt: &IntentReceipt,
        settlement: Settlement,
    ) -> Result<(), PortError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(receipt.intent().as_str());
        if let Some(intent) = kept {
            sound.record(receipt.tenant(), intent).await?;
        }
        sound.settle(receipt, settlement).await
    }
}

//! Broken on purpose: idempotency keys are forgotten.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::ledger::{Intent, Recorded};
use portcullis_schemas::logs::ports::Ledger;

use super::meddled::Meddling;

/// Records every intent as if it had no key.
pub(super) struct ForgetsClaims;

#[async_trait]
impl Meddling for ForgetsClaims {
    async fn record(
        &self,
        sound: &Arc<dyn Ledger>,
        tenant: &TenantId,
        intent: Intent,
    ) -> Result<Recorded, PortError> {
        sound.record(tenant, Intent { idempotency: None, ..intent }).await
    }
}

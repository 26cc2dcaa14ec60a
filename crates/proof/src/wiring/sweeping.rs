//! Broken on purpose: recovery takes instances that live for dead ones.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::logs::ledger::{AbandonedIntent, LEASE};
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::timestamp::Timestamp;

use super::meddled::Meddling;

/// Looks for abandoned intents as if it were later, when nobody has a lease any more.
pub(super) struct SweepsTheLiving;

#[async_trait]
impl Meddling for SweepsTheLiving {
    async fn abandoned(
        &self,
        sound: &Arc<dyn Ledger>,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<AbandonedIntent>, PortError> {
        sound.abandoned(now.plus(2 * LEASE), limit).await
    }
}

//! Broken on purpose: the answer is given out first, and its outcome is recorded a moment later.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::logs::ledger::{IntentReceipt, Settlement};
use portcullis_schemas::logs::ports::Ledger;

use super::meddled::Meddling;

/// As long as a buffer that is written out now and then.
const LATER: Duration = Duration::from_millis(100);

/// Says that it has settled, and settles later.
pub(super) struct HastyAnswers;

#[async_trait]
impl Meddling for HastyAnswers {
    async fn settle(
        &self,
        sound: &Arc<dyn Ledger>,
        receipt: &IntentReceipt,
        settlement: Settlement,
    ) -> Result<(), PortError> {
        let (sound, receipt) = (Arc::clone(sound), receipt.clone());
        tokio::spawn(async move {
            tokio::time::sleep(LATER).await;
            // Nobody is there any more to hear of a failure: that is what is broken.
            let _ = sound.settle(&receipt, settlement).await;
        });
        Ok(())
    }
}

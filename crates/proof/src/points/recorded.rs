//! The ledger as points.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{InstanceId, TenantId};
use portcullis_schemas::logs::ledger::{
    AbandonedIntent, Intent, IntentReceipt, Recorded, Refusal, Settlement,
};
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::timestamp::Timestamp;

use super::{Passage, watched_port};

pub(super) struct WatchedLedger {
    pub(super) inner: Arc<dyn Ledger>,
    pub(super) passage: Arc<dyn Passage>,
}

watched_port! {
    Ledger for WatchedLedger;
    fn record(tenant: &TenantId, intent: Intent) -> Result<Recorded, PortError>;
    fn settle(receipt: &IntentReceipt, settlement: Settlement) -> Result<(), PortError>;
    fn refuse(tenant: &TenantId, refusal: Refusal) -> Result<(), PortError>;
    fn renew_lease(instance: &InstanceId, until: Timestamp) -> Result<(), PortError>;
    fn abandoned(now: Timestamp, limit: u16) -> Result<Vec<AbandonedIntent>, PortError>;
    fn take_over(tenant: &TenantId, intent: &AbandonedIntent) -> Result<IntentReceipt, PortError>;
    fn forget_keys(before: Timestamp, limit: u16) -> Result<u64, PortError>;
    fn ready() -> Result<(), PortError>;
    rest {}
}

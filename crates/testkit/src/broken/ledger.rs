//! Ledgers that fail, or that lie.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{InstanceId, IntentId, TenantId};
use portcullis_schemas::logs::ledger::{
    AbandonedIntent, Intent, IntentReceipt, Recorded, Refusal, Settlement,
};
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::timestamp::Timestamp;

use crate::lock::locked;

/// Fails where it is told to, honestly: it says so and writes nothing. Switches work while it is in use.
pub struct BrokenLedger {
    inner: Arc<dyn Ledger>,
    record: AtomicBool,
    settle: AtomicBool,
    refuse: AtomicBool,
    leases: AtomicBool,
    panic_in_abandoned: AtomicBool,
    stuck: Mutex<BTreeSet<IntentId>>,
}

impl BrokenLedger {
    /// A ledger that works until a switch is thrown.
    pub fn new(inner: Arc<dyn Ledger>) -> Self {
        let off = AtomicBool::default;
        let stuck = Mutex::default();
        Self {
            inner,
            record: off(),
            settle: off(),
            refuse: off(),
            leases: off(),
            panic_in_abandoned: off(),
            stuck,
        }
    }

    /// Whether `record` fails, and with it `ready`.
    pub fn fail_record(&self, fails: bool) {
        self.record.store(fails, Ordering::SeqCst);
    }

    /// Whether `settle` fails.
    pub fn fail_settle(&self, fails: bool) {
        self.settle.store(fails, Ordering::SeqCst);
    }

    /// Has every settlement of this intent fail.
    pub fn never_settle(&self, intent: IntentId) {
        locked(&self.stuck).insert(intent);
    }

    /// Whether `renew_lease` fails.
    pub fn fail_leases(&self, fails: bool) {
        self.leases.store(fails, Ordering::SeqCst);
    }

    /// Has the next `abandoned` panic, as a port of somebody else's may.
    pub fn panic_in_abandoned(&self) {
        self.panic_in_abandoned.store(true, Ordering::SeqCst);
    }

    /// Whether that panic is still to come.
    pub fn will_panic(&self) -> bool {
        self.panic_in_abandoned.load(Ordering::SeqCst)
    }

    /// Whether `refuse` fails.
    pub fn fail_refuse(&self, fails: bool) {
        self.refuse.store(fails, Ordering::SeqCst);
    }
}

impl fmt::Debug for BrokenLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let switches = [&self.record, &self.settle, &self.refuse, &self.leases];
        let switches = switches.map(|switch| switch.load(Ordering::SeqCst));
        write!(f, "BrokenLedger(record, settle, refuse, leases fail: {switches:?})")
    }
}

fn unless(switch: &AtomicBool) -> Result<(), PortError> {
    if switch.load(Ordering::SeqCst) {
        Err(PortError::unavailable("this ledger was told to fail"))
    } else {
        Ok(())
    }
}

#[async_trait]
impl Ledger for BrokenLedger {
    async fn record(&self, tenant: &TenantId, intent: Intent) -> Result<Recorded, PortError> {
        unless(&self.record)?;
        self.inner.record(tenant, intent).await
    }

    async fn settle(&self, receipt: &IntentReceipt, settlement: Settlement) -> Result<(), PortError> {
        unless(&self.settle)?;
        if locked(&self.stuck).contains(receipt.intent()) {
            return Err(PortError::unavailable("this ledger was told never to settle it"));
        }
        self.inner.settle(receipt, settlement).await
    }

    async fn refuse(&self, tenant: &TenantId, refusal: Refusal) -> Result<(), PortError> {
        unless(&self.refuse)?;
        self.inner.refuse(tenant, refusal).await
    }

    async fn renew_lease(&self, instance: &InstanceId, until: Timestamp) -> Result<(), PortError> {
        unless(&self.leases)?;
        self.inner.renew_lease(instance, until).await
    }

    async fn abandoned(&self, now: Timestamp, limit: u16) -> Result<Vec<AbandonedIntent>, PortError> {
        assert!(!self.panic_in_abandoned.swap(false, Ordering::SeqCst), "this ledger was told to panic");
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
        unless(&self.record)?;
        self.inner.ready().await
    }
}

/// Says yes to settlements and refusals and writes neither: the gateway whose audit is best effort.
pub struct SilentLedger {
    inner: Arc<dyn Ledger>,
}

impl SilentLedger {
    /// A ledger that records intents and nothing after them.
    pub fn new(inner: Arc<dyn Ledger>) -> Self {
        Self { inner }
    }
}

impl fmt::Debug for SilentLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SilentLedger")
    }
}

#[async_trait]
impl Ledger for SilentLedger {
    async fn record(&self, tenant: &TenantId, intent: Intent) -> Result<Recorded, PortError> {
        self.inner.record(tenant, intent).await
    }

    async fn settle(&self, _: &IntentReceipt, _: Settlement) -> Result<(), PortError> {
        Ok(())
    }

    async fn refuse(&self, _: &TenantId, _: Refusal) -> Result<(), PortError> {
        Ok(())
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

/// Believes what an intent rests on, without a look of its own.
pub struct TrustingLedger {
    inner: Arc<dyn Ledger>,
    believed: fn(Intent) -> Intent,
}

impl TrustingLedger {
    /// A ledger that never finds an intent stale: the gateway with a cache that nobody invalidates.
    pub fn new(inner: Arc<dyn Ledger>) -> Self {
        Self { inner, believed: |intent| Intent { decided_on: None, ..intent } }
    }

    /// A ledger that looks at no approval and uses none up: the gateway whose approvals are good for ever.
    pub fn of_approvals(inner: Arc<dyn Ledger>) -> Self {
        Self { inner, believed: |intent| Intent { approval: None, ..intent } }
    }

    /// A ledger that looks at no claim and makes none: the gateway that does again what it has done.
    pub fn of_claims(inner: Arc<dyn Ledger>) -> Self {
        Self { inner, believed: |intent| Intent { idempotency: None, ..intent } }
    }

    /// A ledger that keeps no account of runs: the gateway that judges each call alone.
    pub fn of_runs(inner: Arc<dyn Ledger>) -> Self {
        Self { inner, believed: |intent| Intent { flows: None, ..intent } }
    }
}

impl fmt::Debug for TrustingLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrustingLedger")
    }
}

#[async_trait]
impl Ledger for TrustingLedger {
    async fn record(&self, tenant: &TenantId, intent: Intent) -> Result<Recorded, PortError> {
        self.inner.record(tenant, (self.believed)(intent)).await
    }

    async fn settle(&self, receipt: &IntentReceipt, settlement: Settlement) -> Result<(), PortError> {
        self.inner.settle(receipt, settlement).await
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

//! The ports that the spine implements itself, run by their suites.

use std::sync::Arc;

use portcullis_schemas::store::Store;
use portcullis_spine::dispatch_audit::StandardDispatchAudit;
use portcullis_testkit::broken::BrokenLedger;
use portcullis_testkit::conformance;
use portcullis_testkit::fixtures;
use portcullis_testkit::ids::UniqueIds;
use portcullis_testkit::memory::MemoryStore;
use portcullis_testkit::time::TestClock;

/// A ledger that refuses its refusals fails no dispatch; one that takes them holds those without an event of their
/// own: denied, frozen, panicked, unknown.
#[tokio::test]
async fn dispatch_audit() {
    let store = MemoryStore::new();
    let ledger = Arc::new(BrokenLedger::new(Arc::new(store.ledger())));
    let (clock, ids) = (Arc::new(TestClock::new()), Arc::new(UniqueIds::new()));
    let audit = StandardDispatchAudit::new(ledger.clone(), clock, ids);
    for (fails, events) in [(true, 0), (false, 8)] {
        ledger.fail_refuse(fails);
        conformance::dispatch_audit(&audit).await;
        let mut unit = store.read().await.unwrap();
        let trail = unit.audit_log().texts(&fixtures::tenant(1), 1, u16::MAX).await.unwrap();
        assert_eq!(trail.len(), events, "refusals fail: {fails}");
    }
}

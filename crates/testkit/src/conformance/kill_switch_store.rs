//! The suite of [`KillSwitchStore`](portcullis_schemas::controls::ports::KillSwitchStore).

use portcullis_schemas::controls::{Freeze, FreezeTarget};
use portcullis_schemas::ids::{KeyId, ServerId, TenantId, ToolId};
use portcullis_schemas::store::Store;

use super::steps::{IDS, two_tenants};
use crate::fixtures;

/// What is frozen stays so until it is released, keeps its first reason, and freezes nobody else.
pub async fn kill_switch_store(store: &dyn Store) {
    let (tenant, other) = two_tenants(store).await;
    let targets = [
        FreezeTarget::Tenant,
        FreezeTarget::Key(KeyId::generate(&IDS)),
        FreezeTarget::Server(ServerId::generate(&IDS)),
        FreezeTarget::Tool(ToolId::generate(&IDS)),
    ];
    assert_eq!(list(store, &tenant).await, [], "nothing is frozen at first");
    let mut newest_first = Vec::new();
    for (seconds, target) in (0..).zip(&targets) {
        assert_eq!(first(store, &tenant, std::slice::from_ref(target)).await, None, "not frozen yet");
        let frozen = fixtures::freeze(&tenant, target.clone(), seconds);
        freeze(store, &frozen).await;
        newest_first.insert(0, frozen);
    }
    assert_eq!(
        list(store, &tenant).await,
        newest_first,
        "everything that is frozen, newest first, kept whole"
    );
    for target in &targets {
        freeze(store, &fixtures::freeze(&tenant, target.clone(), 99)).await;
    }
    assert_eq!(list(store, &tenant).await, newest_first, "freezing again keeps the first reason");
    first_in_the_order_given(store, &tenant, &targets).await;
    isolates_tenants(store, &other, &targets).await;

    for target in &targets {
        assert!(unfreeze(store, &tenant, target).await, "what was frozen is released");
        assert!(!unfreeze(store, &tenant, target).await, "once");
        assert_eq!(
            first(store, &tenant, std::slice::from_ref(target)).await,
            None,
            "and is no longer frozen"
        );
    }
    assert_eq!(list(store, &tenant).await, [], "nothing is frozen any more");
}

async fn first_in_the_order_given(store: &dyn Store, tenant: &TenantId, targets: &[FreezeTarget]) {
    let backwards: Vec<_> = targets.iter().rev().cloned().collect();
    for order in [targets, &backwards] {
        let found = first(store, tenant, order).await.map(|freeze| freeze.target);
        assert_eq!(
            found.as_ref(),
            order.first(),
            "the first of the targets that is frozen, in the order given"
        );
    }
    let unknown = FreezeTarget::Tool(ToolId::generate(&IDS));
    let found = first(store, tenant, &[unknown, targets[2].clone()]).await.map(|freeze| freeze.target);
    assert_eq!(found.as_ref(), Some(&targets[2]), "targets that are not frozen are passed over");
    assert_eq!(first(store, tenant, &[]).await, None, "no target, no freeze");
}

async fn isolates_tenants(store: &dyn Store, other: &TenantId, targets: &[FreezeTarget]) {
    assert_eq!(list(store, other).await, [], "a list holds own freezes only");
    assert_eq!(first(store, other, targets).await, None, "a foreign freeze freezes nothing here");
    for target in targets {
        assert!(!unfreeze(store, other, target).await, "nor can it be released from here");
    }
}

async fn freeze(store: &dyn Store, freeze: &Freeze) {
    committed!(store, "freezing", unit => unit.kill_switch().freeze(&freeze.tenant_id, freeze));
}

async fn unfreeze(store: &dyn Store, tenant: &TenantId, target: &FreezeTarget) -> bool {
    committed!(store, "releasing", unit => unit.kill_switch().unfreeze(tenant, target))
}

async fn list(store: &dyn Store, tenant: &TenantId) -> Vec<Freeze> {
    seen!(store, "listing freezes", unit => unit.kill_switch().list(tenant))
}

async fn first(store: &dyn Store, tenant: &TenantId, targets: &[FreezeTarget]) -> Option<Freeze> {
    seen!(store, "looking for a freeze", unit => unit.kill_switch().first_frozen(tenant, targets))
}

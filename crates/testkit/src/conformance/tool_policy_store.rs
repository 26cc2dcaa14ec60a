//! The suite of [`ToolPolicyStore`](portcullis_schemas::policies::ports::ToolPolicyStore).

use portcullis_schemas::ids::{PolicyId, TenantId};
use portcullis_schemas::policies::{TenantPolicySet, ToolPolicyRecord};
use portcullis_schemas::store::Store;
use portcullis_schemas::text::{Description, PolicyText};
use portcullis_schemas::{PortError, PortErrorKind};

use super::steps::{IDS, reading, refused, two_tenants};
use crate::fixtures::{self, time, valid};

const TEXT: &str = "permit (principal, action, resource)\n\twhen { true };";

/// Policies are kept by version, unique by name, found by both, gone when deleted, and seen by their tenant only; the
/// version of the set goes up with every change.
pub async fn tool_policy_store(store: &dyn Store) {
    isolates_tenants(store).await;
    versions_follow_each_other(store).await;
    names_are_unique_while_live(store).await;
    the_set_counts_its_changes(store).await;
    pages(store).await;
}

async fn versions_follow_each_other(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let first = ToolPolicyRecord {
        description: Some(valid(Description::new("lets everything through"))),
        ..fixtures::policy(&IDS, &tenant, "versioned", TEXT, 0)
    };
    put(store, &first).await;
    assert_eq!(get(store, &tenant, &first.policy_id).await.as_ref(), Some(&first), "a policy is kept whole");
    let second = ToolPolicyRecord {
        text: valid(PolicyText::new("forbid (principal, action, resource);")),
        description: None,
        version: 2,
        updated_at: time(1),
        updated_by: "second".to_owned(),
        ..first.clone()
    };
    put(store, &second).await;
    for version in [1, 2, 4] {
        let stale = ToolPolicyRecord { version, updated_by: "stale".to_owned(), ..second.clone() };
        expect_conflict("a version that does not follow", put_attempt(store, &stale).await);
    }
    let skipping = ToolPolicyRecord { version: 2, ..fixtures::policy(&IDS, &tenant, "skipping", TEXT, 0) };
    expect_conflict("a first version that is not 1", put_attempt(store, &skipping).await);
    assert_eq!(
        get(store, &tenant, &first.policy_id).await.as_ref(),
        Some(&second),
        "the last version stands"
    );
    let found = find(store, &tenant, "versioned").await;
    assert_eq!(found, Some(second), "and is found by name");
    assert_eq!(find(store, &tenant, "Versioned").await, None, "names are compared exactly");
}

async fn names_are_unique_while_live(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let first = fixtures::policy(&IDS, &tenant, "unique", TEXT, 0);
    put(store, &first).await;
    let twin = fixtures::policy(&IDS, &tenant, "unique", TEXT, 1);
    expect_conflict("a second policy of the same name", put_attempt(store, &twin).await);
    committed!(store, "deleting a policy", unit => unit.tool_policies().delete(&tenant, &first.policy_id));
    assert_eq!(
        get(store, &tenant, &first.policy_id).await,
        None,
        "a deleted policy answers as an absent one"
    );
    assert_eq!(find(store, &tenant, "unique").await, None, "by name too");
    put(store, &twin).await;
    assert_eq!(find(store, &tenant, "unique").await, Some(twin), "its name is free");
}

async fn the_set_counts_its_changes(store: &dyn Store) {
    let (tenant, other) = two_tenants(store).await;
    assert_eq!(
        set(store, &tenant).await,
        TenantPolicySet::default(),
        "a tenant starts without policies, version 0"
    );
    let policies = ["b", "a"].map(|name| fixtures::policy(&IDS, &tenant, name, TEXT, 0));
    let mut versions = vec![0];
    for policy in &policies {
        put(store, policy).await;
        versions.push(set(store, &tenant).await.version);
    }
    assert_eq!(set(store, &tenant).await.policies, policies, "the set holds all policies, by id");
    let second = ToolPolicyRecord { version: 2, ..policies[0].clone() };
    put(store, &second).await;
    versions.push(set(store, &tenant).await.version);
    committed!(store, "deleting a policy", unit => unit.tool_policies().delete(&tenant, &policies[1].policy_id));
    let last = set(store, &tenant).await;
    assert_eq!(last.policies, [second], "the set holds current versions only");
    versions.push(last.version);
    assert!(
        versions.is_sorted_by(|before, after| before < after),
        "every change raises the version: {versions:?}"
    );
    assert_eq!(set(store, &other).await, TenantPolicySet::default(), "and no other tenant's");
}

async fn pages(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let mut expected = Vec::new();
    for n in 0..6_i64 {
        let policy = fixtures::policy(&IDS, &tenant, &format!("paged-{n}"), TEXT, n);
        put(store, &policy).await;
        expected.insert(0, policy);
    }
    let gone = expected.remove(1);
    committed!(store, "deleting a policy", unit => unit.tool_policies().delete(&tenant, &gone.policy_id));
    let mut unit = reading(store).await;
    let listed = walked!(2, request => unit.tool_policies().list(&tenant, &request));
    assert_eq!(listed, expected, "policies newest first, each once, deleted ones left out");
}

async fn isolates_tenants(store: &dyn Store) {
    let (tenant, other) = two_tenants(store).await;
    let policy = fixtures::policy(&IDS, &tenant, "walled", TEXT, 0);
    put(store, &policy).await;
    assert_eq!(
        get(store, &other, &policy.policy_id).await,
        None,
        "a foreign policy answers as an absent one"
    );
    assert_eq!(find(store, &other, "walled").await, None, "by name too");
    let stolen = ToolPolicyRecord { tenant_id: other.clone(), version: 2, ..policy.clone() };
    refused("writing a foreign policy's next version", put_attempt(store, &stolen).await);
    let _refused_or_nothing =
        attempted!(store, unit => unit.tool_policies().delete(&other, &policy.policy_id));
    assert_eq!(get(store, &tenant, &policy.policy_id).await, Some(policy), "a foreign write changes nothing");
    let twin = fixtures::policy(&IDS, &other, "walled", TEXT, 0);
    put(store, &twin).await;
    assert_eq!(
        set(store, &other).await.policies,
        std::slice::from_ref(&twin),
        "a set holds own policies only"
    );
    let mut unit = reading(store).await;
    let listed = walked!(2, request => unit.tool_policies().list(&other, &request));
    assert_eq!(listed, [twin], "and a list");
}

fn expect_conflict(what: &str, result: Result<(), PortError>) {
    assert_eq!(refused(what, result).kind(), PortErrorKind::Conflict, "{what}");
}

async fn put(store: &dyn Store, policy: &ToolPolicyRecord) {
    committed!(store, "writing a policy", unit => unit.tool_policies().put(&policy.tenant_id, policy));
}

async fn put_attempt(store: &dyn Store, policy: &ToolPolicyRecord) -> Result<(), PortError> {
    attempted!(store, unit => unit.tool_policies().put(&policy.tenant_id, policy))
}

async fn get(store: &dyn Store, tenant: &TenantId, id: &PolicyId) -> Option<ToolPolicyRecord> {
    seen!(store, "reading a policy", unit => unit.tool_policies().get(tenant, id))
}

async fn find(store: &dyn Store, tenant: &TenantId, name: &str) -> Option<ToolPolicyRecord> {
    seen!(store, "looking a policy up", unit => unit.tool_policies().find_by_name(tenant, name))
}

async fn set(store: &dyn Store, tenant: &TenantId) -> TenantPolicySet {
    seen!(store, "reading the set", unit => unit.tool_policies().current_set(tenant))
}

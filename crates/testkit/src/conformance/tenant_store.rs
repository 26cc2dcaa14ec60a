//! The suite of [`TenantStore`](portcullis_schemas::tenants::ports::TenantStore).

use portcullis_schemas::codes;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::store::Store;
use portcullis_schemas::tenants::Tenant;

use super::steps::{IDS, conflict, reading};
use super::tenant_config::every_change_makes_a_new_version;
use crate::fixtures;

/// Tenants are kept, found by their exact id, unique by name, and listed newest first; every change of a tenant's
/// configuration shows in its version.
pub async fn tenant_store(store: &dyn Store) {
    let mut records = Vec::new();
    for seconds in 0..5 {
        let record = fixtures::tenant_record(&TenantId::generate(&IDS), seconds);
        committed!(store, "adding a tenant", unit => unit.tenants().insert(&record.tenant_id, &record));
        records.push(record);
    }
    for record in &records {
        let id = record.tenant_id.as_str();
        let found = seen!(store, "looking a tenant up", unit => unit.tenants().find(id));
        assert_eq!(found.as_ref(), Some(record), "a tenant is found as it was given");
    }
    names_are_unique(store, &records[0]).await;
    every_change_makes_a_new_version(store).await;
    look_ups_are_exact(store, &records[0]).await;

    let mut unit = reading(store).await;
    let listed: Vec<Tenant> = walked!(2, request => unit.tenants().list(&request));
    let own: Vec<_> = listed.into_iter().filter(|record| records.contains(record)).collect();
    records.reverse();
    assert_eq!(own, records, "tenants are listed newest first, each once");
}

async fn names_are_unique(store: &dyn Store, record: &Tenant) {
    let tenant = TenantId::generate(&IDS);
    let twin = Tenant { tenant_id: tenant.clone(), ..record.clone() };
    let result = attempted!(store, unit => unit.tenants().insert(&tenant, &twin));
    conflict("a second tenant of the same name", result, codes::ALREADY_EXISTS);
}

async fn look_ups_are_exact(store: &dyn Store, record: &Tenant) {
    let upper = record.tenant_id.as_str().to_ascii_uppercase();
    for text in ["", "%", "' OR '1'='1", "ten_01jd0000000000000000000000", upper.as_str()] {
        let found = seen!(store, "looking a strange text up", unit => unit.tenants().find(text));
        assert_eq!(found, None, "no tenant has the id {text:?}");
    }
}

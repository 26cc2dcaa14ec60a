//! The suite of [`Store`] and its units of work.

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::store::Store;
use portcullis_schemas::tenants::Tenant;

use super::steps::{IDS, commit, done, reading, refused, writing};
use crate::fixtures;

/// Commit is all, drop is nothing, a reader sees one moment and cannot write.
pub async fn unit_of_work(store: &dyn Store) {
    drop_rolls_back(store).await;
    commit_is_seen_whole(store).await;
    a_reader_keeps_its_snapshot(store).await;
    a_reader_cannot_write(store).await;
}

async fn drop_rolls_back(store: &dyn Store) {
    let (tenant, record) = fresh();
    let mut unit = writing(store).await;
    done("adding a tenant", unit.tenants().insert(&tenant, &record).await);
    let own = done("reading an own write", unit.tenants().find(tenant.as_str()).await);
    assert_eq!(own.as_ref(), Some(&record), "a unit of work sees its own writes");
    drop(unit);
    assert_eq!(find(store, &tenant).await, None, "dropping a unit of work rolls it back");
    committed!(store, "writing after a rollback", unit => unit.tenants().insert(&tenant, &record));
    assert_eq!(find(store, &tenant).await, Some(record), "a rollback leaves the store usable");
}

async fn commit_is_seen_whole(store: &dyn Store) {
    let (tenant, record) = fresh();
    let server = fixtures::server(&IDS, &tenant, "whole", 0);
    let mut unit = writing(store).await;
    done("adding a tenant", unit.tenants().insert(&tenant, &record).await);
    done("adding a server", unit.mcp_servers().insert(&tenant, &server).await);
    commit(unit).await;
    let mut unit = reading(store).await;
    assert_eq!(done("find", unit.tenants().find(tenant.as_str()).await), Some(record), "a commit is seen");
    let found = done("get", unit.mcp_servers().get(&tenant, &server.server_id).await);
    assert_eq!(found, Some(server), "all stores of a unit of work commit together");
    commit(unit).await;
}

async fn a_reader_keeps_its_snapshot(store: &dyn Store) {
    let (tenant, record) = fresh();
    let mut reader = reading(store).await;
    assert_eq!(done("find", reader.tenants().find(tenant.as_str()).await), None);
    committed!(store, "writing beside a reader", unit => unit.tenants().insert(&tenant, &record));
    let then = done("find", reader.tenants().find(tenant.as_str()).await);
    assert_eq!(then, None, "a unit of work that reads must not see what was committed after its first look");
    drop(reader);
    assert_eq!(find(store, &tenant).await, Some(record), "a new reader sees it");
}

async fn a_reader_cannot_write(store: &dyn Store) {
    let (tenant, record) = fresh();
    let mut reader = reading(store).await;
    refused("writing through a unit of work that reads", reader.tenants().insert(&tenant, &record).await);
    drop(reader);
    assert_eq!(find(store, &tenant).await, None, "nothing was written");
}

fn fresh() -> (TenantId, Tenant) {
    let tenant = TenantId::generate(&IDS);
    let record = fixtures::tenant_record(&tenant, 0);
    (tenant, record)
}

async fn find(store: &dyn Store, tenant: &TenantId) -> Option<Tenant> {
    seen!(store, "looking a tenant up", unit => unit.tenants().find(tenant.as_str()))
}

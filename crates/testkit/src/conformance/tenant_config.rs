//! The version of a tenant's configuration, which caches and the ledger rely on.

use std::collections::HashSet;

use portcullis_schemas::api_keys::ApiKeyStatus;
use portcullis_schemas::controls::FreezeTarget;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::mcp::server::McpServerStatus;
use portcullis_schemas::store::{Store, UnitOfWork};
use portcullis_schemas::tenants::ConfigVersion;

use super::steps::{IDS, commit, done, reading, two_tenants, writing};
use crate::fixtures;

/// Every change of a tenant's configuration makes a version that was never there before, with the commit.
pub(super) async fn every_change_makes_a_new_version(store: &dyn Store) {
    let (tenant, other) = two_tenants(store).await;
    let mut seen = Seen { store, tenant, versions: HashSet::new() };
    let foreign = version(store, &other).await;
    seen.unchanged_until_now().await;
    servers_and_tools(&mut seen).await;
    keys_and_credentials(&mut seen).await;
    policies_and_freezes(&mut seen).await;
    assert_eq!(version(store, &other).await, foreign, "a change in one tenant is none in another");
    a_version_belongs_to_its_snapshot(&mut seen).await;
    dropping_changes_nothing(&mut seen).await;
}

/// The versions that were met.
struct Seen<'a> {
    store: &'a dyn Store,
    tenant: TenantId,
    versions: HashSet<ConfigVersion>,
}

impl Seen<'_> {
    /// The version of a state that nothing has been done to.
    async fn unchanged_until_now(&mut self) {
        let first = version(self.store, &self.tenant).await;
        assert_eq!(version(self.store, &self.tenant).await, first, "reading changes nothing");
        self.versions.insert(first);
    }

    async fn changed_by(&mut self, what: &str, unit: Box<dyn UnitOfWork>) {
        commit(unit).await;
        let now = version(self.store, &self.tenant).await;
        assert!(
            self.versions.insert(now),
            "{what} makes another version of the configuration, and a new one"
        );
    }
}

async fn servers_and_tools(seen: &mut Seen<'_>) {
    let tenant = seen.tenant.clone();
    let mut server = fixtures::server(&IDS, &tenant, "versioned", 0);
    let mut unit = writing(seen.store).await;
    done("adding a server", unit.mcp_servers().insert(&tenant, &server).await);
    seen.changed_by("adding a server", unit).await;
    server.status = McpServerStatus::Disabled;
    server.version += 1;
    let mut unit = writing(seen.store).await;
    done("disabling a server", unit.mcp_servers().update(&tenant, &server).await);
    seen.changed_by("disabling a server", unit).await;
    let mut tool = fixtures::tool(&IDS, &server, "search");
    for enabled in [true, false] {
        tool.enabled = enabled;
        let mut unit = writing(seen.store).await;
        done("writing a tool", unit.mcp_tools().upsert(&tenant, std::slice::from_ref(&tool)).await);
        seen.changed_by("writing a tool", unit).await;
    }
}

async fn keys_and_credentials(seen: &mut Seen<'_>) {
    let tenant = seen.tenant.clone();
    let mut key = fixtures::api_key(&IDS, &tenant, "versioned", 0);
    let mut unit = writing(seen.store).await;
    done("adding a key", unit.api_keys().insert(&tenant, &key).await);
    seen.changed_by("adding a key", unit).await;
    key.key.status = ApiKeyStatus::Revoked;
    let mut unit = writing(seen.store).await;
    done("revoking a key", unit.api_keys().update(&tenant, &key.key).await);
    seen.changed_by("revoking a key", unit).await;
    let mut credential = fixtures::credential(&IDS, &tenant, "versioned", 0);
    let sealed = fixtures::sealed(b"sealed", 1);
    let mut unit = writing(seen.store).await;
    done("storing a credential", unit.credentials().insert(&tenant, &credential, &sealed).await);
    seen.changed_by("storing a credential", unit).await;
    credential.updated_at = fixtures::time(1);
    let mut unit = writing(seen.store).await;
    done("changing a credential", unit.credentials().update(&tenant, &credential, None).await);
    seen.changed_by("changing a credential", unit).await;
    credential.deleted_at = Some(fixtures::time(2));
    let mut unit = writing(seen.store).await;
    done("deleting a credential", unit.credentials().delete(&tenant, &credential).await);
    seen.changed_by("deleting a credential", unit).await;
}

async fn policies_and_freezes(seen: &mut Seen<'_>) {
    let tenant = seen.tenant.clone();
    let policy = fixtures::policy(&IDS, &tenant, "versioned", "permit", 0);
    let mut unit = writing(seen.store).await;
    done("writing a policy", unit.tool_policies().put(&tenant, &policy).await);
    seen.changed_by("writing a policy", unit).await;
    let mut unit = writing(seen.store).await;
    done("deleting a policy", unit.tool_policies().delete(&tenant, &policy.policy_id).await);
    seen.changed_by("deleting a policy", unit).await;
    let freeze = fixtures::freeze(&tenant, FreezeTarget::Tenant, 0);
    let mut unit = writing(seen.store).await;
    done("freezing", unit.kill_switch().freeze(&tenant, &freeze).await);
    seen.changed_by("freezing", unit).await;
    let mut unit = writing(seen.store).await;
    done("releasing", unit.kill_switch().unfreeze(&tenant, &freeze.target).await);
    seen.changed_by("releasing", unit).await;
}

async fn a_version_belongs_to_its_snapshot(seen: &mut Seen<'_>) {
    let tenant = seen.tenant.clone();
    let freeze = fixtures::freeze(&tenant, FreezeTarget::Tenant, 0);
    let mut reader = reading(seen.store).await;
    let before = done("a version", reader.tenants().config_version(&tenant).await);
    let mut unit = writing(seen.store).await;
    done("freezing", unit.kill_switch().freeze(&tenant, &freeze).await);
    seen.changed_by("freezing beside a reader", unit).await;
    let frozen = done("freezes", reader.kill_switch().list(&tenant).await);
    let still = done("a version", reader.tenants().config_version(&tenant).await);
    assert_eq!((frozen.len(), still), (0, before), "a reader sees the version of what it reads");
}

async fn dropping_changes_nothing(seen: &mut Seen<'_>) {
    let tenant = seen.tenant.clone();
    let before = version(seen.store, &tenant).await;
    let mut unit = writing(seen.store).await;
    done("releasing", unit.kill_switch().unfreeze(&tenant, &FreezeTarget::Tenant).await);
    drop(unit);
    assert_eq!(version(seen.store, &tenant).await, before, "what is dropped leaves the version alone");
}

async fn version(store: &dyn Store, tenant: &TenantId) -> ConfigVersion {
    seen!(store, "reading a version", unit => unit.tenants().config_version(tenant))
}

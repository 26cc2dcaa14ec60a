//! The suite of [`ConnectionStore`](portcullis_schemas::integrations::connections::ports::ConnectionStore).

use portcullis_schemas::codes;
use portcullis_schemas::ids::{KeyId, ServerId, TenantId};
use portcullis_schemas::integrations::connections::{Connection, StoredConnection};
use portcullis_schemas::store::Store;

use super::steps::{IDS, conflict, two_tenants};
use crate::fixtures::time;

/// Connections are kept whole, one for each key at each server, versioned, gone when removed, and seen by their tenant
/// only.
pub async fn connection_store(store: &dyn Store) {
    isolates_tenants(store).await;
    keeps_every_field(store).await;
    changes_are_versioned(store).await;
    removes(store).await;
    removes_all_of_one(store).await;
}

async fn keeps_every_field(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let begun = connection(&tenant);
    let connected = StoredConnection {
        connection: Connection {
            is_connected: true,
            attempt_ends_at: None,
            updated_at: time(9),
            ..connection(&tenant).connection
        },
        tokens: Some("encrypted://dG9rZW5z".to_owned()),
        attempt: None,
    };
    for stored in [begun, connected] {
        put(store, &stored).await;
        assert_eq!(
            found(store, &tenant, &stored).await.as_ref(),
            Some(&stored),
            "a connection is kept whole"
        );
    }
    let absent = connection(&tenant);
    assert_eq!(found(store, &tenant, &absent).await, None, "an absent connection is none");
}

async fn changes_are_versioned(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let first = connection(&tenant);
    put(store, &first).await;
    let result = attempted!(store, unit => unit.connections().put(&tenant, &first));
    conflict("a second first version", result, codes::STATE_CONFLICT);
    let version = |version| StoredConnection {
        connection: Connection { version, is_connected: true, ..first.connection.clone() },
        tokens: Some(format!("encrypted://{version}")),
        attempt: None,
    };
    put(store, &version(2)).await;
    for wrong in [1, 2, 4] {
        let result = attempted!(store, unit => unit.connections().put(&tenant, &version(wrong)));
        conflict("a version that does not follow", result, codes::STATE_CONFLICT);
    }
    assert_eq!(found(store, &tenant, &first).await, Some(version(2)), "the newest version is kept");
    let unknown = StoredConnection {
        connection: Connection { version: 2, ..connection(&tenant).connection },
        ..connection(&tenant)
    };
    let result = attempted!(store, unit => unit.connections().put(&tenant, &unknown));
    conflict("a second version of what is not there", result, codes::STATE_CONFLICT);
}

async fn removes(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let (gone, other) = (connection(&tenant), connection(&tenant));
    put(store, &gone).await;
    put(store, &other).await;
    for _ in 0..2 {
        remove(store, &tenant, &gone).await;
        assert_eq!(found(store, &tenant, &gone).await, None, "what is removed is gone");
    }
    assert_eq!(found(store, &tenant, &other).await.as_ref(), Some(&other), "and nothing else");
    put(store, &gone).await;
}

async fn removes_all_of_one(store: &dyn Store) {
    let (tenant, elsewhere) = two_tenants(store).await;
    let first = connection(&tenant);
    let of = |server: &ServerId, key: &KeyId| StoredConnection {
        connection: Connection {
            server_id: server.clone(),
            key_id: key.clone(),
            ..connection(&tenant).connection
        },
        ..connection(&tenant)
    };
    let (server, key) = (&first.connection.server_id, &first.connection.key_id);
    let (of_key, at_server) = (of(&ServerId::generate(&IDS), key), of(server, &KeyId::generate(&IDS)));
    let foreign = Connection { tenant_id: elsewhere.clone(), ..first.connection.clone() };
    let foreign = StoredConnection { connection: foreign, ..connection(&elsewhere) };
    for stored in [&first, &of_key, &at_server, &foreign] {
        put(store, stored).await;
    }
    committed!(store, "removing those of a key", unit => unit.connections().remove_of_key(&tenant, key));
    assert_eq!(found(store, &tenant, &first).await, None, "a connection of the key is gone");
    assert_eq!(found(store, &tenant, &of_key).await, None, "at each server");
    assert_eq!(found(store, &tenant, &at_server).await.as_ref(), Some(&at_server), "another key's stays");
    committed!(store, "removing those at a server", unit => unit.connections().remove_at_server(&tenant, server));
    assert_eq!(found(store, &tenant, &at_server).await, None, "a connection at the server is gone");
    assert_eq!(found(store, &elsewhere, &foreign).await.as_ref(), Some(&foreign), "no other tenant's");
}

async fn isolates_tenants(store: &dyn Store) {
    let (tenant, other) = two_tenants(store).await;
    let stored = connection(&tenant);
    put(store, &stored).await;
    assert_eq!(found(store, &other, &stored).await, None, "a foreign connection answers as an absent one");
    let foreign =
        Connection { tenant_id: other.clone(), version: 2, is_connected: true, ..stored.connection.clone() };
    let foreign = StoredConnection { connection: foreign, tokens: None, attempt: None };
    let _refused_or_nothing = attempted!(store, unit => unit.connections().put(&other, &foreign));
    remove(store, &other, &stored).await;
    assert_eq!(
        found(store, &tenant, &stored).await.as_ref(),
        Some(&stored),
        "a foreign write changes nothing"
    );
}

fn connection(tenant: &TenantId) -> StoredConnection {
    let connection = Connection {
        tenant_id: tenant.clone(),
        server_id: ServerId::generate(&IDS),
        key_id: KeyId::generate(&IDS),
        is_connected: false,
        attempt_ends_at: Some(time(600)),
        created_at: time(0),
        updated_at: time(1),
        version: 1,
    };
    let attempt = Some(("a".repeat(64), "encrypted://dmVyaWZpZXI=".to_owned()));
    StoredConnection { connection, tokens: None, attempt }
}

/// A key may connect as often as it likes: were that a change of the configuration, it could hold up the tenant's calls.
async fn put(store: &dyn Store, stored: &StoredConnection) {
    let tenant = &stored.connection.tenant_id;
    let before = seen!(store, "reading a version", unit => unit.tenants().config_version(tenant));
    committed!(store, "keeping a connection", unit => unit.connections().put(tenant, stored));
    let after = seen!(store, "reading a version", unit => unit.tenants().config_version(tenant));
    assert_eq!(before, after, "a connection is no change of the configuration");
}

async fn remove(store: &dyn Store, tenant: &TenantId, stored: &StoredConnection) {
    let Connection { server_id, key_id, .. } = &stored.connection;
    committed!(store, "removing a connection", unit => unit.connections().remove(tenant, server_id, key_id));
}

async fn found(store: &dyn Store, tenant: &TenantId, stored: &StoredConnection) -> Option<StoredConnection> {
    let Connection { server_id, key_id, .. } = &stored.connection;
    seen!(store, "reading a connection", unit => unit.connections().get(tenant, server_id, key_id))
}

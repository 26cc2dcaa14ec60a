//! The four invariants of MCP persistence, INV-1 to INV-4.

use portcullis_drivers::database::{Database, DatabaseOptions};
use portcullis_drivers::uow::SqlStore;
use portcullis_schemas::controls::FreezeTarget;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::mcp::server::{McpServer, McpServerStatus};
use portcullis_schemas::integrations::mcp::tool::{McpTool, RiskLevel};
use portcullis_schemas::paging::PageRequest;
use portcullis_schemas::store::{Store, UnitOfWork};
use portcullis_testkit::fixtures::{self, time};
use portcullis_testkit::ids::UniqueIds;
use sea_orm::ConnectionTrait;

use crate::engine::{Engine, TestDatabase};

on_both_engines! {
    #[tokio::test]
    inv_1_persistence_across_restart;
    #[tokio::test]
    inv_2_tenant_isolation;
    #[tokio::test]
    inv_3_soft_delete;
    #[tokio::test]
    inv_3_a_deleted_credential_keeps_no_secret;
    #[tokio::test]
    inv_4_idempotent_upsert;
}

async fn open(home: &TestDatabase) -> Database {
    home.open(DatabaseOptions::default()).await
}

async fn writing(database: &Database) -> Box<dyn UnitOfWork> {
    SqlStore::new(database.clone()).begin().await.unwrap()
}

async fn reading(database: &Database) -> Box<dyn UnitOfWork> {
    SqlStore::new(database.clone()).read().await.unwrap()
}

/// A tenant with one server and one tool, committed.
async fn populated(database: &Database, ids: &UniqueIds) -> (TenantId, McpServer, McpTool) {
    let store = SqlStore::new(database.clone());
    let tenant = fixtures::seed_tenant(&store, ids).await;
    let server = fixtures::seed_server(&store, ids, &tenant).await;
    let tool = fixtures::seed_tool(&store, ids, &server, "read_file").await;
    (tenant, server, tool)
}

async fn inv_1_persistence_across_restart(engine: Engine) {
    let home = TestDatabase::create(engine).await;
    let ids = UniqueIds::new();
    let database = open(&home).await;
    let (tenant, server, tool) = populated(&database, &ids).await;
    let key = fixtures::api_key(&ids, &tenant, "agent", 0);
    let policy = fixtures::policy(&ids, &tenant, "reads", "permit(principal, action, resource);", 0);
    let freeze = fixtures::freeze(&tenant, FreezeTarget::Tool(tool.tool_id.clone()), 0);
    let mut unit = writing(&database).await;
    unit.api_keys().insert(&tenant, &key).await.unwrap();
    unit.tool_policies().put(&tenant, &policy).await.unwrap();
    unit.kill_switch().freeze(&tenant, &freeze).await.unwrap();
    unit.commit().await.unwrap();
    let mut unfinished = writing(&database).await;
    let lost = fixtures::server(&ids, &tenant, "never-committed", 1);
    unfinished.mcp_servers().insert(&tenant, &lost).await.unwrap();
    // No orderly end: the connections go without having been closed.
    drop(unfinished);
    drop(database);

    let database = open(&home).await;
    let mut unit = reading(&database).await;
    assert_eq!(unit.mcp_servers().get(&tenant, &server.server_id).await.unwrap(), Some(server.clone()));
    assert_eq!(unit.mcp_tools().all_of(&tenant, &server.server_id).await.unwrap(), [tool]);
    let found = unit.api_keys().find_for_authentication(&key.key.key_id).await.unwrap().unwrap();
    assert_eq!((found.key, found.secret_hash), (key.key, key.secret_hash));
    let set = unit.tool_policies().current_set(&tenant).await.unwrap();
    assert_eq!((set.version, set.policies), (1, vec![policy]));
    assert_eq!(unit.kill_switch().list(&tenant).await.unwrap(), [freeze]);
    assert_eq!(unit.mcp_servers().get(&tenant, &lost.server_id).await.unwrap(), None);
}

async fn inv_2_tenant_isolation(engine: Engine) {
    let home = TestDatabase::create(engine).await;
    let ids = UniqueIds::new();
    let database = open(&home).await;
    let (tenant, server, tool) = populated(&database, &ids).await;
    let (other, ..) = populated(&database, &ids).await;

    let mut unit = reading(&database).await;
    assert_eq!(unit.mcp_servers().get(&other, &server.server_id).await.unwrap(), None);
    assert_eq!(unit.mcp_servers().find_by_url(&other, "https://absent.example/").await.unwrap(), None);
    assert_eq!(unit.mcp_tools().get(&other, &server.server_id, &tool.tool_id).await.unwrap(), None);
    assert_eq!(unit.mcp_tools().all_of(&other, &server.server_id).await.unwrap(), []);
    let page = unit.mcp_servers().list(&other, McpServerStatus::ALL, &PageRequest::default()).await.unwrap();
    assert!(page.items.iter().all(|listed| listed.tenant_id == other), "a list holds own servers only");
    drop(unit);

    // A record of one tenant is not written as another's, and a tool does not hang on a foreign server.
    let mut unit = writing(&database).await;
    assert!(unit.mcp_servers().update(&other, &McpServer { version: 2, ..server.clone() }).await.is_err());
    assert!(unit.mcp_tools().upsert(&other, std::slice::from_ref(&tool)).await.is_err());
    let grafted = McpTool { tenant_id: other.clone(), ..fixtures::tool(&ids, &server, "grafted") };
    assert!(unit.mcp_tools().upsert(&other, &[grafted]).await.is_err());
    drop(unit);
    let mut unit = reading(&database).await;
    assert_eq!(unit.mcp_servers().get(&tenant, &server.server_id).await.unwrap(), Some(server));
}

async fn inv_3_soft_delete(engine: Engine) {
    let home = TestDatabase::create(engine).await;
    let ids = UniqueIds::new();
    let database = open(&home).await;
    let (tenant, server, tool) = populated(&database, &ids).await;
    let deleted = McpServer {
        status: McpServerStatus::Deleted,
        deleted_at: Some(time(60)),
        version: server.version + 1,
        ..server.clone()
    };
    let heir = McpServer {
        name: server.name.clone(),
        url: server.url.clone(),
        ..fixtures::server(&ids, &tenant, "x", 61)
    };
    let mut unit = writing(&database).await;
    unit.mcp_servers().update(&tenant, &deleted).await.unwrap();
    unit.mcp_servers().insert(&tenant, &heir).await.unwrap();
    unit.commit().await.unwrap();

    let mut unit = reading(&database).await;
    assert_eq!(unit.mcp_servers().get(&tenant, &server.server_id).await.unwrap(), Some(deleted));
    assert_eq!(unit.mcp_tools().all_of(&tenant, &server.server_id).await.unwrap(), [tool]);
    let found = unit.mcp_servers().find_by_url(&tenant, server.url.as_str()).await.unwrap();
    assert_eq!(found, Some(heir), "name and URL are free again, and lead to the new server only");
    drop(unit);

    // The row itself cannot go while its tools are there, and no row is deleted without saying when.
    for statement in
        ["DELETE FROM mcp_servers", "UPDATE mcp_servers SET status = 'deleted', deleted_at = NULL"]
    {
        assert!(database.writer().execute_unprepared(statement).await.is_err(), "{statement}");
    }
}

async fn inv_3_a_deleted_credential_keeps_no_secret(engine: Engine) {
    let home = TestDatabase::create(engine).await;
    let ids = UniqueIds::new();
    let database = open(&home).await;
    let tenant = TenantId::generate(&ids);
    let credential = fixtures::credential(&ids, &tenant, "stripe", 0);
    let mut unit = writing(&database).await;
    unit.credentials().insert(&tenant, &credential, &fixtures::sealed(b"envelope", 1)).await.unwrap();
    unit.credentials().delete(&tenant, &credential).await.unwrap();
    unit.commit().await.unwrap();
    let query = "SELECT COUNT(*) AS kept, COUNT(sealed_secret) AS secrets FROM credentials";
    let query = sea_orm::Statement::from_string(database.writer().get_database_backend(), query);
    let row = database.reader().query_one_raw(query).await.unwrap().unwrap();
    assert_eq!((row.try_get::<i64>("", "kept").unwrap(), row.try_get::<i64>("", "secrets").unwrap()), (1, 0));
}

async fn inv_4_idempotent_upsert(engine: Engine) {
    let home = TestDatabase::create(engine).await;
    let ids = UniqueIds::new();
    let database = open(&home).await;
    let (tenant, server, tool) = populated(&database, &ids).await;
    let raise = "UPDATE mcp_tools SET invocation_count = 7, failure_count = 2, last_invoked_at = 5";
    database.writer().execute_unprepared(raise).await.unwrap();

    // A discovery that saw the tool anew: another id, zero counters, and one change.
    let seen = McpTool {
        risk_override: Some(RiskLevel::Critical),
        risk_level: RiskLevel::Critical,
        version: tool.version + 1,
        ..fixtures::tool(&ids, &server, "read_file")
    };
    let mut states = Vec::new();
    for _ in 0..2 {
        let mut unit = writing(&database).await;
        unit.mcp_tools().upsert(&tenant, std::slice::from_ref(&seen)).await.unwrap();
        unit.commit().await.unwrap();
        states.push(reading(&database).await.mcp_tools().all_of(&tenant, &server.server_id).await.unwrap());
    }
    assert_eq!(states[0], states[1], "the second time changes nothing");
    let [stored] = &states[0][..] else { panic!("one tool, however often it is seen") };
    assert_eq!(stored.tool_id, tool.tool_id, "its id stays");
    assert_eq!((stored.invocation_count, stored.failure_count), (7, 2), "its counters stay");
    assert_eq!(stored.last_invoked_at.map(|at| at.as_micros()), Some(5));
    assert_eq!((stored.risk_level, stored.version), (RiskLevel::Critical, 2), "the change is there");
}

//! A writer role can do everything that serving takes, and cannot touch what is recorded.

use std::sync::Arc;

use portcullis_drivers::database::{Database, DatabaseOptions, OpenError, writer_grants};
use portcullis_drivers::integrations::credentials::SqlSealedSecrets;
use portcullis_drivers::ledger::SqlLedger;
use portcullis_drivers::uow::SqlStore;
use portcullis_migrations::{Migrator, MigratorTrait};
use portcullis_testkit::conformance;
use portcullis_trail::chain::ChainVerifier;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::Value;
use url::Url;

use crate::engine::{Engine, TestDatabase};

/// Each with a column.
const RECORDED: [(&str, &str); 7] = [
    ("audit_events", "tenant_id"),
    ("audit_event_subjects", "tenant_id"),
    ("checkpoint_spans", "tenant_id"),
    ("checkpoints", "number"),
    ("mcp_tool_intents", "tenant_id"),
    ("mcp_tool_invocations", "tenant_id"),
    ("tool_policy_versions", "tenant_id"),
];

/// A database, its owner, and a role with the rights of a writer.
struct Roles {
    owner: Database,
    writer_url: String,
    role: String,
    _home: TestDatabase,
}

impl Roles {
    async fn create() -> Self {
        let home = TestDatabase::create(Engine::Postgres).await;
        let owner = home.open(DatabaseOptions::default()).await;
        let mut url = Url::parse(&home.url).unwrap();
        let role = format!("{}_w", url.path().trim_start_matches('/'));
        let create = format!("CREATE ROLE {role} LOGIN");
        owner.writer().execute_unprepared(&create).await.unwrap();
        owner.writer().execute_unprepared(&writer_grants(&role).unwrap()).await.unwrap();
        url.set_username(&role).unwrap();
        Self { owner, writer_url: url.into(), role, _home: home }
    }

    async fn writer(&self) -> Result<Database, OpenError> {
        Database::open(&self.writer_url, DatabaseOptions::default()).await
    }

    async fn remove(self) {
        let remove = format!("DROP OWNED BY {0}; DROP ROLE {0}", self.role);
        self.owner.writer().execute_unprepared(&remove).await.unwrap();
    }
}

fn verify(events: &[Value]) -> Result<(), String> {
    let Some(first) = events.first() else { return Ok(()) };
    let mut verifier = ChainVerifier::new(first["tenant_id"].as_str().unwrap_or_default());
    events.iter().try_for_each(|event| verifier.push(event)).map_err(|broken| broken.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn a_writer_role_passes_every_suite_and_changes_nothing_that_is_recorded() {
    let roles = Roles::create().await;
    let writer = roles.writer().await.unwrap();
    let store = SqlStore::new(writer.clone());
    let ledger: Arc<SqlLedger> = SqlLedger::start(writer.clone());
    let sealed = SqlSealedSecrets::new(writer.clone());
    conformance::all_stores(&store, &*ledger, &sealed, &verify).await;

    for (table, column) in RECORDED {
        for statement in [
            format!("UPDATE {table} SET {column} = {column}"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
            format!("ALTER TABLE {table} DISABLE TRIGGER ALL"),
            format!("DROP TABLE {table}"),
        ] {
            let error = writer.writer().execute_unprepared(&statement).await.unwrap_err().to_string();
            let refused = error.contains("permission denied") || error.contains("must be owner");
            assert!(refused, "{statement}: {error}");
        }
    }
    // The owner has the right, and runs into the tripwire.
    let error = roles.owner.writer().execute_unprepared("DELETE FROM audit_events").await.unwrap_err();
    assert!(error.to_string().contains("audit_events is append-only"), "{error}");
    roles.remove().await;
}

#[tokio::test]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn the_rights_name_every_table() {
    let roles = Roles::create().await;
    let query = "SELECT relname AS name FROM pg_class \
                 WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace";
    let query = Statement::from_string(DbBackend::Postgres, query);
    let grants = writer_grants("w").unwrap();
    for row in roles.owner.writer().query_all_raw(query).await.unwrap() {
        let table: String = row.try_get("", "name").unwrap();
        assert!(grants.contains(&format!(" ON {table} TO ")), "no right of a writer names {table}");
    }
    roles.remove().await;
}

#[tokio::test]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn a_role_that_lacks_a_right_is_told_what_to_do() {
    let roles = Roles::create().await;
    Migrator::down(roles.owner.writer(), Some(1)).await.unwrap();
    for what in ["an older schema", "no rights at all"] {
        let error = roles.writer().await.map(drop).unwrap_err();
        assert!(matches!(&error, OpenError::Rights(_)), "{what}: {error:?}");
        assert!(error.to_string().contains("start this version once as the schema's owner"), "{error}");
        let revoke = format!("REVOKE ALL ON seaql_migrations FROM {}", roles.role);
        roles.owner.writer().execute_unprepared(&revoke).await.unwrap();
    }
    roles.remove().await;
}

#[tokio::test]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn a_role_whose_grants_are_of_an_earlier_version_does_not_serve() {
    let roles = Roles::create().await;
    let revoke = format!(
        "REVOKE ALL ON call_approvals FROM {0}; REVOKE UPDATE ON audit_events_indexed FROM {0}",
        roles.role
    );
    roles.owner.writer().execute_unprepared(&revoke).await.unwrap();
    let error = roles.writer().await.map(drop).unwrap_err();
    assert!(matches!(&error, OpenError::Grants { .. }), "{error:?}");
    let told = error.to_string();
    let expected = "lacks rights of a writer: UPDATE on audit_events_indexed, INSERT on call_approvals, \
                    SELECT on call_approvals, UPDATE on call_approvals.";
    assert!(told.contains(expected) && told.contains("portcullis database grants"), "{told}");
    let looking_on = DatabaseOptions { migrate: false, ..DatabaseOptions::default() };
    Database::open(&roles.writer_url, looking_on).await.unwrap();
    roles.owner.writer().execute_unprepared(&writer_grants(&roles.role).unwrap()).await.unwrap();
    roles.writer().await.unwrap();
    roles.remove().await;
}

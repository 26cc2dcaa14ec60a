//! What is true of every open database.

use portcullis_migrations::{Migrator, MigratorTrait};
use portcullis_schemas::PortErrorKind;
use portcullis_schemas::api_keys::ApiKeyStatus;
use portcullis_schemas::integrations::credentials::CredentialType;
use portcullis_schemas::integrations::mcp::server::{
    McpAuthType, McpServerStatus, McpTransport, ProtocolPin,
};
use portcullis_schemas::integrations::mcp::tool::{QuarantineReason, RiskLevel, ToolStatus};
use portcullis_schemas::principal::ActorType;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::{Database, DatabaseOptions, OpenError, Session};

async fn pragma<C: ConnectionTrait>(connection: &C, name: &str) -> String {
    let row = connection.query_one_raw(pragma_query(name)).await.unwrap().unwrap();
    row.try_get("", "value").unwrap()
}

fn pragma_query(name: &str) -> Statement {
    sql(format!("SELECT CAST({name} AS TEXT) AS value FROM pragma_{name}"))
}

fn sql(text: impl Into<String>) -> Statement {
    Statement::from_string(DbBackend::Sqlite, text)
}

fn url(folder: &tempfile::TempDir) -> String {
    format!("sqlite://{}/portcullis.db", folder.path().display())
}

#[tokio::test]
async fn writer_and_readers_have_the_settings_that_durability_rests_on() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), DatabaseOptions::default()).await.unwrap();
    let settings = [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("query_only", "0"),
        ("cache_size", "-16384"),
        ("temp_store", "2"),
        ("trusted_schema", "0"),
        ("secure_delete", "2"),
    ];
    let record = database.begin_record().await.unwrap();
    for (name, expected) in settings {
        assert_eq!(pragma(database.writer(), name).await, expected, "{name} of the units of work");
        let query = pragma_query(name);
        let found = record.session().query(query).await.unwrap()[0].text(0).unwrap();
        assert_eq!(found, expected, "{name} of the ledger");
    }
    assert_eq!(pragma(database.reader(), "foreign_keys").await, "1");
    assert_eq!(pragma(database.reader(), "query_only").await, "1");
}

#[tokio::test]
async fn readers_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), DatabaseOptions::default()).await.unwrap();
    assert!(database.reader().execute_unprepared("DELETE FROM mcp_servers").await.is_err());
}

#[tokio::test]
async fn a_second_writer_waits_and_then_is_told_that_the_store_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        DatabaseOptions { wait: std::time::Duration::from_millis(300), ..DatabaseOptions::default() };
    let database = Database::open(&url(&folder), options).await.unwrap();
    let first = database.begin_write().await.unwrap();
    let error = database.begin_write().await.map(drop).unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable);
    database.begin_read().await.unwrap();
    drop(first);
    database.begin_write().await.unwrap();
}

#[tokio::test]
async fn ledger_and_units_of_work_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        DatabaseOptions { wait: std::time::Duration::from_millis(300), ..DatabaseOptions::default() };
    let database = Database::open(&url(&folder), options).await.unwrap();
    let unit = database.begin_write().await.unwrap();
    let error = database.begin_record().await.map(drop).unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable);
    unit.commit().await.unwrap();
    let record = database.begin_record().await.unwrap();
    let error = database.begin_write().await.map(drop).unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable);
    database.begin_read().await.unwrap();
    record.rollback().await.unwrap();
    database.begin_write().await.unwrap();
}

#[tokio::test]
async fn nothing_begins_after_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), DatabaseOptions::default()).await.unwrap();
    database.clone().close().await;
    assert_eq!(database.begin_record().await.unwrap_err().detail(), "the database was closed");
    assert_eq!(database.begin_write().await.unwrap_err().detail(), "the database was closed");
}

/// SQLite takes a transaction back when there is no room for it. What is written afterwards must be committed all the
/// same.
#[tokio::test]
async fn a_full_disk_leaves_no_transaction_behind() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), DatabaseOptions::default()).await.unwrap();
    let unit = database.begin_write().await.unwrap();
    fill(unit.connection()).await;
    drop(unit);
    database.begin_write().await.unwrap().rollback().await.unwrap();
    let unit = database.begin_write().await.unwrap();
    keep(unit.connection(), "kept").await;
    unit.commit().await.unwrap();

    let record = database.begin_record().await.unwrap();
    fill(record.session()).await;
    drop(record);
    database.begin_record().await.unwrap().rollback().await.unwrap();
    let record = database.begin_record().await.unwrap();
    keep(record.session(), "recorded").await;
    record.commit().await.unwrap();

    let other = sea_orm::Database::connect(url(&folder)).await.unwrap();
    let kept = "SELECT version FROM seaql_migrations WHERE version IN ('kept', 'recorded')";
    let kept = other.query_all_raw(Statement::from_string(DbBackend::Sqlite, kept)).await.unwrap();
    assert_eq!(kept.len(), 2, "what was acknowledged is not there");
}

async fn fill(session: &dyn Session) {
    let big = "INSERT INTO seaql_migrations (version, applied_at) VALUES (hex(zeroblob(100000)), 0)";
    session.query(sql("PRAGMA max_page_count = 1")).await.unwrap();
    session.execute(sql(big)).await.unwrap_err();
}

async fn keep(session: &dyn Session, version: &str) {
    let small = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{version}', 0)");
    session.execute(sql(small)).await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_later_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), DatabaseOptions::default()).await.unwrap();
    let later = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)";
    database.writer().execute_unprepared(later).await.unwrap();
    database.close().await;
    let error = Database::open(&url(&folder), DatabaseOptions::default()).await.map(drop).unwrap_err();
    assert!(matches!(&error, OpenError::Newer { migration } if migration == "m9999_later"), "{error}");
    assert!(error.to_string().contains("run the version that wrote it"), "{error}");
}

#[tokio::test]
async fn sqlite_schema() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), DatabaseOptions::default()).await.unwrap();
    insta::assert_snapshot!(schema(database.writer()).await.join("\n\n"));
}

#[tokio::test]
async fn every_migration_can_be_taken_back_and_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), DatabaseOptions::default()).await.unwrap();
    let first = schema(database.writer()).await;
    Migrator::down(database.writer(), None).await.unwrap();
    assert_eq!(schema(database.writer()).await.len(), 1, "only the list of migrations is left");
    Migrator::up(database.writer(), None).await.unwrap();
    assert_eq!(schema(database.writer()).await, first);
}

#[tokio::test]
async fn open_intents_of_an_older_version_outlive_the_change_of_their_table() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), DatabaseOptions::default()).await.unwrap();
    let writer = database.writer();
    let steps_back = Migrator::migrations().iter().rev().position(|step| step.name() == "m0013_intent_kinds");
    Migrator::down(writer, Some(steps_back.unwrap() as u32 + 1)).await.unwrap();
    let insert = |id: &str, kind: &str| {
        format!(
            "INSERT INTO mcp_tool_intents VALUES ('{id}', 'ten_1', '{kind}', 'ins_1', '{{}}', 1);
             INSERT INTO open_intents VALUES ('{id}', 'ten_1', 'ins_1', 0, 1)"
        )
    };
    writer.execute_unprepared(&insert("int_1", "invoke_tool")).await.unwrap();
    writer.execute_unprepared(&insert("int_2", "discover_authorization")).await.unwrap_err();
    Migrator::up(writer, None).await.unwrap();

    writer.execute_unprepared(&insert("int_2", "discover_authorization")).await.unwrap();
    let both = "SELECT count(*) AS n FROM open_intents JOIN mcp_tool_intents USING (intent_id, tenant_id, recorded_at)";
    let row = writer.query_one_raw(Statement::from_string(DbBackend::Sqlite, both)).await.unwrap().unwrap();
    assert_eq!(row.try_get::<i64>("", "n").unwrap(), 2);
    let refused = [
        ("DELETE FROM mcp_tool_intents WHERE intent_id = 'int_1'", "append-only"),
        ("INSERT INTO open_intents VALUES ('int_3', 'ten_1', 'ins_1', 0, 1)", "FOREIGN KEY"),
    ];
    for (statement, why) in refused {
        let error = writer.execute_unprepared(statement).await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

/// Of a trail that an earlier version wrote, and one that goes back to it.
#[tokio::test]
async fn what_events_are_about_is_known_to_an_earlier_version() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), DatabaseOptions::default()).await.unwrap();
    let writer = database.writer();
    let event = |sequence: i64, subject: &str| {
        format!(
            "INSERT INTO audit_events VALUES ('ten_1', {sequence}, 'evt_{sequence}', 'policy.put', 1, NULL, '', '',
             '{{\"subject\":{subject}}}')"
        )
    };
    for (sequence, subject) in [(1, r#"{"a":"pol_1","b":"pol_1"}"#), (2, "{}"), (3, r#"{"a":"pol_1"}"#)] {
        writer.execute_unprepared(&event(sequence, subject)).await.unwrap();
    }
    writer.execute_unprepared("INSERT INTO audit_event_subjects VALUES ('ten_1', 'pol_1', 1)").await.unwrap();
    let steps_back =
        Migrator::migrations().iter().rev().position(|step| step.name() == "m0014_trail_indexes");
    Migrator::down(writer, Some(steps_back.unwrap() as u32 + 1)).await.unwrap();
    let rows = "SELECT sequence FROM audit_event_subjects WHERE subject_id = 'pol_1' ORDER BY sequence";
    let rows = writer.query_all_raw(Statement::from_string(DbBackend::Sqlite, rows)).await.unwrap();
    let rows: Vec<i64> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    assert_eq!(rows, [1, 3]);
}

#[tokio::test]
async fn every_name_of_the_vocabulary_passes_its_check() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&url(&folder), DatabaseOptions::default()).await.unwrap();
    let tables = schema(database.writer()).await;
    for (table, names) in vocabulary() {
        let start = format!("CREATE TABLE \"{table}\"");
        let ddl = tables.iter().find(|text| text.starts_with(&start)).unwrap();
        for name in names {
            assert!(ddl.contains(&format!("'{name}'")), "{table} has no check that admits `{name}`");
        }
    }
}

fn vocabulary() -> Vec<(&'static str, Vec<&'static str>)> {
    macro_rules! names {
        ($kind:ty) => {
            <$kind>::ALL.iter().map(|name| name.as_str()).collect()
        };
    }
    // The types of OAuth are kept as `bearer`, with their settings beside it.
    let mut authentication: Vec<&str> = names!(McpAuthType);
    authentication.retain(|name| !name.starts_with("oauth_"));
    vec![
        ("mcp_servers", names!(McpServerStatus)),
        ("mcp_servers", names!(McpTransport)),
        ("mcp_servers", authentication),
        ("mcp_servers", names!(ProtocolPin)),
        ("mcp_tools", names!(ToolStatus)),
        ("mcp_tools", names!(QuarantineReason)),
        ("mcp_tools", names!(RiskLevel)),
        ("credentials", names!(CredentialType)),
        ("api_keys", names!(ApiKeyStatus)),
        ("api_keys", names!(ActorType)),
    ]
}

/// Tables, indexes and triggers by name, one definition of a table a line.
async fn schema(connection: &DatabaseConnection) -> Vec<String> {
    let query = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY tbl_name, type DESC, name";
    let rows = connection.query_all_raw(Statement::from_string(DbBackend::Sqlite, query)).await.unwrap();
    rows.iter().map(|row| in_lines(&row.try_get::<String>("", "sql").unwrap())).collect()
}

fn in_lines(sql: &str) -> String {
    let mut depth = 0;
    let mut text = String::new();
    for character in sql.chars() {
        depth += match character {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        text.push(character);
        if depth == 1 && character == ',' && sql.starts_with("CREATE TABLE") {
            text.push_str("\n ");
        }
    }
    text
}

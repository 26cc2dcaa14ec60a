//! What the ledger relies on: types that come back, transactions that are real, codes that mean what they mean.

use portcullis_schemas::{PortError, PortErrorKind};

use super::*;
use crate::rows::port_error;

const WAIT: Duration = Duration::from_millis(50);

fn open(folder: &tempfile::TempDir) -> Arc<Direct> {
    let file = folder.path().join("direct.db");
    let schema =
        "PRAGMA journal_mode = WAL; CREATE TABLE facts (id integer PRIMARY KEY, value, CHECK (id < 100))";
    Connection::open(&file).unwrap().execute_batch(schema).unwrap();
    Direct::open(file, "PRAGMA synchronous = OFF;".to_owned()).unwrap()
}

async fn insert(
    transaction: &DirectTransaction,
    id: i64,
    value: impl Into<sea_orm::Value>,
) -> Result<u64, PortError> {
    let insert = "INSERT INTO facts VALUES (?, ?)";
    let insert = Statement::from_sql_and_values(DbBackend::Sqlite, insert, [id.into(), value.into()]);
    transaction.execute(insert).await.map_err(port_error)
}

async fn query(transaction: &DirectTransaction, sql: &str) -> Vec<Row> {
    transaction.query(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap()
}

async fn ids(direct: &Arc<Direct>) -> Vec<i64> {
    let transaction = direct.begin(WAIT, None).unwrap();
    let rows = query(&transaction, "SELECT id FROM facts ORDER BY id").await;
    rows.iter().map(|row| row.number(0).unwrap()).collect()
}

#[tokio::test]
async fn values_come_back_in_their_types() {
    let folder = tempfile::tempdir().unwrap();
    let transaction = open(&folder).begin(WAIT, None).unwrap();
    insert(&transaction, 1, "o'clock ?").await.unwrap();
    insert(&transaction, 2, i64::MIN).await.unwrap();
    insert(&transaction, 3, vec![0_u8, 255]).await.unwrap();
    insert(&transaction, 4, 0.5).await.unwrap();
    insert(&transaction, 5, true).await.unwrap();
    insert(&transaction, 6, None::<String>).await.unwrap();
    let rows = query(&transaction, "SELECT value, typeof(value) FROM facts ORDER BY id").await;
    let types: Vec<String> = rows.iter().map(|row| row.text(1).unwrap()).collect();
    assert_eq!(types, ["text", "integer", "blob", "real", "integer", "null"]);
    assert_eq!(rows[0].text(0).unwrap(), "o'clock ?");
    assert_eq!(rows[1].number(0).unwrap(), i64::MIN);
    assert_eq!(rows[2].bytes_if(0).unwrap().unwrap(), [0, 255]);
    assert_eq!(rows[4].number(0).unwrap(), 1);
    assert_eq!(rows[5].text_if(0).unwrap(), None);
    for wrong in [rows[0].number(0).map(drop), rows[1].text(0).map(drop), rows[5].text(0).map(drop)] {
        assert_eq!(wrong.unwrap_err().kind(), PortErrorKind::Corrupt);
    }
    assert_eq!(insert(&transaction, 7, 'c').await.unwrap_err().kind(), PortErrorKind::Corrupt);
}

#[tokio::test]
async fn what_was_dropped_or_rolled_back_is_gone_and_what_was_committed_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let direct = open(&folder);
    let transaction = direct.begin(WAIT, None).unwrap();
    insert(&transaction, 1, "dropped").await.unwrap();
    drop(transaction);
    let transaction = direct.begin(WAIT, None).unwrap();
    insert(&transaction, 2, "rolled back").await.unwrap();
    transaction.rollback().unwrap();
    let transaction = direct.begin(WAIT, None).unwrap();
    assert_eq!(insert(&transaction, 3, "committed").await.unwrap(), 1);
    transaction.commit().unwrap();
    assert_eq!(ids(&direct).await, [3]);
}

#[tokio::test]
async fn a_savepoint_is_taken_back_alone() {
    let folder = tempfile::tempdir().unwrap();
    let direct = open(&folder);
    let transaction = direct.begin(WAIT, None).unwrap();
    insert(&transaction, 1, "outer").await.unwrap();
    let kept = transaction.savepoint().unwrap();
    insert(&kept, 2, "inner").await.unwrap();
    let innermost = kept.savepoint().unwrap();
    insert(&innermost, 3, "innermost").await.unwrap();
    innermost.rollback().unwrap();
    kept.commit().unwrap();
    let dropped = transaction.savepoint().unwrap();
    insert(&dropped, 4, "dropped").await.unwrap();
    drop(dropped);
    transaction.commit().unwrap();
    assert_eq!(ids(&direct).await, [1, 2]);
}

/// Otherwise each statement after it would be a transaction of its own, and durable.
#[tokio::test]
async fn a_transaction_that_sqlite_took_back_does_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let direct = open(&folder);
    let transaction = direct.begin(WAIT, None).unwrap();
    query(&transaction, "PRAGMA max_page_count = 1").await;
    let full = insert(&transaction, 1, "x".repeat(100_000)).await.unwrap_err();
    assert_eq!(full.detail(), "the database answered with code 13");
    assert_eq!(insert(&transaction, 2, "after").await.unwrap_err().detail(), TAKEN_BACK);
    assert_eq!(transaction.commit().map_err(port_error).unwrap_err().detail(), FAILED);
    assert_eq!(ids(&direct).await, [0_i64; 0]);
}

#[tokio::test]
async fn a_connection_that_broke_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let direct = open(&folder);
    direct.close();
    let transaction = direct.begin(WAIT, None).unwrap();
    insert(&transaction, 1, "on the next one").await.unwrap();
    transaction.commit().unwrap();
    assert_eq!(ids(&direct).await, [1]);
}

#[tokio::test]
async fn refusals_have_the_kinds_of_their_codes() {
    let folder = tempfile::tempdir().unwrap();
    let direct = open(&folder);
    let transaction = direct.begin(WAIT, None).unwrap();
    insert(&transaction, 1, "first").await.unwrap();
    assert_eq!(insert(&transaction, 1, "again").await.unwrap_err().kind(), PortErrorKind::Conflict);
    assert_eq!(insert(&transaction, 100, "too large").await.unwrap_err().kind(), PortErrorKind::Corrupt);
    let other = Direct::open(folder.path().join("direct.db"), String::new()).unwrap();
    let busy = other.begin(WAIT, None).map_err(port_error).unwrap_err();
    assert_eq!(busy.detail(), "the database answered with code 5");
}

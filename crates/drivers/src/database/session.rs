//! What is asked of a transaction by those who do not know on which kind of connection it runs: the ledger, and what it
//! shares with units of work.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use rusqlite::types::Value;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, StatementBuilder, TryGetable};

use super::bounded::Bounded;
use crate::rows::port_error;

/// A transaction that runs statements.
#[async_trait]
pub(crate) trait Session: Send + Sync {
    /// Whose SQL it speaks.
    fn engine(&self) -> DbBackend;

    /// Whether a statement with more values than places is run again with those that are left.
    fn repeats(&self) -> bool {
        false
    }

    /// Runs a statement; how many rows it changed.
    async fn execute(&self, statement: Statement) -> Result<u64, DbErr>;

    /// All rows of a query.
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, DbErr>;
}

impl dyn Session + '_ {
    /// Changes rows; how many.
    pub(crate) async fn change(&self, statement: &impl StatementBuilder) -> Result<u64, PortError> {
        self.execute(self.engine().build(statement)).await.map_err(port_error)
    }

    /// Reads rows.
    pub(crate) async fn read(&self, query: &SelectStatement) -> Result<Vec<Row>, PortError> {
        self.query(self.engine().build(query)).await.map_err(port_error)
    }
}

#[async_trait]
impl<C: ConnectionTrait + Send> Session for Bounded<C> {
    fn engine(&self) -> DbBackend {
        self.get_database_backend()
    }

    async fn execute(&self, statement: Statement) -> Result<u64, DbErr> {
        Ok(self.execute_raw(statement).await?.rows_affected())
    }

    async fn query(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        Ok(self.query_all_raw(statement).await?.into_iter().map(Row::Pooled).collect())
    }
}

/// A row. Its values are asked for by their place, from 0.
#[derive(Debug)]
pub(crate) enum Row {
    /// Of a connection of a pool.
    Pooled(QueryResult),
    /// Of the ledger's own connection.
    Direct(Vec<Value>),
}

impl Row {
    pub(crate) fn text(&self, place: usize) -> Result<String, PortError> {
        self.text_if(place)?.ok_or_else(not_its_type)
    }

    pub(crate) fn text_if(&self, place: usize) -> Result<Option<String>, PortError> {
        match self {
            Self::Pooled(row) => pooled(row, place),
            Self::Direct(values) => match values.get(place) {
                Some(Value::Text(text)) => Ok(Some(text.clone())),
                Some(Value::Null) => Ok(None),
                _ => Err(not_its_type()),
            },
        }
    }

    pub(crate) fn number(&self, place: usize) -> Result<i64, PortError> {
        self.number_if(place)?.ok_or_else(not_its_type)
    }

    pub(crate) fn number_if(&self, place: usize) -> Result<Option<i64>, PortError> {
        match self {
            Self::Pooled(row) => pooled(row, place),
            Self::Direct(values) => match values.get(place) {
                Some(Value::Integer(number)) => Ok(Some(*number)),
                Some(Value::Null) => Ok(None),
                _ => Err(not_its_type()),
            },
        }
    }

    pub(crate) fn bytes_if(&self, place: usize) -> Result<Option<Vec<u8>>, PortError> {
        match self {
            Self::Pooled(row) => pooled(row, place),
            Self::Direct(values) => match values.get(place) {
                Some(Value::Blob(bytes)) => Ok(Some(bytes.clone())),
                Some(Value::Null) => Ok(None),
                _ => Err(not_its_type()),
            },
        }
    }
}

fn pooled<T: TryGetable>(row: &QueryResult, place: usize) -> Result<Option<T>, PortError> {
    row.try_get_by_index(place).map_err(port_error)
}

fn not_its_type() -> PortError {
    port_error(DbErr::Type("a value of a row".to_owned()))
}

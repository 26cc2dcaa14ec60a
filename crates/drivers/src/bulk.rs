//! Many rows in few statements, few different statement texts, and few round trips.
//!
//! The driver keeps prepared statements by their text. A batch of n rows is cut into the sizes of [`SIZES`], so that
//! batches of all sizes share four texts a table instead of preparing one for every n.

use portcullis_schemas::{PortError, PortErrorKind, codes};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, EntityName, EntityTrait, IdenStatic,
    IntoActiveModel, Iterable, ModelTrait, Statement, Value, Values,
};

use crate::rows::{engine_code, port_error};

/// Rows of one statement, largest first. The largest times the columns of the widest table stays below SQLite's
/// 32 766 bound values.
const SIZES: [usize; 4] = [64, 16, 4, 1];
/// Most rows of a script whose statements go to SQLite in one piece. A larger one has too many forms for each to be
/// kept prepared, and rows enough to pay for its round trips.
const TOGETHER: u64 = 96;

/// SQLite's code of a trigger that refuses. One that guards rows against being replaced speaks before the key does.
const REFUSED_BY_TRIGGER: &str = "1811";

/// Statements that change a known number of rows, in order.
///
/// SQLite's connection lives on a thread of its own, so that each statement costs two switches between threads; the
/// few statements of a small batch are sent as one text.
#[derive(Debug)]
pub(crate) struct Script {
    backend: DbBackend,
    steps: Vec<(Statement, u64)>,
}

impl Script {
    /// An empty one.
    pub(crate) fn new(backend: DbBackend) -> Self {
        Self { backend, steps: Vec::new() }
    }

    /// Adds a statement that must change this many rows.
    pub(crate) fn add(&mut self, statement: &impl sea_orm::StatementBuilder, rows: usize) {
        self.steps.push((self.backend.build(statement), rows as u64));
    }

    /// Adds all rows, in order.
    pub(crate) fn insert<M>(&mut self, rows: Vec<M>)
    where
        M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
        <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity>,
    {
        let mut left = rows.len();
        let mut rows = rows.into_iter();
        while left > 0 {
            let size = SIZES.into_iter().find(|size| *size <= left).unwrap_or(1);
            self.steps.push((insert(self.backend, rows.by_ref().take(size)), size as u64));
            left -= size;
        }
    }

    /// Runs all statements.
    ///
    /// # Errors
    /// The first statement's that fails, or `Unavailable` when one changed fewer rows than it must, because another
    /// writer was faster. Then the transaction must be rolled back.
    pub(crate) async fn run<C: ConnectionTrait>(self, connection: &C) -> Result<(), PortError> {
        self.execute(connection, port_error).await
    }

    /// As [`run`](Self::run), for append-only rows that another replica may write at the same moment.
    ///
    /// # Errors
    /// As [`run`](Self::run); on both engines `already_exists` when there is one of them.
    pub(crate) async fn run_as_first<C: ConnectionTrait>(self, connection: &C) -> Result<(), PortError> {
        self.execute(connection, taken_or_failed).await
    }

    async fn execute<C: ConnectionTrait>(
        self,
        connection: &C,
        failed: fn(DbErr) -> PortError,
    ) -> Result<(), PortError> {
        let rows: u64 = self.steps.iter().map(|(_, rows)| rows).sum();
        let steps = match self.backend {
            DbBackend::Sqlite if rows <= TOGETHER => joined(self.steps, rows),
            _ => self.steps,
        };
        for (statement, expected) in steps {
            let changed = connection.execute_raw(statement).await.map_err(failed)?.rows_affected();
            if changed != expected {
                return Err(PortError::unavailable("another writer changed what was to be changed"));
            }
        }
        Ok(())
    }
}

/// Inserts whole rows. Written here because the query builder's way, a tree of an expression for each value, took as
/// long as SQLite took for the rows.
fn insert<M>(backend: DbBackend, rows: impl Iterator<Item = M>) -> Statement
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity>,
{
    let columns: Vec<_> = <M::Entity as EntityTrait>::Column::iter().collect();
    let names: Vec<String> = columns.iter().map(|column| format!("\"{}\"", column.as_str())).collect();
    let mut sql =
        format!("INSERT INTO \"{}\" ({}) VALUES ", M::Entity::default().table_name(), names.join(", "));
    let mut values = Vec::with_capacity(columns.len() * rows.size_hint().0);
    for row in rows {
        let mut row = row.into_active_model();
        sql.push_str(if values.is_empty() { "(" } else { ", (" });
        for (index, column) in columns.iter().enumerate() {
            // A row has every column, so there is a value.
            values.extend(row.take(*column).into_value());
            sql.push_str(if index > 0 { ", " } else { "" });
            push_place(&mut sql, backend, values.len());
        }
        sql.push(')');
    }
    Statement { sql, values: Some(Values(values)), db_backend: backend }
}

/// The place of the value of this number, from 1. SQLite takes them in order.
fn push_place(sql: &mut String, backend: DbBackend, number: usize) {
    match backend {
        DbBackend::Postgres => sql.push_str(&format!("${number}")),
        _ => sql.push('?'),
    }
}

fn taken_or_failed(error: DbErr) -> PortError {
    match engine_code(&error).as_deref() {
        Some(REFUSED_BY_TRIGGER) => {
            PortError::new(PortErrorKind::Conflict, codes::ALREADY_EXISTS, "a row is there already")
        }
        _ => port_error(error),
    }
}

/// One text of all statements. The driver binds their values in order.
fn joined(steps: Vec<(Statement, u64)>, rows: u64) -> Vec<(Statement, u64)> {
    let mut text = String::with_capacity(4096);
    let mut values: Vec<Value> = Vec::with_capacity(256);
    let Some(backend) = steps.first().map(|(statement, _)| statement.db_backend) else { return steps };
    for (statement, _) in steps {
        text.push_str(&statement.sql);
        text.push(';');
        values.extend(statement.values.into_iter().flat_map(|values| values.0));
    }
    vec![(Statement { sql: text, values: Some(Values(values)), db_backend: backend }, rows)]
}

/// The values of an `IN` list, the last one repeated until their number is a power of four.
pub(crate) fn padded<T: Clone>(mut values: Vec<T>) -> Vec<T> {
    let Some(last) = values.last().cloned() else { return values };
    let mut size = 1;
    while size < values.len() {
        size *= 4;
    }
    values.resize(size, last);
    values
}

#[cfg(test)]
mod tests;

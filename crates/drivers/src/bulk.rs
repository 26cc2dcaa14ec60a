//! Many rows in few statements, and few different statement texts.
//!
//! A connection keeps prepared statements by their text. Where each statement is a round trip, a batch of n rows is cut
//! into the sizes of [`SIZES`], so that batches of all sizes share four texts a table instead of preparing one for every
//! n. The ledger's own connection on SQLite has no round trips: it runs the text of one row for each.

use std::ops::RangeInclusive;

use portcullis_schemas::{PortError, PortErrorKind, codes};
use sea_orm::{
    ActiveModelTrait, DbBackend, DbErr, EntityName, EntityTrait, IdenStatic, IntoActiveModel, Iterable,
    ModelTrait, Statement, Value, Values,
};

use crate::database::Session;
use crate::rows::{engine_code, port_error};

/// Rows of one statement, largest first. The largest times the columns of the widest table stays below SQLite's
/// 32 766 bound values.
const SIZES: [usize; 4] = [64, 16, 4, 1];
/// SQLite's code of a trigger that refuses. One that guards rows against being replaced speaks before the key does.
const REFUSED_BY_TRIGGER: &str = "1811";

/// Statements, in order, and how many rows they must change.
#[derive(Debug)]
pub(crate) struct Script {
    backend: DbBackend,
    repeats: bool,
    /// Each with the rows that it must change, unless any number will do.
    steps: Vec<(Statement, Option<u64>)>,
}

impl Script {
    /// An empty one, for this session.
    pub(crate) fn on(session: &dyn Session) -> Self {
        Self { backend: session.engine(), repeats: session.repeats(), steps: Vec::new() }
    }

    /// Adds a statement that must change this many rows.
    pub(crate) fn add(&mut self, statement: &impl sea_orm::StatementBuilder, rows: usize) {
        self.steps.push((self.backend.build(statement), Some(rows as u64)));
    }

    /// As [`add`](Self::add), of a text whose places `$1`, `$2` first stand there in their order.
    pub(crate) fn add_text<const N: usize>(&mut self, sql: &str, values: [Value; N], rows: usize) {
        self.steps.push((Statement::from_sql_and_values(self.backend, sql, values), Some(rows as u64)));
    }

    /// Adds all rows, in order.
    pub(crate) fn insert<M>(&mut self, rows: Vec<M>)
    where
        M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
        <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity>,
    {
        self.add_rows(rows, |statement, rows| (statement, Some(rows)));
    }

    /// Adds those rows that are not there yet, by their keys.
    pub(crate) fn insert_new<M>(&mut self, rows: Vec<M>)
    where
        M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
        <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity>,
    {
        self.add_rows(rows, |mut statement, _| {
            statement.sql.push_str(" ON CONFLICT DO NOTHING");
            (statement, None)
        });
    }

    fn add_rows<M>(&mut self, rows: Vec<M>, step: impl Fn(Statement, u64) -> (Statement, Option<u64>))
    where
        M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
        <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity>,
    {
        let mut left = rows.len();
        let mut rows = rows.into_iter();
        if self.repeats && left > 0 {
            self.steps.push(step(insert(self.backend, rows, Texts::OfOneRow), left as u64));
            return;
        }
        while left > 0 {
            let size = SIZES.into_iter().find(|size| *size <= left).unwrap_or(1);
            let statement = insert(self.backend, rows.by_ref().take(size), Texts::OfAllRows);
            self.steps.push(step(statement, size as u64));
            left -= size;
        }
    }

    /// Runs all statements.
    ///
    /// # Errors
    /// The first statement's that fails, or `Unavailable` when one changed fewer rows than it must, because another
    /// writer was faster. Then the transaction must be rolled back.
    pub(crate) async fn run(self, session: &dyn Session) -> Result<(), PortError> {
        self.execute(session, port_error).await
    }

    /// As [`run`](Self::run), for append-only rows that another replica may write at the same moment.
    ///
    /// # Errors
    /// As [`run`](Self::run); on both engines `already_exists` when there is one of them.
    pub(crate) async fn run_as_first(self, session: &dyn Session) -> Result<(), PortError> {
        self.execute(session, taken_or_failed).await
    }

    async fn execute(self, session: &dyn Session, failed: fn(DbErr) -> PortError) -> Result<(), PortError> {
        for (statement, expected) in self.steps {
            let changed = session.execute(statement).await.map_err(failed)?;
            if expected.is_some_and(|expected| changed != expected) {
                return Err(PortError::unavailable("another writer changed what was to be changed"));
            }
        }
        Ok(())
    }
}

/// What a text has places for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Texts {
    OfAllRows,
    /// The values of the other rows follow: see [`Session::repeats`].
    OfOneRow,
}

/// Inserts whole rows. Written here because the query builder's way, a tree of an expression for each value, took as
/// long as SQLite took for the rows.
fn insert<M>(backend: DbBackend, rows: impl Iterator<Item = M>, text: Texts) -> Statement
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity>,
{
    let columns: Vec<_> = <M::Entity as EntityTrait>::Column::iter().collect();
    let mut sql = String::with_capacity(1024);
    sql.extend(["INSERT INTO \"", M::Entity::default().table_name(), "\" ("]);
    for (index, column) in columns.iter().enumerate() {
        sql.extend([if index > 0 { ", \"" } else { "\"" }, column.as_str(), "\""]);
    }
    sql.push_str(") VALUES ");
    let mut values = Vec::with_capacity(columns.len() * rows.size_hint().0);
    for (number, row) in rows.enumerate() {
        let mut row = row.into_active_model();
        let first = values.len() + 1;
        // A row has every column, so there is a value.
        values.extend(columns.iter().filter_map(|column| row.take(*column).into_value()));
        if number == 0 || text == Texts::OfAllRows {
            push_places(&mut sql, backend, first..=values.len());
        }
    }
    Statement { sql, values: Some(Values(values)), db_backend: backend }
}

/// The places of a row, by their numbers from 1. SQLite takes them in order.
fn push_places(sql: &mut String, backend: DbBackend, places: RangeInclusive<usize>) {
    sql.push_str(if *places.start() == 1 { "(" } else { ", (" });
    for place in places.clone() {
        if place != *places.start() {
            sql.push_str(", ");
        }
        match backend {
            DbBackend::Postgres => sql.push_str(&format!("${place}")),
            _ => sql.push('?'),
        }
    }
    sql.push(')');
}

fn taken_or_failed(error: DbErr) -> PortError {
    match engine_code(&error).as_deref() {
        Some(REFUSED_BY_TRIGGER) => {
            PortError::new(PortErrorKind::Conflict, codes::ALREADY_EXISTS, "a row is there already")
        }
        _ => port_error(error),
    }
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

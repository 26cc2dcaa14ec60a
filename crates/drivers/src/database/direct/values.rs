//! Values as SeaORM has them, to SQLite; rows of SQLite, to those who asked.

use rusqlite::types::{ToSql, ToSqlOutput, Value as Stored, ValueRef};
use rusqlite::{Error, Result};
use sea_orm::{Statement, Value};

use crate::database::session::Row;

/// The values of a statement.
pub(super) fn values(statement: &Statement) -> &[Value] {
    match &statement.values {
        Some(values) => &values.0,
        None => &[],
    }
}

/// Gives each place its value, in their order. There must be one for each: a place keeps what it was given before.
pub(super) fn bind(prepared: &mut rusqlite::Statement<'_>, values: &[Value]) -> Result<()> {
    let places = prepared.parameter_count();
    if values.len() != places {
        return Err(Error::InvalidParameterCount(values.len(), places));
    }
    for (place, value) in (1..).zip(values) {
        prepared.raw_bind_parameter(place, Bound(value))?;
    }
    Ok(())
}

/// A row, each value in the type in which SQLite has stored it.
pub(super) fn read(row: &rusqlite::Row<'_>) -> Result<Row> {
    let count = row.as_ref().column_count();
    let values: Result<Vec<Stored>> = (0..count).map(|place| row.get(place)).collect();
    values.map(Row::Direct)
}

struct Bound<'v>(&'v Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        let stored = match self.0 {
            Value::Bool(value) => value.map(|value| ValueRef::Integer(i64::from(value))),
            Value::Int(value) => value.map(|value| ValueRef::Integer(i64::from(value))),
            Value::BigInt(value) => value.map(ValueRef::Integer),
            Value::BigUnsigned(value) => {
                value.map(i64::try_from).transpose().map_err(unfit)?.map(ValueRef::Integer)
            }
            Value::Double(value) => value.map(ValueRef::Real),
            Value::String(value) => value.as_ref().map(|text| ValueRef::Text(text.as_bytes())),
            Value::Bytes(value) => value.as_ref().map(|bytes| ValueRef::Blob(bytes)),
            _ => return Err(unfit(UnknownType)),
        };
        Ok(ToSqlOutput::Borrowed(stored.unwrap_or(ValueRef::Null)))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a value of a type that the ledger does not store")]
struct UnknownType;

fn unfit(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::ToSqlConversionFailure(Box::new(error))
}

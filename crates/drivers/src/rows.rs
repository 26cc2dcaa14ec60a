//! Between rows and values: what a database error means, and how stored texts and numbers become values again.

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use sea_orm::{DbErr, RuntimeErr};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a database error means to a port. The detail names the engine's code at most: neither SQL nor values.
pub(crate) fn port_error(error: DbErr) -> PortError {
    match &error {
        DbErr::ConnectionAcquire(_) => PortError::unavailable("no database connection became free in time"),
        DbErr::Type(_) | DbErr::Json(_) | DbErr::TryIntoErr { .. } => {
            PortError::corrupt("a stored value is not of its column's type")
        }
        DbErr::Exec(_) | DbErr::Query(_) => match engine_code(&error) {
            Some(code) => engine_error(&code),
            None => PortError::unavailable("the connection to the database failed"),
        },
        // Words of our own.
        DbErr::Custom(detail) => PortError::unavailable(detail.as_str()),
        _ => PortError::unavailable("the database cannot serve"),
    }
}

/// The code with which the engine itself refused; none if it was not the engine that failed.
pub(crate) fn engine_code(error: &DbErr) -> Option<String> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
            cause.as_database_error()?.code().map(|code| code.into_owned())
        }
        _ => None,
    }
}

/// The stored version is not the one that the caller has read, or the row is gone.
pub(crate) fn state_conflict(detail: &'static str) -> PortError {
    PortError::new(PortErrorKind::Conflict, codes::STATE_CONFLICT, detail)
}

/// A parsed value, or `Corrupt` with the column's name.
pub(crate) fn stored<T, E>(column: &'static str, parsed: Result<T, E>) -> Result<T, PortError> {
    parsed.map_err(|_| PortError::corrupt(format!("{column} holds a value that is not of its kind")))
}

/// As [`stored`], for a column that may be null.
pub(crate) fn stored_if<S, T, E>(
    column: &'static str,
    value: Option<S>,
    parse: impl FnOnce(S) -> Result<T, E>,
) -> Result<Option<T>, PortError> {
    value.map(|value| stored(column, parse(value))).transpose()
}

/// The tenant that a row names.
pub(crate) fn tenant(text: &str) -> Result<TenantId, PortError> {
    stored("tenant_id", TenantId::from_trusted(text))
}

/// A time that may be null.
pub(crate) fn time_if(micros: Option<i64>) -> Option<Timestamp> {
    micros.map(Timestamp::from_micros)
}

/// A time that may be absent, as stored.
pub(crate) fn micros_if(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_micros)
}

/// A counter as stored; saturates at the largest that the column holds.
pub(crate) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A stored counter.
pub(crate) fn uncount<T: TryFrom<i64>>(column: &'static str, value: i64) -> Result<T, PortError> {
    stored(column, T::try_from(value))
}

/// A list or record as JSON text.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, PortError> {
    serde_json::to_string(value).map_err(|_| PortError::corrupt("a value cannot be written as JSON"))
}

/// A list or record from JSON text.
pub(crate) fn from_json<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T, PortError> {
    stored(column, serde_json::from_str(text))
}

/// By the engine's error code: SQLite's extended result codes (<https://www.sqlite.org/rescode.html>), PostgreSQL's
/// five-character SQLSTATE.
fn engine_error(code: &str) -> PortError {
    match code {
        // CONSTRAINT_PRIMARYKEY, CONSTRAINT_UNIQUE; unique_violation
        "1555" | "2067" | "23505" => {
            return PortError::new(PortErrorKind::Conflict, codes::ALREADY_EXISTS, "a unique value is taken");
        }
        // CONSTRAINT_FOREIGNKEY; foreign_key_violation
        "787" | "23503" => {
            return state_conflict("a row that this one refers to is absent, or is still referred to");
        }
        _ => {}
    }
    let detail = format!("the database answered with code {code}");
    if let Ok(extended) = code.parse::<u32>()
        && code.len() < 5
    {
        return match extended & 0xff {
            // CORRUPT, CONSTRAINT (check, not null, trigger), MISMATCH, NOTADB
            11 | 19 | 20 | 26 => PortError::corrupt(detail),
            _ => PortError::unavailable(detail),
        };
    }
    match code.get(..2) {
        // From version 18 on PostgreSQL tells RESTRICT from other foreign keys.
        _ if code == "23001" => state_conflict("a row that this one refers to is still referred to"),
        // data exception, integrity constraint violation, raised by a trigger of ours
        Some("22" | "23" | "P0") => PortError::corrupt(detail),
        _ => PortError::unavailable(detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_codes_have_their_kinds() {
        let table = [
            ("5", PortErrorKind::Unavailable),     // BUSY
            ("8", PortErrorKind::Unavailable),     // READONLY
            ("13", PortErrorKind::Unavailable),    // FULL
            ("266", PortErrorKind::Unavailable),   // IOERR_READ
            ("275", PortErrorKind::Corrupt),       // CONSTRAINT_CHECK
            ("787", PortErrorKind::Conflict),      // CONSTRAINT_FOREIGNKEY
            ("1555", PortErrorKind::Conflict),     // CONSTRAINT_PRIMARYKEY
            ("2067", PortErrorKind::Conflict),     // CONSTRAINT_UNIQUE
            ("1811", PortErrorKind::Corrupt),      // CONSTRAINT_TRIGGER
            ("11", PortErrorKind::Corrupt),        // CORRUPT
            ("23514", PortErrorKind::Corrupt),     // check_violation
            ("23505", PortErrorKind::Conflict),    // unique_violation
            ("23503", PortErrorKind::Conflict),    // foreign_key_violation
            ("23001", PortErrorKind::Conflict),    // restrict_violation
            ("P0001", PortErrorKind::Corrupt),     // raise_exception, of a trigger
            ("55P03", PortErrorKind::Unavailable), // lock_not_available
            ("40P01", PortErrorKind::Unavailable), // deadlock_detected
            ("57P01", PortErrorKind::Unavailable), // admin_shutdown
            ("40001", PortErrorKind::Unavailable), // serialization_failure
        ];
        for (code, kind) in table {
            assert_eq!(engine_error(code).kind(), kind, "{code}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_kind_names_its_column_only() {
        let error = tenant("NOT A TENANT").map_err(|error| error.to_string());
        assert_eq!(error, Err("store_corrupt: tenant_id holds a value that is not of its kind".to_owned()));
    }
}

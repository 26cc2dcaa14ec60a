//! SQLite's refusals in the form in which the pool's connections report them, so that `rows` reads one kind of code.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use rusqlite::ffi;
use sea_orm::sqlx;
use sea_orm::sqlx::error::{DatabaseError, ErrorKind};
use sea_orm::{DbErr, RuntimeErr};

/// What SQLite refused, or what it can neither take nor give.
pub(super) fn db_error(error: rusqlite::Error) -> DbErr {
    match error {
        rusqlite::Error::SqliteFailure(ffi::Error { extended_code, .. }, message) => {
            let refusal = Refusal { code: extended_code, message: message.unwrap_or_default() };
            let refusal = sqlx::Error::Database(Box::new(refusal));
            DbErr::Exec(RuntimeErr::SqlxError(Arc::new(refusal)))
        }
        other => DbErr::Type(other.to_string()),
    }
}

/// An extended result code, and SQLite's words for it.
#[derive(Debug)]
struct Refusal {
    code: i32,
    message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(code: {}) {}", self.code, self.message)
    }
}

impl StdError for Refusal {}

impl DatabaseError for Refusal {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.code.to_string()))
    }

    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }

    /// Nobody asks: what is told apart is told by the code.
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

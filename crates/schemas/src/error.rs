//! One error type for callers, one for ports.
//!
//! An [`Error`] has a public half (code, message, field, reference), which may be shown to anybody who may call,
//! and an internal half, which goes to the log at the boundary and nowhere else. `Display` never prints a source.
//!
//! Consumers: api, drivers, engines, portcullis, spine, vault

use std::fmt;
use std::time::Duration;

use crate::codes::Code;

/// A boxed cause, for the log.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// What kind of failure it is. The HTTP status follows from it, in one place (api).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request is not well formed or breaks a bound.
    Invalid,
    /// No valid key or token.
    Unauthenticated,
    /// Known caller, refused by authority, policy, kill switch or rule.
    Denied,
    /// There is no such thing in this tenant. Foreign things answer the same.
    NotFound,
    /// It collides with what is there.
    Conflict,
    /// The same idempotency key with another body.
    Unprocessable,
    /// Nothing is wrong, and nothing was done: a person decides first. The same request goes on afterwards.
    AwaitsApproval,
    /// The caller's own tenant has more under way than it may.
    RateLimited,
    /// The upstream failed or answered what cannot be used.
    Upstream,
    /// The upstream did not answer in time.
    Timeout,
    /// We cannot serve now: the trail cannot be written, the store is down.
    Unavailable,
    /// A defect of ours.
    Internal,
}

/// A failure as a caller sees it. One pointer wide, because every `Result` on the call path carries it.
pub struct Error(Box<Parts>);

struct Parts {
    kind: ErrorKind,
    code: Code,
    public: String,
    field: Option<String>,
    reference: Option<(&'static str, String)>,
    page: Option<String>,
    retry_after: Option<Duration>,
    internal: Option<String>,
    source: Option<Source>,
}

impl Error {
    /// A failure with its public message: lower case, no full stop, says what was expected and what to do next.
    pub fn new(kind: ErrorKind, code: Code, public: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            kind,
            code,
            public: public.into(),
            field: None,
            reference: None,
            page: None,
            retry_after: None,
            internal: None,
            source: None,
        }))
    }

    /// A bound or rule that a field breaks.
    pub fn invalid(field: impl Into<String>, expected: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorKind::Invalid, crate::codes::INVALID_FIELD, expected);
        error.0.field = Some(field.into());
        error
    }

    /// Absent, or of another tenant; callers cannot tell which.
    pub fn not_found(what: &'static str) -> Self {
        Self::new(ErrorKind::NotFound, crate::codes::NOT_FOUND, format!("there is no such {what}"))
    }

    /// Names the field (a dotted path into the request).
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Names a record that tells more, for example `("invocation_id", "inv_...")`.
    #[must_use]
    pub fn with_reference(mut self, name: &'static str, id: impl fmt::Display) -> Self {
        self.0.reference = Some((name, id.to_string()));
        self
    }

    /// Names the page of this gate on which a person can mend it, by its path.
    #[must_use]
    pub fn with_page(mut self, path: impl Into<String>) -> Self {
        self.0.page = Some(path.into());
        self
    }

    /// Says how long to wait before the same request is sent again.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Adds detail for the log only.
    #[must_use]
    pub fn with_internal(mut self, detail: impl Into<String>) -> Self {
        self.0.internal = Some(detail.into());
        self
    }

    /// Adds the cause, for the log only.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The message for the caller.
    pub fn public(&self) -> &str {
        &self.0.public
    }

    /// The field that is wrong, if one is.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The record that tells more, if there is one.
    pub fn reference(&self) -> Option<(&'static str, &str)> {
        self.0.reference.as_ref().map(|(name, id)| (*name, id.as_str()))
    }

    /// The path of the page of this gate on which a person can mend it, if there is one.
    pub fn page(&self) -> Option<&str> {
        self.0.page.as_deref()
    }

    /// How long to wait before the same request is sent again, if that may help.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Detail for the log.
    pub fn internal(&self) -> Option<&str> {
        self.0.internal.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.field {
            Some(field) => write!(f, "{}: {field}: {}", self.0.code, self.0.public),
            None => write!(f, "{}: {}", self.0.code, self.0.public),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("code", &self.0.code)
            .field("public", &self.0.public)
            .field("field", &self.0.field)
            .field("reference", &self.0.reference)
            .field("retry_after", &self.0.retry_after)
            .field("internal", &self.0.internal)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// What kind of failure a port reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PortErrorKind {
    /// It collides with what is there: a unique name, a version.
    Conflict,
    /// The request breaks a rule of the port.
    Invalid,
    /// The port refuses on purpose: a rule, a wrong key.
    Refused,
    /// It did not answer in time.
    Timeout,
    /// It cannot serve now; trying again may help.
    Unavailable,
    /// What is stored breaks an invariant.
    Corrupt,
}

/// A failure of a port. Its detail is for the log only.
pub struct PortError {
    kind: PortErrorKind,
    code: Code,
    detail: String,
    source: Option<Source>,
}

impl PortError {
    /// A failure with detail for the log; `detail` must not hold secrets.
    pub fn new(kind: PortErrorKind, code: Code, detail: impl Into<String>) -> Self {
        Self { kind, code, detail: detail.into(), source: None }
    }

    /// The store or service behind the port cannot serve.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(PortErrorKind::Unavailable, crate::codes::STORE_UNAVAILABLE, detail)
    }

    /// What is stored breaks an invariant.
    pub fn corrupt(detail: impl Into<String>) -> Self {
        Self::new(PortErrorKind::Corrupt, crate::codes::STORE_CORRUPT, detail)
    }

    /// Adds the cause, for the log only.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The kind.
    pub fn kind(&self) -> PortErrorKind {
        self.kind
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Detail for the log.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl fmt::Debug for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PortError({:?}, {}: {})", self.kind, self.code, self.detail)
    }
}

impl std::error::Error for PortError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A port failure as callers see it: its code, and a message that says nothing of the inside.
impl From<PortError> for Error {
    fn from(error: PortError) -> Self {
        if error.code == crate::codes::INVALID_CURSOR {
            let public = "expected the next_cursor of a page of this list: leave it out for the first page";
            return Self::new(ErrorKind::Invalid, error.code, public).with_field("cursor").with_source(error);
        }
        let (kind, public) = match error.kind {
            PortErrorKind::Conflict => {
                (ErrorKind::Conflict, "it collides with what is stored: read it again and retry")
            }
            PortErrorKind::Invalid => {
                (ErrorKind::Invalid, "the request breaks a rule of the store behind it")
            }
            PortErrorKind::Refused => (ErrorKind::Denied, "it was refused"),
            PortErrorKind::Timeout => (ErrorKind::Timeout, "it did not answer in time: retry later"),
            PortErrorKind::Unavailable => (ErrorKind::Unavailable, "it cannot be served now: retry later"),
            PortErrorKind::Corrupt => {
                (ErrorKind::Internal, "stored data breaks an invariant: tell your operator")
            }
        };
        let detail = error.detail.clone();
        Self::new(kind, error.code, public).with_internal(detail).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_prints_neither_source_nor_internal_detail() {
        let error = Error::from(PortError::unavailable("disk 7 said EIO").with_source("secret cause"));
        assert_eq!(error.to_string(), "store_unavailable: it cannot be served now: retry later");
        assert!(!format!("{error:?}").contains("secret cause"));
    }

    #[test]
    fn a_foreign_cursor_names_the_field_and_what_to_do() {
        let error = Error::from(PortError::new(PortErrorKind::Invalid, crate::codes::INVALID_CURSOR, "x"));
        assert_eq!(error.field(), Some("cursor"));
        assert!(error.public().starts_with("expected the next_cursor"), "{error}");
    }
}

//! The members of a record that the chain needs, and the record's hash.

use serde_json::{Map, Value};

use super::{HASH, PREVIOUS_HASH, SEQUENCE, TENANT};
use crate::canonical::{self, CanonicalError};
use crate::digest::{Digest, sha256};

/// The hash that seals `record`: SHA-256 of its RFC 8785 form. The record holds every member that it will be stored
/// with, `tenant_id`, `sequence` and `previous_hash` among them, but not yet `hash`.
///
/// # Errors
/// The record is not an object, lacks a member of the chain, has `hash` already, or holds an integer beyond 2^53.
pub fn record_hash(record: &Value) -> Result<Digest, RecordError> {
    let members = record.as_object().ok_or(RecordError::NotAnObject)?;
    if members.contains_key(HASH) {
        return Err(RecordError::AlreadySealed);
    }
    tenant(members)?;
    sequence(members)?;
    digest(members, PREVIOUS_HASH)?;
    Ok(sha256(&canonical::object_without(members, HASH)?))
}

/// A record cannot be chained.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It is another kind of JSON value.
    #[error("record is not an object")]
    NotAnObject,
    /// It holds `hash` before it was hashed.
    #[error("member `hash` is present before the record was hashed")]
    AlreadySealed,
    /// A member of the chain is missing or malformed.
    #[error("member `{member}` is not {expected}")]
    Member {
        /// The member's name.
        member: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A number has no RFC 8785 form.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
}

/// A record whose chain members are present and well-formed; whether they are true is the verifier's to say.
pub(super) struct ChainedRecord<'r> {
    pub(super) tenant: &'r str,
    pub(super) sequence: u64,
    pub(super) previous_hash: Digest,
    pub(super) hash: Digest,
    members: &'r Map<String, Value>,
}

impl<'r> ChainedRecord<'r> {
    pub(super) fn read(record: &'r Value) -> Result<Self, RecordError> {
        let members = record.as_object().ok_or(RecordError::NotAnObject)?;
        Ok(Self {
            tenant: tenant(members)?,
            sequence: sequence(members)?,
            previous_hash: digest(members, PREVIOUS_HASH)?,
            hash: digest(members, HASH)?,
            members,
        })
    }

    pub(super) fn compute_hash(&self) -> Result<Digest, CanonicalError> {
        canonical::object_without(self.members, HASH).map(|bytes| sha256(&bytes))
    }
}

fn tenant(members: &Map<String, Value>) -> Result<&str, RecordError> {
    let value = members.get(TENANT).and_then(Value::as_str);
    value.ok_or(RecordError::Member { member: TENANT, expected: "a string" })
}

fn sequence(members: &Map<String, Value>) -> Result<u64, RecordError> {
    let value = members.get(SEQUENCE).and_then(Value::as_u64).filter(|sequence| *sequence <= 1 << 53);
    value.ok_or(RecordError::Member { member: SEQUENCE, expected: "a whole number within 2^53" })
}

fn digest(members: &Map<String, Value>, member: &'static str) -> Result<Digest, RecordError> {
    let value = members.get(member).and_then(Value::as_str).and_then(|text| text.parse().ok());
    value.ok_or(RecordError::Member { member, expected: "64 lower-case hexadecimal digits" })
}

//! The members of a record that the chain needs, and the record's hash.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{HASH, PREVIOUS_HASH, SEQUENCE, TENANT};
use crate::canonical::{self, CanonicalError, NotCanonical, Part};
use crate::digest::{Digest, sha256};

/// The hash that seals `record`: SHA-256 of its RFC 8785 form. The record holds every member that it will be stored
/// with, `tenant_id`, `sequence` and `previous_hash` among them, but not yet `hash`.
///
/// # Errors
/// The record is not an object, lacks a member of the chain, has `hash` already, or holds an integer beyond 2^53.
pub fn record_hash(record: &Value) -> Result<Digest, RecordError> {
    let members = record.as_object().ok_or(RecordError::NotAnObject)?;
    hash_with_room(canonical::parts(members).collect()).map(|(hash, ..)| hash)
}

/// The hash of the record that has these members, and the record with it in RFC 8785 form: what is stored. The same as
/// [`record_hash`], the member [`HASH`] and [`canonical_bytes`](crate::canonical_bytes), but it is written once, and what
/// it is made of stays where it is.
///
/// # Errors
/// Those of [`record_hash`].
pub fn seal_record(members: BTreeMap<&str, Part<'_>>) -> Result<(Digest, Vec<u8>), RecordError> {
    let (hash, mut bytes, room) = hash_with_room(members)?;
    // A record is never empty, and some of its members sort before `hash`, or else all after it.
    let member = if room > 1 { format!(",\"{HASH}\":\"{hash}\"") } else { format!("\"{HASH}\":\"{hash}\",") };
    bytes.splice(room..room, member.into_bytes());
    Ok((hash, bytes))
}

/// The hash of a record, what was hashed, and where in it the hash is to stand.
fn hash_with_room(members: BTreeMap<&str, Part<'_>>) -> Result<(Digest, Vec<u8>, usize), RecordError> {
    let member = |name: &str| members.get(name).copied();
    if member(HASH).is_some() {
        return Err(RecordError::AlreadySealed);
    }
    tenant(member(TENANT))?;
    sequence(member(SEQUENCE))?;
    digest(member(PREVIOUS_HASH)).ok_or(RecordError::PREVIOUS_HASH)?;
    let (bytes, room) = canonical::object_with_room(members, HASH)?;
    Ok((sha256(&bytes), bytes, room))
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
    /// The bytes are not in the form in which records are stored.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
}

impl RecordError {
    pub(super) const TENANT: Self = Self::Member { member: TENANT, expected: "a string" };
    pub(super) const SEQUENCE: Self =
        Self::Member { member: SEQUENCE, expected: "a whole number within 2^53" };
    pub(super) const PREVIOUS_HASH: Self = Self::not_a_digest(PREVIOUS_HASH);
    pub(super) const HASH: Self = Self::not_a_digest(HASH);

    const fn not_a_digest(member: &'static str) -> Self {
        Self::Member { member, expected: "64 lower-case hexadecimal digits" }
    }
}

/// The chain members of a record, present and well-formed; whether they are true is the verifier's to say.
pub(super) struct ChainLinks<'r> {
    pub(super) tenant: &'r str,
    pub(super) sequence: u64,
    pub(super) previous_hash: Digest,
    pub(super) hash: Digest,
}

/// A record as a value.
pub(super) struct ChainedRecord<'r> {
    pub(super) links: ChainLinks<'r>,
    members: &'r Map<String, Value>,
}

impl<'r> ChainedRecord<'r> {
    pub(super) fn read(record: &'r Value) -> Result<Self, RecordError> {
        let members = record.as_object().ok_or(RecordError::NotAnObject)?;
        let member = |name: &str| members.get(name).map(Part::Value);
        let links = ChainLinks {
            tenant: tenant(member(TENANT))?,
            sequence: sequence(member(SEQUENCE))?,
            previous_hash: digest(member(PREVIOUS_HASH)).ok_or(RecordError::PREVIOUS_HASH)?,
            hash: digest(member(HASH)).ok_or(RecordError::HASH)?,
        };
        Ok(Self { links, members })
    }

    pub(super) fn compute_hash(&self) -> Result<Digest, CanonicalError> {
        canonical::object_without(self.members, HASH).map(|bytes| sha256(&bytes))
    }
}

fn tenant(member: Option<Part<'_>>) -> Result<&str, RecordError> {
    member.and_then(Part::as_str).ok_or(RecordError::TENANT)
}

fn sequence(member: Option<Part<'_>>) -> Result<u64, RecordError> {
    let value = member.and_then(Part::as_u64).filter(|sequence| *sequence <= 1 << 53);
    value.ok_or(RecordError::SEQUENCE)
}

fn digest(member: Option<Part<'_>>) -> Option<Digest> {
    member.and_then(Part::as_str).and_then(|text| text.parse().ok())
}

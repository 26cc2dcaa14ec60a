//! A record read from the bytes in which it is stored, without building a value.

use std::borrow::Cow;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use super::record::{ChainLinks, RecordError};
use super::{HASH, PREVIOUS_HASH, SEQUENCE, TENANT};
use crate::canonical;
use crate::digest::Digest;
use crate::number;

/// A record in its stored form: canonical JSON (RFC 8785), [`HASH`] included. Reading costs one pass over the bytes
/// and one hash; [`ChainVerifier::push_stored`](super::ChainVerifier::push_stored) judges its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord<'r> {
    tenant: Cow<'r, str>,
    sequence: u64,
    previous_hash: Digest,
    hash: Digest,
    content_hash: Digest,
}

impl<'r> StoredRecord<'r> {
    /// Reads a record and hashes its content. That the hash is the stated one is not checked here.
    ///
    /// # Errors
    /// The bytes are not in canonical form, which the stored form is: any other spelling was not written here. Or they
    /// are no object, or a member of the chain is missing or malformed.
    pub fn read(bytes: &'r [u8]) -> Result<Self, RecordError> {
        let mut found = Found::default();
        let text = canonical::members(bytes, &mut |member| found.take(bytes, member))?;
        if !text.starts_with('{') {
            return Err(RecordError::NotAnObject);
        }
        let value = |place: Option<Range<usize>>| place.map(|place| &text[place]);
        let digest = |text: &str| quoted(text)?.parse().ok();
        let tenant = value(found.tenant).and_then(decoded).ok_or(RecordError::TENANT)?;
        let sequence = value(found.sequence).and_then(sequence).ok_or(RecordError::SEQUENCE)?;
        let previous_hash = value(found.previous_hash).and_then(digest).ok_or(RecordError::PREVIOUS_HASH)?;
        let (hash_name, hash_value) = found.hash.ok_or(RecordError::HASH)?;
        let hash = digest(&text[hash_value.clone()]).ok_or(RecordError::HASH)?;
        let content_hash = hash_without(bytes, hash_name.start - 1..hash_value.end);
        Ok(Self { tenant, sequence, previous_hash, hash, content_hash })
    }

    /// The tenant that the record says it belongs to.
    #[must_use]
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The place in the tenant's chain that it says it has.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The hash that it states.
    #[must_use]
    pub fn hash(&self) -> Digest {
        self.hash
    }

    /// Whether the stated hash is that of the content: nobody changed it without computing the hash anew.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.hash == self.content_hash
    }

    pub(super) fn content_hash(&self) -> Digest {
        self.content_hash
    }

    pub(super) fn links(&self) -> ChainLinks<'_> {
        ChainLinks {
            tenant: &self.tenant,
            sequence: self.sequence,
            previous_hash: self.previous_hash,
            hash: self.hash,
        }
    }
}

/// Where the values of the chain's members lie; of `hash`, the name too.
#[derive(Default)]
struct Found {
    tenant: Option<Range<usize>>,
    sequence: Option<Range<usize>>,
    previous_hash: Option<Range<usize>>,
    hash: Option<(Range<usize>, Range<usize>)>,
}

impl Found {
    fn take(&mut self, bytes: &[u8], member: &canonical::Member) {
        let value = || Some(member.value.clone());
        // In canonical form a name has one spelling, so the raw bytes tell.
        match &bytes[member.name.clone()] {
            name if name == HASH.as_bytes() => self.hash = Some((member.name.clone(), member.value.clone())),
            name if name == TENANT.as_bytes() => self.tenant = value(),
            name if name == SEQUENCE.as_bytes() => self.sequence = value(),
            name if name == PREVIOUS_HASH.as_bytes() => self.previous_hash = value(),
            _ => (),
        }
    }
}

/// SHA-256 of a canonical object as if the member at this place, and one comma beside it, were not there: the
/// canonical form without that member.
fn hash_without(object: &[u8], member: Range<usize>) -> Digest {
    let (before, after) = (&object[..member.start], &object[member.end..]);
    let (before, after) = match before.strip_suffix(b",") {
        Some(before) => (before, after),
        None => (before, after.strip_prefix(b",").unwrap_or(after)),
    };
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(after);
    Digest::from_bytes(hasher.finalize().into())
}

fn sequence(value: &str) -> Option<u64> {
    number::whole(value).filter(|sequence| *sequence <= 1 << 53)
}

/// What stands between the quotes, as written.
fn quoted(value: &str) -> Option<&str> {
    value.strip_prefix('"')?.strip_suffix('"')
}

fn decoded(value: &str) -> Option<Cow<'_, str>> {
    let inner = quoted(value)?;
    if inner.contains('\\') {
        serde_json::from_str(value).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

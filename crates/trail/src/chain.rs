//! The hash chain of one tenant's audit records.
//!
//! A record is a JSON object. Four of its members belong to the chain: [`TENANT`], [`SEQUENCE`] (gap-free, from
//! [`FIRST_SEQUENCE`]), [`PREVIOUS_HASH`] and [`HASH`], with
//!
//! ```text
//! hash = SHA-256(JCS(all members except hash))
//! ```
//!
//! so a hash covers every other member and, through the previous hash, every record before it.
//!
//! What the chain alone does not show: that its newest records were cut off, or that the whole of it was computed
//! anew. Compare [`Verified::head`] and [`Verified::last_sequence`] with a head that was kept elsewhere.

mod record;
mod stored;

use serde_json::Value;

use self::record::{ChainLinks, ChainedRecord};
pub use self::record::{RecordError, record_hash, seal_record};
pub use self::stored::StoredRecord;
use crate::canonical::CanonicalError;
pub use crate::canonical::Part;
use crate::digest::Digest;

/// Member that holds the tenant id, a string.
pub const TENANT: &str = "tenant_id";
/// Member that holds the position in the tenant's chain, an integer within 2^53.
pub const SEQUENCE: &str = "sequence";
/// Member that holds the hash of the record before, 64 lower-case hexadecimal digits.
pub const PREVIOUS_HASH: &str = "previous_hash";
/// Member that holds the hash of this record, 64 lower-case hexadecimal digits.
pub const HASH: &str = "hash";

/// The sequence of a tenant's first record.
pub const FIRST_SEQUENCE: u64 = 1;
/// The previous hash of a tenant's first record: 32 zero bytes.
pub const GENESIS: Digest = Digest::from_bytes([0; 32]);

/// Verifies one tenant's records, fed in order of sequence. Holds no record: memory is constant.
///
/// ```
/// use portcullis_trail::chain::{ChainVerifier, GENESIS, record_hash};
/// use serde_json::json;
///
/// let mut record = json!({ "tenant_id": "ten_1", "sequence": 1, "previous_hash": GENESIS, "kind": "allowed" });
/// let hash = record_hash(&record)?;
/// record["hash"] = json!(hash);
///
/// let mut verifier = ChainVerifier::new("ten_1");
/// verifier.push(&record)?;
/// assert_eq!(verifier.finish()?.head, hash);
///
/// record["kind"] = json!("denied");
/// assert!(ChainVerifier::new("ten_1").push(&record).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ChainVerifier {
    tenant: String,
    first_sequence: u64,
    next_sequence: u64,
    head: Digest,
    broken: Option<Break>,
}

impl ChainVerifier {
    /// From the tenant's first record.
    #[must_use]
    pub fn new(tenant: impl Into<String>) -> Self {
        Self::resume(tenant, FIRST_SEQUENCE, GENESIS)
    }

    /// From the record with sequence `first_sequence`, which must follow a record whose hash is `previous`.
    #[must_use]
    pub fn resume(tenant: impl Into<String>, first_sequence: u64, previous: Digest) -> Self {
        Self {
            tenant: tenant.into(),
            first_sequence,
            next_sequence: first_sequence,
            head: previous,
            broken: None,
        }
    }

    /// Takes the next record, with its `hash`. Read records from bytes with [`crate::strict::parse`]: a lenient
    /// reader hides a duplicate member. Where the bytes are the stored ones, [`push_stored`](Self::push_stored) is
    /// several times faster.
    ///
    /// # Errors
    /// The first break. It stays: every later call, and [`finish`](Self::finish), report the same one.
    pub fn push(&mut self, record: &Value) -> Result<(), Break> {
        let verdict = match ChainedRecord::read(record) {
            Ok(record) => self.judge(&record.links, || record.compute_hash()),
            Err(error) => Err(self.broken(BreakKind::Shape, "a chained record", error)),
        };
        self.take(verdict)
    }

    /// Takes the next record as it was read from its stored bytes.
    ///
    /// # Errors
    /// Those of [`push`](Self::push).
    pub fn push_stored(&mut self, record: &StoredRecord<'_>) -> Result<(), Break> {
        let verdict = self.judge(&record.links(), || Ok(record.content_hash()));
        self.take(verdict)
    }

    /// Takes the next record in the bytes in which it is stored.
    ///
    /// # Errors
    /// Those of [`push`](Self::push). Bytes that are not in canonical form are no chained record: nobody wrote them here.
    pub fn push_bytes(&mut self, record: &[u8]) -> Result<(), Break> {
        let verdict = match StoredRecord::read(record) {
            Ok(record) => self.judge(&record.links(), || Ok(record.content_hash())),
            Err(error) => Err(self.broken(BreakKind::Shape, "a chained record", error)),
        };
        self.take(verdict)
    }

    /// The hash of the newest record that holds.
    #[must_use]
    pub fn head(&self) -> Digest {
        self.head
    }

    /// Takes the next record and goes on behind a break, for whoever wants to know every one: from the record's own
    /// place if its hash is that of its content, else from the place that was due. Reports changed content before a
    /// wrong place, which then is a part of it. Does not mind, and does not change, what [`push`](Self::push) found.
    pub fn push_past(&mut self, record: &StoredRecord<'_>) -> Option<Break> {
        let broken = self.judge(&record.links(), || Ok(record.content_hash())).err();
        let changed = !record.is_sealed();
        if !changed || broken.as_ref().is_none_or(|broken| broken.kind == BreakKind::Hash) {
            self.next_sequence = record.sequence() + 1;
            self.head = record.hash();
        }
        if changed {
            return Some(self.broken(BreakKind::Hash, record.content_hash(), record.hash()));
        }
        broken
    }

    /// What was verified.
    ///
    /// # Errors
    /// The break that [`push`](Self::push) reported.
    pub fn finish(self) -> Result<Verified, Break> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let records = self.next_sequence - self.first_sequence;
        Ok(Verified {
            records,
            first_sequence: self.first_sequence,
            last_sequence: (records > 0).then(|| self.next_sequence - 1),
            head: self.head,
        })
    }

    fn take(&mut self, verdict: Result<Digest, Break>) -> Result<(), Break> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        match verdict {
            Ok(hash) => {
                self.head = hash;
                self.next_sequence += 1;
                Ok(())
            }
            Err(broken) => {
                self.broken = Some(broken.clone());
                Err(broken)
            }
        }
    }

    /// The record's hash, if it is the one that continues the chain. From the outside in: a record of the wrong
    /// tenant or place says so, rather than that its hash differs.
    fn judge(
        &self,
        record: &ChainLinks<'_>,
        compute_hash: impl FnOnce() -> Result<Digest, CanonicalError>,
    ) -> Result<Digest, Break> {
        if record.tenant != self.tenant {
            return Err(self.broken(BreakKind::Tenant, &self.tenant, "another tenant"));
        }
        if record.sequence != self.next_sequence {
            return Err(self.broken(BreakKind::Gap, self.next_sequence, record.sequence));
        }
        if record.previous_hash != self.head {
            return Err(self.broken(BreakKind::Link, self.head, record.previous_hash));
        }
        let computed =
            compute_hash().map_err(|error| self.broken(BreakKind::Shape, "a canonical form", error))?;
        if record.hash != computed {
            return Err(self.broken(BreakKind::Hash, computed, record.hash));
        }
        Ok(computed)
    }

    fn broken(&self, kind: BreakKind, expected: impl ToString, found: impl ToString) -> Break {
        Break { sequence: self.next_sequence, kind, expected: expected.to_string(), found: found.to_string() }
    }
}

/// A run of records without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How many records were verified.
    pub records: u64,
    /// The sequence at which verification began.
    pub first_sequence: u64,
    /// The sequence of the newest record; none if there was no record.
    pub last_sequence: Option<u64>,
    /// The hash of the newest record; the previous hash given at the start if there was none.
    pub head: Digest,
}

/// The first place where a chain does not hold. Printable: it holds numbers, digests, the tenant asked for and
/// names of members, never other content of a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {sequence}: {kind}; expected {expected}, found {found}")]
pub struct Break {
    /// The sequence that was due at this place.
    pub sequence: u64,
    /// What does not hold.
    pub kind: BreakKind,
    /// What the place required.
    pub expected: String,
    /// What was there.
    pub found: String,
}

/// What does not hold at a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BreakKind {
    /// A record is missing, doubled or out of place.
    #[error("sequence has a gap")]
    Gap,
    /// The previous hash is not the hash of the record before.
    #[error("previous hash does not link")]
    Link,
    /// The content is not what was hashed.
    #[error("hash does not match the content")]
    Hash,
    /// The record belongs to another tenant.
    #[error("record of another tenant")]
    Tenant,
    /// A member of the chain is missing or malformed, or the record has no canonical form.
    #[error("malformed record")]
    Shape,
}

#[cfg(test)]
mod tests;

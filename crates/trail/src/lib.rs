//! The proof vocabulary of Portcullis: what makes two readers of the same bytes agree, and a record provable.
//!
//! Never: no I/O, time, randomness, key or workspace crate; an auditor builds this crate alone to check an export.
//! Start: [`export::ExportVerifier`] for the whole trail, [`chain::ChainVerifier`] for one tenant's chain.
//!
//! - [`strict`] reads JSON so that no second reader can understand it differently.
//! - [`canonical`] writes a value in the one form that is hashed (RFC 8785), and knows that form when it sees it.
//! - [`chain`] links a tenant's audit records by hash and verifies the links.
//! - [`tree`] puts the records of all tenants into one Merkle tree (RFC 6962), with proofs that a record is in it and
//!   that it only grew.
//! - [`note`] and [`checkpoint`] read, write and believe what the log has signed (c2sp.org/signed-note,
//!   c2sp.org/tlog-checkpoint). The signature itself is checked by a function of the caller's.
//! - [`export`] is the text that an auditor gets, and its verifier; [`proof`] shows one record without the rest.
//! - [`digest`] holds a SHA-256 value.

#![deny(clippy::disallowed_methods)]

#[cfg(test)]
mod arbitrary;
mod base64;
pub mod canonical;
pub mod chain;
pub mod checkpoint;
pub mod digest;
pub mod export;
pub mod note;
mod number;
mod pointer;
pub mod proof;
#[cfg(test)]
mod signing;
pub mod strict;
pub mod tree;

pub use canonical::{CanonicalError, NotCanonical, canonical_bytes, canonical_hash, check_canonical};
pub use digest::{Digest, sha256};

//! The proof vocabulary of Portcullis: what makes two readers of the same bytes agree, and a record provable.
//!
//! Never: no I/O, time, randomness, key or workspace crate; an auditor builds this crate alone to check an export.
//! Start: [`chain::ChainVerifier`], then [`canonical`] and [`strict`], on which its hashes rest.
//!
//! - [`strict`] reads JSON so that no second reader can understand it differently.
//! - [`canonical`] writes a value in the one form that is hashed (RFC 8785).
//! - [`chain`] links a tenant's audit records by hash and verifies the links.
//! - [`digest`] holds a SHA-256 value.
//!
//! The RFC 6962 tree, signed checkpoints and the proofs made from them will live here too.

#![deny(clippy::disallowed_methods)]

#[cfg(test)]
mod arbitrary;
pub mod canonical;
pub mod chain;
pub mod digest;
mod number;
mod pointer;
pub mod strict;

pub use canonical::{CanonicalError, canonical_bytes, canonical_hash};
pub use digest::{Digest, sha256};

//! The credential authority: the grammar of references, the rules of access, the sealing of secrets, the
//! keys that sign checkpoints, and the check of signatures under access tokens.
//!
//! Never: I/O of its own (stores, keys, environment and randomness come as ports), and no secret in an error, a log
//! line or a `Debug` output.
//! Start: [`SealedVault`], the embedded default; then [`reference::parse`], which every reference passes.

#![deny(clippy::disallowed_methods)]

pub mod envelope;
pub mod fingerprint;
pub mod keyring;
pub mod reference;
pub mod rules;
mod sealed_vault;
pub mod signatures;
pub mod signing;

pub use keyring::Keyring;
pub use sealed_vault::SealedVault;
pub use signing::CheckpointKeys;

//! What tests stand on: every port in memory, time and ids that tests control, and one conformance suite per port.
//!
//! Never: no production code depends on it, and it depends on no implementation: of this workspace it knows the
//! vocabulary only.
//! Start: [`memory::MemoryStore`] to test what uses ports, [`conformance`] to test what implements one, and
//! [`fixtures`] for valid values.

pub mod broken;
pub mod conformance;
pub mod entropy;
pub mod fakes;
pub mod fixtures;
pub mod hashing;
pub mod ids;
mod lock;
pub mod memory;
pub mod settings;
pub mod time;

//! The audit trail: its events, the ledger that writes them before anything happens, and how it is read.

pub mod event;
pub mod ledger;
pub mod operations;
pub mod ports;

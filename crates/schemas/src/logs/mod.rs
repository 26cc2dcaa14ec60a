//! The audit trail: its events, the ledger that writes them before anything happens, the checkpoints that are
//! signed over them, and how it is read.

pub mod checkpoint;
pub mod event;
pub mod ledger;
pub mod operations;
pub mod ports;

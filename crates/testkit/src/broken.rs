//! Wirings that must not pass: each breaks one promise, and a suite or a safety test must notice.

mod checkpoints;
mod emitter;
mod ledger;
mod store;

pub use checkpoints::{ForgetfulSink, StaleSigner};
pub use emitter::BrokenEmitter;
pub use ledger::{BrokenLedger, SilentLedger, TrustingLedger};
pub use store::{LeakyStore, StuckStore};

//! The durable trail: what the suites ask of every ledger, and what is this one's own: triggers, batches, the fence,
//! recovery, and what happens when callers give up.

mod batches;
mod recovery;
mod subjects;
mod suites;
mod tripwire;

//! The trail: the events of a tool call, the check that a tenant's chain holds, and what checkpoints may sign.

pub mod checkpoints;
pub mod emitter;
pub mod verification;

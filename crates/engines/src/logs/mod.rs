//! The trail: the events of a tool call, and the check that a tenant's chain holds.

pub mod emitter;
pub mod verification;

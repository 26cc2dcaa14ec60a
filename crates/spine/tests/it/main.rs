//! The spine against in-memory ports: the governed call on every path, the registry, recovery.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

mod adverse;
mod authorization;
mod checkpoints;
mod conformance;
mod connections;
mod dispatch;
mod exchanged;
mod freshness;
mod governed_call;
mod halting;
mod house;
mod lifecycle;
mod listening;
mod load;
mod offered_calls;
mod own_secrets;
mod panicking;
mod patience;
mod recovery;
mod redaction;
mod replicas;
mod rounds;
mod tokens;

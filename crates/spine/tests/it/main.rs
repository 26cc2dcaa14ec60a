//! The spine against in-memory ports: the governed call on every path, the registry, recovery.

mod dispatch;
mod governed_call;
mod house;
mod lifecycle;
mod recovery;

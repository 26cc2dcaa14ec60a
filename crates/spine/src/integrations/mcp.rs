//! Handlers of `integrations.mcp_servers.*`.

pub(crate) mod discovery;
mod exchange;
pub(crate) mod health;
pub(crate) mod invocations;
pub(crate) mod invoke;
pub(crate) mod servers;
mod target;
pub(crate) mod tools;

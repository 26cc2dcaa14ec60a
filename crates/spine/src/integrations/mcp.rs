//! Handlers of `integrations.mcp_servers.*`.

pub(crate) mod authorization;
mod configuration;
pub(crate) mod connections;
pub(crate) mod discovery;
mod exchange;
pub(crate) mod freshness;
pub(crate) mod health;
pub(crate) mod invocations;
pub(crate) mod invoke;
pub(crate) mod listening;
mod offers;
pub(crate) mod own_secrets;
mod rounds;
pub(crate) mod servers;
mod target;
mod through;
pub(crate) mod tools;

pub(crate) use self::configuration::{CallConfiguration, CallTarget};
pub(crate) use self::offers::{ServerOffers, TenantConfiguration};
#[cfg(test)]
pub(crate) use self::target::StoredGrants;
pub(crate) use self::through::ThroughToolset;

/// How often facts are read for one exchange before it is given up. An admin's change in the milliseconds between
/// reading and recording is rare; several in a row mean that somebody writes without pause.
const ATTEMPTS: usize = 5;

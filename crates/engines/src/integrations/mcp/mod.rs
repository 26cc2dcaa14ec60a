//! MCP servers, their tools, prompts and resources, and the governed calls of those.
//!
//! A listing becomes tools in [`discovery`] ([`definition`] judges each, [`risk`] classifies it); a call is judged in
//! [`decision`] and made in [`invocation`]; [`server`] and [`tool`] hold what an admin may change.

pub mod arguments;
pub mod authentication;
pub mod authorization;
pub mod decision;
pub mod definition;
pub mod discovery;
pub mod events;
pub mod exchange;
mod incident_rules;
pub mod invocation;
mod lifecycle;
pub mod listening;
pub mod risk;
pub mod rounds;
pub mod server;
pub mod tool;

#[cfg(test)]
mod samples;

//! MCP servers, their tools, prompts and resources, and the governed calls of those.
//!
//! A listing becomes tools in [`discovery`] ([`definition`] judges each, [`risk`] classifies it); a call is judged in
//! [`decision`] and made in [`invocation`]; [`server`] and [`tool`] hold what an admin may change.

pub mod accounts;
pub mod arguments;
pub mod authentication;
pub mod decision;
pub mod definition;
pub mod discovery;
pub mod events;
pub mod exchange;
mod incident_rules;
pub mod invocation;
mod lifecycle;
pub mod oauth;
pub mod redaction;
pub mod result;
pub mod risk;
pub mod rounds;
mod schema_bounds;
pub mod server;
mod tokens;
pub mod tool;
pub mod uri_template;

#[cfg(test)]
mod samples;

//! The HTTP entry: routes as a table over the spine's operations, authentication, problems, OpenAPI, reference page, and
//! the MCP endpoint for agents.
//!
//! Never: a business rule, SQL, an engine or a driver; a route names an operation, and the spine does the rest.
//! Start: [`routes::ROUTES`], then `dispatch.rs`, the one handler behind all of them; for agents `agents.rs`.

mod admission;
mod agents;
mod approvals;
mod base;
mod body;
mod connections;
mod cors;
mod dispatch;
mod docs;
mod frame;
mod headers;
mod openapi;
mod probes;
mod problem;
mod query;
mod reference;
mod router;
pub mod routes;
mod schema;
mod serve;
mod tokens;
mod wall;

pub use router::{openapi, router};
pub use routes::{ROUTES, Route};
pub use serve::{ServeLimits, serve, serve_with};
pub use wall::ApiOptions;

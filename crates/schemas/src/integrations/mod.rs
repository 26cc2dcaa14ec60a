//! Integrations: what a tenant connects. MCP servers, toolsets, credentials and approvals now; BYOK, connectors and datasources
//! later.

pub mod approvals;
pub mod connections;
pub mod credentials;
pub mod flows;
pub mod mcp;
pub mod toolsets;

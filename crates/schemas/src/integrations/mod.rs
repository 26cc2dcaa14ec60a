//! Integrations: what a tenant connects. MCP servers, toolsets and credentials now; BYOK, connectors and datasources
//! later.

pub mod connections;
pub mod credentials;
pub mod mcp;
pub mod toolsets;

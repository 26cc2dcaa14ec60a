//! Integrations: what a tenant connects. MCP servers and credentials now; BYOK, connectors and datasources later.

pub mod credentials;
pub mod mcp;

//! Integrations: the rules for what a tenant connects.

pub mod mcp;

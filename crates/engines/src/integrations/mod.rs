//! Integrations: the rules for what a tenant connects.

pub mod approvals;
pub mod flows;
pub mod mcp;
pub mod toolsets;

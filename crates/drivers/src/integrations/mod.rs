//! Persistence and transport of the `integrations` domain.

pub mod approvals;
pub mod connections;
pub mod credentials;
pub mod flows;
pub mod mcp;
pub mod toolsets;

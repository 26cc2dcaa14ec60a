//! Persistence and transport of the `integrations` domain.

pub mod connections;
pub mod credentials;
pub mod mcp;
pub mod toolsets;

//! Handlers of the integrations domain.

pub(crate) mod approvals;
pub(crate) mod credentials;
pub(crate) mod mcp;
pub(crate) mod toolsets;

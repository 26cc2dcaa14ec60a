//! How a client finds its authorization server (MCP authorization; RFC 6750, RFC 8414, RFC 9728): what a refusal says, and
//! where metadata stand.

mod challenge;
mod well_known;

pub use challenge::Challenge;
pub use well_known::{covers, resource_metadata_urls, server_metadata_urls};

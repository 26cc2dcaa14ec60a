//! The requests, a module per family. A request type is the operation: [`Spine::run`](crate::Spine::run) takes it.
//!
//! Names and JSON Schemas are contracts of the spine, held by its snapshots.

pub use portcullis_schemas::api_keys::operations as api_keys;
pub use portcullis_schemas::controls::operations as kill_switch;
pub use portcullis_schemas::incidents::operations as incidents;
pub use portcullis_schemas::integrations::approvals::operations as approvals;
pub use portcullis_schemas::integrations::connections::operations as connections;
pub use portcullis_schemas::integrations::credentials::operations as credentials;
pub use portcullis_schemas::integrations::mcp::operations as mcp_servers;
pub use portcullis_schemas::integrations::toolsets::operations as toolsets;
pub use portcullis_schemas::logs::operations as trail;
pub use portcullis_schemas::policies::operations as tool_policies;
pub use portcullis_schemas::tenants::operations as tenants;

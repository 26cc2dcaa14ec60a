//! Tenants, as an operator manages them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::ids::TenantId;
use crate::text::Name;
use crate::timestamp::Timestamp;

pub mod operations;
pub mod ports;

/// Stands for a tenant's configuration at one moment: keys, servers, tools, credentials, policies, freezes. Whatever
/// changes one of them makes another version, which no earlier state had. Only equality says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConfigVersion(pub u64);

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tenant {
    /// Id.
    pub tenant_id: TenantId,
    /// Unique.
    pub name: Name,
    /// Created.
    pub created_at: Timestamp,
}

//! Tenants, as an operator manages them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::ids::TenantId;
use crate::text::Name;
use crate::timestamp::Timestamp;

pub mod operations;
pub mod ports;

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

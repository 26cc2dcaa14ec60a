//! The errors with which the stores in memory answer.

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::{PortError, PortErrorKind, codes};

/// A unique value is taken.
pub(crate) fn taken(what: &str) -> PortError {
    PortError::new(PortErrorKind::Conflict, codes::ALREADY_EXISTS, format!("{what} is taken in this tenant"))
}

/// The stored version is not the one before, or there is no such row in this tenant.
pub(crate) fn stale(what: &str) -> PortError {
    let detail = format!("there is no {what} of the expected version in this tenant");
    PortError::new(PortErrorKind::Conflict, codes::STATE_CONFLICT, detail)
}

/// A write through a unit of work that only reads.
pub(crate) fn read_only() -> PortError {
    PortError::new(PortErrorKind::Refused, codes::STORE_UNAVAILABLE, "this unit of work only reads")
}

/// Refuses a row that names another tenant than the one it is written for.
pub(crate) fn same_tenant(tenant: &TenantId, owner: &TenantId) -> Result<(), PortError> {
    if tenant == owner {
        return Ok(());
    }
    Err(PortError::new(
        PortErrorKind::Invalid,
        codes::INVALID_FIELD,
        "tenant_id of the row is not the tenant",
    ))
}

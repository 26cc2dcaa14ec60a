//! The wall between tenants: a query of a tenant's rows starts here, so one without a tenant is not written by accident.

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use sea_orm::{ColumnTrait, DeleteMany, EntityTrait, QueryFilter, Select, UpdateMany};

/// Rows that belong to a tenant. Stores begin every statement with one of these methods.
///
/// Exceptions, each in its place: `tenants` itself, the look-up of a key for authentication, the number of unresolved
/// incidents for the operator, and the ledger, whose batches hold many tenants: its search for abandoned intents, for keys
/// and runs to forget, and what it reads of approvals and runs, which it matches by tenant. In a unit of work the
/// connection is [`Transaction::of`](crate::database::Transaction) the same tenant.
pub(crate) trait TenantRows: EntityTrait {
    /// The column that holds the tenant.
    const TENANT: Self::Column;

    /// Reads rows of this tenant.
    fn in_tenant(tenant: &TenantId) -> Select<Self> {
        Self::find().filter(Self::TENANT.eq(tenant.as_str()))
    }

    /// Changes rows of this tenant.
    fn update_in_tenant(tenant: &TenantId) -> UpdateMany<Self> {
        Self::update_many().filter(Self::TENANT.eq(tenant.as_str()))
    }

    /// Removes rows of this tenant.
    fn delete_in_tenant(tenant: &TenantId) -> DeleteMany<Self> {
        Self::delete_many().filter(Self::TENANT.eq(tenant.as_str()))
    }
}

/// Refuses a record that names another tenant than the one it is written for.
pub(crate) fn owned_by(tenant: &TenantId, owner: &TenantId) -> Result<(), PortError> {
    if tenant == owner {
        return Ok(());
    }
    Err(PortError::new(
        PortErrorKind::Invalid,
        codes::INTERNAL,
        "the record names another tenant than its writer",
    ))
}

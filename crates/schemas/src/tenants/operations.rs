//! The operations `tenants.tenants.*`, for operators.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tenant;
use crate::api_keys::operations::CreatedApiKey;
use crate::operation::operations;
use crate::paging::{Cursor, Page, PageLimit};
use crate::text::Name;

operations! {
    CreateTenant => CreatedTenant, "tenants.tenants.create_tenant", Operator, Write,
        "Create a tenant with its first admin key; the key's text is shown once";
    ListTenants => Page<Tenant>, "tenants.tenants.list_tenants", Operator, Read, "List tenants, newest first";
    GetTenant => Tenant, "tenants.tenants.get_tenant", Operator, Read, "Read one tenant";
}

/// Creates a tenant.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTenant {
    /// Name, unique.
    pub name: Name,
}

/// A new tenant.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CreatedTenant {
    /// The tenant.
    pub tenant: Tenant,
    /// Its first key, with scopes `admin`.
    pub admin_key: CreatedApiKey,
}

/// Lists tenants.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListTenants {
    /// Page size.
    pub limit: Option<PageLimit>,
    /// Page start.
    pub cursor: Option<Cursor>,
}

/// Reads a tenant. The text is only looked up; a tenant id is made from the row that it finds.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetTenant {
    /// The tenant's id.
    pub tenant_id: Name,
}

//! The rows of a credential's grants, in the order in which an admin listed them.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_schemas::PortError;
use portcullis_schemas::ids::{CredentialId, TenantId};
use portcullis_schemas::integrations::credentials::CredentialGrant;
use sea_orm::ActiveValue;
use sea_orm::entity::prelude::*;

use crate::rows::{count, stored};
use crate::tenancy::TenantRows;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credential_grants")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) credential_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) mcp_server: String,
    pub(crate) position: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantRows for Entity {
    const TENANT: Column = Column::TenantId;
}

/// One row for each accessor, also if it is listed twice.
pub(super) fn rows(tenant: &TenantId, id: &CredentialId, listed: &[CredentialGrant]) -> Vec<ActiveModel> {
    let mut seen = BTreeSet::new();
    let distinct = listed.iter().filter(|grant| seen.insert(&grant.mcp_server));
    let row = |(position, grant): (usize, &CredentialGrant)| ActiveModel {
        tenant_id: ActiveValue::Set(tenant.to_string()),
        credential_id: ActiveValue::Set(id.to_string()),
        mcp_server: ActiveValue::Set(grant.mcp_server.to_string()),
        position: ActiveValue::Set(count(position as u64)),
    };
    distinct.enumerate().map(row).collect()
}

/// Grants by the text of their credential's id.
pub(super) fn by_credential(rows: Vec<Model>) -> Result<BTreeMap<String, Vec<CredentialGrant>>, PortError> {
    let mut grants: BTreeMap<String, Vec<CredentialGrant>> = BTreeMap::new();
    for row in rows {
        let mcp_server = stored("credential_grants.mcp_server", row.mcp_server.parse())?;
        grants.entry(row.credential_id).or_default().push(CredentialGrant { mcp_server });
    }
    Ok(grants)
}

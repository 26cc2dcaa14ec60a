//! One row for each tenant: the version of its configuration.

use std::collections::BTreeSet;

use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::runtime::Clock;
use portcullis_schemas::tenants::ConfigVersion;
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, Statement};

use crate::rows::{port_error, uncount};
use crate::system::SystemClock;

/// Of a tenant without a row: nothing was ever configured.
pub(crate) const UNCONFIGURED: ConfigVersion = ConfigVersion(0);

/// A version is the time of the change, or one more than the last one if that is not later. So a number does not come
/// again when a backup is restored under a process that remembers what it has read.
const RAISE: &str = "INSERT INTO tenant_config_versions (tenant_id, version) VALUES ($1, $2) \
                     ON CONFLICT (tenant_id) DO UPDATE SET version = CASE \
                     WHEN tenant_config_versions.version < excluded.version THEN excluded.version \
                     ELSE tenant_config_versions.version + 1 END";

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant_config_versions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    pub(crate) version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Gives the configuration of each of these tenants a new version. The transaction has their locks.
pub(crate) async fn raise<C: ConnectionTrait>(
    connection: &C,
    tenants: &BTreeSet<TenantId>,
) -> Result<(), PortError> {
    for tenant in tenants {
        let values = [tenant.as_str().into(), SystemClock::start().now().as_micros().into()];
        let raise = Statement::from_sql_and_values(connection.get_database_backend(), RAISE, values);
        connection.execute_raw(raise).await.map_err(port_error)?;
    }
    Ok(())
}

/// The version of this tenant's configuration.
pub(crate) async fn read<C: ConnectionTrait>(
    connection: &C,
    tenant: &TenantId,
) -> Result<ConfigVersion, PortError> {
    let row = Entity::find().filter(Column::TenantId.eq(tenant.as_str())).one(connection).await;
    let version = row.map_err(port_error)?.map(|row| uncount("tenant_config_versions.version", row.version));
    Ok(version.transpose()?.map_or(UNCONFIGURED, ConfigVersion))
}

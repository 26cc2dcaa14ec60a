//! Tenants. The one table that is not of a tenant: operators manage it.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::tenants::ports::TenantStore;
use portcullis_schemas::tenants::{ConfigVersion, Tenant};
use portcullis_schemas::text::Name;
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::{EntityTrait, IntoActiveModel};

use crate::paging::TimePosition;
use crate::rows::{port_error, stored, tenant as tenant_of};
use crate::tenancy::owned_by;
use crate::uow::SharedTransaction;

mod versions;

pub(crate) use self::versions::{UNCONFIGURED, raise as raise_versions};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tenants")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    pub(crate) name: String,
    pub(crate) created_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// [`TenantStore`] on a transaction.
#[derive(Debug)]
pub struct SqlTenants {
    tx: SharedTransaction,
}

impl SqlTenants {
    pub(crate) fn new(tx: SharedTransaction) -> Self {
        Self { tx }
    }
}

#[async_trait]
impl TenantStore for SqlTenants {
    async fn insert(&mut self, tenant: &TenantId, record: &Tenant) -> Result<(), PortError> {
        owned_by(tenant, &record.tenant_id)?;
        let row = Model {
            tenant_id: tenant.to_string(),
            name: record.name.to_string(),
            created_at: record.created_at.as_micros(),
        };
        let row = Entity::insert(row.into_active_model());
        row.exec_without_returning(self.tx.of_record(tenant).await?).await.map_err(port_error)?;
        Ok(())
    }

    async fn config_version(&mut self, tenant: &TenantId) -> Result<ConfigVersion, PortError> {
        versions::read(self.tx.of_record(tenant).await?, tenant).await
    }

    async fn find(&mut self, id: &str) -> Result<Option<Tenant>, PortError> {
        let row = Entity::find()
            .filter(Column::TenantId.eq(id))
            .one(self.tx.connection())
            .await
            .map_err(port_error)?;
        row.map(value).transpose()
    }

    async fn list(&mut self, page: &PageRequest) -> Result<Page<Tenant>, PortError> {
        let start = TimePosition::of(page)?;
        let rows =
            TimePosition::rows_from(start, Entity::find(), (Column::CreatedAt, Column::TenantId), page);
        let found = rows.all(self.tx.connection()).await.map_err(port_error)?;
        let tenants = found.into_iter().map(value).collect::<Result<Vec<_>, _>>()?;
        Ok(TimePosition::page(start, tenants, page, |tenant| tenant.created_at))
    }
}

fn value(row: Model) -> Result<Tenant, PortError> {
    Ok(Tenant {
        tenant_id: tenant_of(&row.tenant_id)?,
        name: stored("tenants.name", Name::new(row.name))?,
        created_at: Timestamp::from_micros(row.created_at),
    })
}

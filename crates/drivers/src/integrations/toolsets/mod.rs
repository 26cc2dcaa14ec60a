//! Toolsets, within a unit of work.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{TenantId, ToolsetId};
use portcullis_schemas::integrations::toolsets::ports::ToolsetStore;
use portcullis_schemas::integrations::toolsets::{Toolset, ToolsetName};
use portcullis_schemas::paging::{Page, PageRequest};
use sea_orm::{ActiveModelTrait, ActiveValue, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use self::row::{Column, Entity, Model};
use crate::paging::newest_first;
use crate::rows::{count, port_error, state_conflict};
use crate::tenancy::{TenantRows, owned_by};
use crate::uow::SharedTransaction;

mod row;

/// [`ToolsetStore`] on a transaction.
#[derive(Debug)]
pub struct SqlToolsets {
    tx: SharedTransaction,
}

impl SqlToolsets {
    pub(crate) fn new(tx: SharedTransaction) -> Self {
        Self { tx }
    }
}

#[async_trait]
impl ToolsetStore for SqlToolsets {
    async fn insert(&mut self, tenant: &TenantId, toolset: &Toolset) -> Result<(), PortError> {
        owned_by(tenant, &toolset.tenant_id)?;
        let row = Model::of(toolset)?.into_active_model();
        Entity::insert(row).exec_without_returning(self.tx.of(tenant).await?).await.map_err(port_error)?;
        Ok(())
    }

    async fn get(&mut self, tenant: &TenantId, id: &ToolsetId) -> Result<Option<Toolset>, PortError> {
        let rows = Entity::in_tenant(tenant).filter(Column::ToolsetId.eq(id.as_str()));
        rows.one(self.tx.of(tenant).await?).await.map_err(port_error)?.map(Model::value).transpose()
    }

    async fn find(&mut self, tenant: &TenantId, name: &ToolsetName) -> Result<Option<Toolset>, PortError> {
        let rows = Entity::in_tenant(tenant).filter(Column::Name.eq(name.as_str()));
        rows.one(self.tx.of(tenant).await?).await.map_err(port_error)?.map(Model::value).transpose()
    }

    async fn list(&mut self, tenant: &TenantId, page: &PageRequest) -> Result<Page<Toolset>, PortError> {
        let rows = newest_first::<_, ToolsetId>(Entity::in_tenant(tenant), Column::ToolsetId, page)?;
        let found = rows.all(self.tx.of(tenant).await?).await.map_err(port_error)?;
        let toolsets = found.into_iter().map(Model::value).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::from_overfetch(toolsets, page.limit, |toolset| toolset.toolset_id.to_string()))
    }

    async fn update(&mut self, tenant: &TenantId, toolset: &Toolset) -> Result<(), PortError> {
        owned_by(tenant, &toolset.tenant_id)?;
        let mut row = Model::of(toolset)?.into_active_model().reset_all();
        row.name = ActiveValue::NotSet;
        let rows = Entity::update_in_tenant(tenant)
            .set(row)
            .filter(Column::ToolsetId.eq(toolset.toolset_id.as_str()))
            .filter(Column::Version.eq(count(toolset.version.saturating_sub(1))));
        match rows.exec(self.tx.of(tenant).await?).await.map_err(port_error)?.rows_affected {
            1 => Ok(()),
            _ => Err(state_conflict(
                "the toolset has another version than the one that was read, or is absent",
            )),
        }
    }

    async fn delete(&mut self, tenant: &TenantId, id: &ToolsetId) -> Result<(), PortError> {
        let row = Entity::delete_in_tenant(tenant).filter(Column::ToolsetId.eq(id.as_str()));
        row.exec(self.tx.of(tenant).await?).await.map_err(port_error)?;
        Ok(())
    }
}

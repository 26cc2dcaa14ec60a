//! Registered MCP servers, within a unit of work.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::ports::McpServerStore;
use portcullis_schemas::integrations::mcp::server::{McpServer, McpServerStatus};
use portcullis_schemas::paging::{Page, PageRequest};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use self::row::{Column, Entity, Model};
use crate::paging::newest_first;
use crate::rows::{count, port_error, state_conflict};
use crate::tenancy::{TenantRows, owned_by};
use crate::uow::SharedTransaction;

mod row;

/// [`McpServerStore`] on a transaction.
#[derive(Debug)]
pub struct SqlMcpServers {
    tx: SharedTransaction,
}

impl SqlMcpServers {
    pub(crate) fn new(tx: SharedTransaction) -> Self {
        Self { tx }
    }
}

#[async_trait]
impl McpServerStore for SqlMcpServers {
    async fn insert(&mut self, tenant: &TenantId, server: &McpServer) -> Result<(), PortError> {
        owned_by(tenant, &server.tenant_id)?;
        let row = Model::of(server)?.into_active_model();
        Entity::insert(row).exec_without_returning(self.tx.of(tenant).await?).await.map_err(port_error)?;
        Ok(())
    }

    async fn get(&mut self, tenant: &TenantId, id: &ServerId) -> Result<Option<McpServer>, PortError> {
        let rows = Entity::in_tenant(tenant).filter(Column::ServerId.eq(id.as_str()));
        rows.one(self.tx.of(tenant).await?).await.map_err(port_error)?.map(Model::value).transpose()
    }

    async fn find_by_url(&mut self, tenant: &TenantId, url: &str) -> Result<Option<McpServer>, PortError> {
        let rows = Entity::in_tenant(tenant).filter(Column::Url.eq(url)).filter(Column::DeletedAt.is_null());
        rows.one(self.tx.of(tenant).await?).await.map_err(port_error)?.map(Model::value).transpose()
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        states: &[McpServerStatus],
        page: &PageRequest,
    ) -> Result<Page<McpServer>, PortError> {
        let states = states.iter().map(|state| state.as_str());
        let rows = Entity::in_tenant(tenant).filter(Column::Status.is_in(states));
        let rows = newest_first::<_, ServerId>(rows, Column::ServerId, page)?;
        let found = rows.all(self.tx.of(tenant).await?).await.map_err(port_error)?;
        let servers = found.into_iter().map(Model::value).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::from_overfetch(servers, page.limit, |server| server.server_id.to_string()))
    }

    async fn update(&mut self, tenant: &TenantId, server: &McpServer) -> Result<(), PortError> {
        owned_by(tenant, &server.tenant_id)?;
        let changed = Entity::update_in_tenant(tenant)
            .set(Model::of(server)?.into_active_model().reset_all())
            .filter(Column::ServerId.eq(server.server_id.as_str()))
            .filter(Column::Version.eq(count(server.version.saturating_sub(1))))
            .exec(self.tx.of(tenant).await?)
            .await
            .map_err(port_error)?;
        if changed.rows_affected == 1 {
            return Ok(());
        }
        Err(state_conflict("the server has another version than the one that was read, or is absent"))
    }
}

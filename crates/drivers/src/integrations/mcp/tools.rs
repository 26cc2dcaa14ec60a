//! Tools of MCP servers, within a unit of work. Their counters belong to the ledger.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{ServerId, TenantId, ToolId};
use portcullis_schemas::integrations::mcp::ports::{McpToolStore, ToolFilter};
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::paging::{Cursor, Page, PageRequest};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Select,
};

use self::row::{Column, Entity, Model};
use crate::paging::invalid_cursor;
use crate::rows::port_error;
use crate::tenancy::{TenantRows, owned_by};
use crate::uow::SharedTransaction;

mod row;

/// What a re-discovery or an admin may change. Neither the id, the first sight nor the ledger's counters.
const REPLACED: [Column; 20] = [
    Column::Description,
    Column::Definition,
    Column::DefinitionHash,
    Column::PinnedHash,
    Column::Status,
    Column::QuarantineReason,
    Column::Enabled,
    Column::VanishedAt,
    Column::ReadOnlyHint,
    Column::DestructiveHint,
    Column::IdempotentHint,
    Column::OpenWorldHint,
    Column::RiskInferred,
    Column::RiskKnown,
    Column::RiskOverride,
    Column::RiskLevel,
    Column::ApprovedBy,
    Column::ApprovedAt,
    Column::UpdatedAt,
    Column::Version,
];

/// [`McpToolStore`] on a transaction.
#[derive(Debug)]
pub struct SqlMcpTools {
    tx: SharedTransaction,
}

impl SqlMcpTools {
    pub(crate) fn new(tx: SharedTransaction) -> Self {
        Self { tx }
    }

    async fn values(&self, tenant: &TenantId, rows: Select<Entity>) -> Result<Vec<McpTool>, PortError> {
        let found = rows.all(self.tx.of(tenant).await?).await.map_err(port_error)?;
        found.into_iter().map(Model::value).collect()
    }

    /// The cursor of a list by name is the id of the last tool: a name may have characters that a cursor may not.
    async fn place_of(
        &self,
        tenant: &TenantId,
        server: &ServerId,
        cursor: &Cursor,
    ) -> Result<(String, String), PortError> {
        let row = of_server(tenant, server)
            .filter(Column::ToolId.eq(cursor.as_str()))
            .one(self.tx.of(tenant).await?)
            .await
            .map_err(port_error)?;
        row.map(|row| (row.name, row.kind)).ok_or_else(invalid_cursor)
    }
}

#[async_trait]
impl McpToolStore for SqlMcpTools {
    async fn upsert(&mut self, tenant: &TenantId, tools: &[McpTool]) -> Result<(), PortError> {
        for tool in tools {
            owned_by(tenant, &tool.tenant_id)?;
            let known = [Column::TenantId, Column::ServerId, Column::Kind, Column::Name];
            Entity::insert(Model::of(tool).into_active_model())
                .on_conflict(OnConflict::columns(known).update_columns(REPLACED).to_owned())
                .exec_without_returning(self.tx.of(tenant).await?)
                .await
                .map_err(port_error)?;
        }
        Ok(())
    }

    async fn get(
        &mut self,
        tenant: &TenantId,
        server: &ServerId,
        id: &ToolId,
    ) -> Result<Option<McpTool>, PortError> {
        let rows = of_server(tenant, server).filter(Column::ToolId.eq(id.as_str()));
        rows.one(self.tx.of(tenant).await?).await.map_err(port_error)?.map(Model::value).transpose()
    }

    async fn all_of(&mut self, tenant: &TenantId, server: &ServerId) -> Result<Vec<McpTool>, PortError> {
        self.values(tenant, in_order(of_server(tenant, server))).await
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        server: &ServerId,
        filter: &ToolFilter,
        page: &PageRequest,
    ) -> Result<Page<McpTool>, PortError> {
        let mut rows = in_order(of_server(tenant, server)).limit(page.fetch());
        if let Some(kind) = filter.kind {
            rows = rows.filter(Column::Kind.eq(kind.as_str()));
        }
        if let Some(status) = filter.status {
            rows = rows.filter(Column::Status.eq(status.as_str()));
        }
        if let Some(cursor) = &page.cursor {
            let (name, kind) = self.place_of(tenant, server, cursor).await?;
            let namesake = Condition::all().add(Column::Name.eq(name.as_str())).add(Column::Kind.gt(kind));
            rows = rows.filter(Condition::any().add(Column::Name.gt(name)).add(namesake));
        }
        let tools = self.values(tenant, rows).await?;
        Ok(Page::from_overfetch(tools, page.limit, |tool| tool.tool_id.to_string()))
    }
}

fn in_order(rows: Select<Entity>) -> Select<Entity> {
    rows.order_by_asc(Column::Name).order_by_asc(Column::Kind)
}

fn of_server(tenant: &TenantId, server: &ServerId) -> Select<Entity> {
    Entity::in_tenant(tenant).filter(Column::ServerId.eq(server.as_str()))
}

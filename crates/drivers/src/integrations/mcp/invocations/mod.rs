//! The immutable rows of governed calls. The ledger writes them; here they are read.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{InvocationId, TenantId};
use portcullis_schemas::integrations::mcp::invocation::{InvocationOutcome, McpToolInvocation};
use portcullis_schemas::integrations::mcp::ports::{InvocationFilter, McpInvocationStore};
use portcullis_schemas::paging::{Page, PageRequest};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, QueryFilter};

use self::rows::{Column, Entity};
use crate::paging::newest_first;
use crate::rows::port_error;
use crate::tenancy::TenantRows;
use crate::uow::SharedTransaction;

mod counters;
mod rows;

pub(crate) use self::counters::Counters;
pub(crate) use self::rows::{Model as InvocationRow, row as invocation_row};

/// Invocations of a tenant, within a unit of work.
#[derive(Debug)]
pub struct SqlMcpInvocations {
    tx: SharedTransaction,
}

impl SqlMcpInvocations {
    pub(crate) fn new(tx: SharedTransaction) -> Self {
        Self { tx }
    }
}

#[async_trait]
impl McpInvocationStore for SqlMcpInvocations {
    async fn get(
        &mut self,
        tenant: &TenantId,
        id: &InvocationId,
    ) -> Result<Option<McpToolInvocation>, PortError> {
        let row = Entity::in_tenant(tenant)
            .filter(Column::InvocationId.eq(id.as_str()))
            .one(self.tx.of_record(tenant).await?)
            .await;
        row.map_err(port_error)?.map(rows::invocation).transpose()
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        filter: &InvocationFilter,
        page: &PageRequest,
    ) -> Result<Page<McpToolInvocation>, PortError> {
        let mut found = Entity::in_tenant(tenant);
        if let Some(server) = &filter.server {
            found = found.filter(Column::ServerId.eq(server.as_str()));
        }
        if let Some(run) = &filter.run {
            found = found.filter(Column::RunId.eq(run.as_str()));
        }
        if let Some(outcome) = filter.outcome {
            found = found.filter(Column::Outcome.eq(outcome.as_str()));
            // In the words of the partial index, without which the planner may not use it.
            if outcome != InvocationOutcome::Success {
                found = found.filter(Expr::cust("outcome <> 'success'"));
            }
        }
        let found = newest_first::<_, InvocationId>(found, Column::InvocationId, page)?;
        let found = found.all(self.tx.of_record(tenant).await?).await.map_err(port_error)?;
        let invocations = found.into_iter().map(rows::invocation).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::from_overfetch(invocations, page.limit, |row| row.facts.invocation_id.to_string()))
    }
}

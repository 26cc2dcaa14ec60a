//! Approvals of calls, within a unit of work. The ledger adds them and uses them up: [`approval_row`], [`Usable`].

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{ApprovalId, KeyId, TenantId};
use portcullis_schemas::integrations::approvals::ports::ApprovalStore;
use portcullis_schemas::integrations::approvals::{ApprovalStatus, CallApproval, StoredApproval};
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, QueryOrder, Select};

use self::row::{Column, Entity, Model};
use crate::paging::newest_first;
use crate::rows::{count, micros_if, port_error, state_conflict};
use crate::tenancy::{TenantRows, owned_by};
use crate::uow::SharedTransaction;

mod row;
mod used;

pub(crate) use self::row::{Model as ApprovalRow, row as approval_row};
pub(crate) use self::used::{Usable, give_back, read_usable, use_up};

/// [`ApprovalStore`] on a transaction.
#[derive(Debug)]
pub struct SqlApprovals {
    tx: SharedTransaction,
}

impl SqlApprovals {
    pub(crate) fn new(tx: SharedTransaction) -> Self {
        Self { tx }
    }
}

#[async_trait]
impl ApprovalStore for SqlApprovals {
    async fn get(&mut self, tenant: &TenantId, id: &ApprovalId) -> Result<Option<StoredApproval>, PortError> {
        let row = Entity::in_tenant(tenant).filter(Column::ApprovalId.eq(id.as_str()));
        let found = row.one(self.tx.of_record(tenant).await?).await.map_err(port_error)?;
        found.map(Model::stored).transpose()
    }

    async fn newest(&mut self, tenant: &TenantId, binding: &str) -> Result<Option<CallApproval>, PortError> {
        let rows =
            Entity::in_tenant(tenant).filter(Column::Binding.eq(binding)).order_by_desc(Column::ApprovalId);
        let found = rows.one(self.tx.of_record(tenant).await?).await.map_err(port_error)?;
        found.map(Model::approval).transpose()
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        status: Option<ApprovalStatus>,
        now: Timestamp,
        page: &PageRequest,
    ) -> Result<Page<CallApproval>, PortError> {
        let rows = match status {
            Some(status) => standing(Entity::in_tenant(tenant), status, now),
            None => Entity::in_tenant(tenant),
        };
        let rows = newest_first::<_, ApprovalId>(rows, Column::ApprovalId, page)?;
        let found = rows.all(self.tx.of_record(tenant).await?).await.map_err(port_error)?;
        let found = found.into_iter().map(|row| Ok(row.approval()?.at(now)));
        let found = found.collect::<Result<Vec<_>, PortError>>()?;
        Ok(Page::from_overfetch(found, page.limit, |approval| approval.approval_id.to_string()))
    }

    async fn pending_of(&mut self, tenant: &TenantId, key: &KeyId, now: Timestamp) -> Result<u64, PortError> {
        let rows = standing(Entity::in_tenant(tenant), ApprovalStatus::Pending, now)
            .filter(Column::RequestedBy.eq(key.as_str()));
        rows.count(self.tx.of_record(tenant).await?).await.map_err(port_error)
    }

    async fn decide(&mut self, tenant: &TenantId, approval: &CallApproval) -> Result<(), PortError> {
        owned_by(tenant, &approval.tenant_id)?;
        let undecided: &[_] = match approval.status {
            ApprovalStatus::Denied => &[ApprovalStatus::Pending, ApprovalStatus::Granted],
            _ => &[ApprovalStatus::Pending],
        };
        let written = Entity::update_in_tenant(tenant)
            .filter(Column::ApprovalId.eq(approval.approval_id.as_str()))
            .filter(Column::Status.is_in(undecided.iter().map(|status| status.as_str())))
            .filter(Column::Version.eq(count(approval.version.saturating_sub(1))))
            .col_expr(Column::Status, Expr::value(approval.status.as_str()))
            .col_expr(Column::DecidedBy, Expr::value(approval.decided_by.clone()))
            .col_expr(Column::DecidedAt, Expr::value(micros_if(approval.decided_at)))
            .col_expr(Column::Reason, Expr::value(approval.reason.clone()))
            .col_expr(Column::Version, Expr::value(count(approval.version)))
            .exec(self.tx.of_record(tenant).await?)
            .await
            .map_err(port_error)?;
        match written.rows_affected {
            1 => Ok(()),
            _ => Err(state_conflict("the approval was decided on meanwhile, or is not there")),
        }
    }
}

/// Rows that stand so at this time: what has run out is stored as it stood before.
fn standing(rows: Select<Entity>, status: ApprovalStatus, now: Timestamp) -> Select<Entity> {
    let running = [ApprovalStatus::Pending, ApprovalStatus::Granted];
    let now = now.as_micros();
    match status {
        ApprovalStatus::Expired => rows
            .filter(Column::Status.is_in(running.map(|status| status.as_str())))
            .filter(Column::ExpiresAt.lte(now)),
        status if running.contains(&status) => {
            rows.filter(Column::Status.eq(status.as_str())).filter(Column::ExpiresAt.gt(now))
        }
        status => rows.filter(Column::Status.eq(status.as_str())),
    }
}

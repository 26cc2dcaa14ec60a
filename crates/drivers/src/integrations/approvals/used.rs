//! Whether an approval can be used, and its use: for the ledger, in the transaction of the record.

use portcullis_schemas::PortError;
use portcullis_schemas::ids::{ApprovalId, IntentId, TenantId};
use portcullis_schemas::integrations::approvals::ApprovalStatus;
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryTrait};

use super::row::{Column, Entity};
use crate::bulk::{Script, padded};
use crate::rows::port_error;
use crate::tenancy::TenantRows;

/// A granted approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Usable {
    pub(crate) tenant: String,
    pub(crate) approval: String,
    pub(crate) expires_at: Timestamp,
}

/// Those of these approvals that are granted and not used.
pub(crate) async fn read_usable<C: ConnectionTrait>(
    connection: &C,
    approvals: Vec<&str>,
) -> Result<Vec<Usable>, PortError> {
    let rows = Entity::find()
        .filter(Column::ApprovalId.is_in(padded(approvals)))
        .filter(Column::Status.eq(ApprovalStatus::Granted.as_str()));
    let found = rows.all(connection).await.map_err(port_error)?;
    let usable = |row: super::row::Model| Usable {
        tenant: row.tenant_id,
        approval: row.approval_id,
        expires_at: Timestamp::from_micros(row.expires_at),
    };
    Ok(found.into_iter().map(usable).collect())
}

/// Marks an approval as used by an intent. If another writer was faster, no row changes, and all that was written goes.
pub(crate) fn use_up(script: &mut Script, tenant: &TenantId, approval: &ApprovalId, intent: &IntentId) {
    let update = Entity::update_in_tenant(tenant)
        .filter(Column::ApprovalId.eq(approval.as_str()))
        .filter(Column::Status.eq(ApprovalStatus::Granted.as_str()))
        .col_expr(Column::Status, Expr::value(ApprovalStatus::Used.as_str()))
        .col_expr(Column::UsedBy, Expr::value(intent.as_str()))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1));
    script.add(&update.into_query(), 1);
}

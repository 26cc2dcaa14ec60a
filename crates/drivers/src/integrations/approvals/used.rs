//! Whether an approval can be used, and its use: for the ledger, in the transaction of the record.

use portcullis_schemas::PortError;
use portcullis_schemas::ids::{ApprovalId, IntentId, TenantId};
use portcullis_schemas::integrations::approvals::ApprovalStatus;
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect, QueryTrait};

use super::row::{Column, Entity};
use crate::bulk::{Script, padded};
use crate::database::{Row, Session};
use crate::tenancy::TenantRows;

/// A granted approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Usable {
    pub(crate) tenant: String,
    pub(crate) approval: String,
    pub(crate) expires_at: Timestamp,
}

/// Those of these approvals that are granted and not used.
pub(crate) async fn read_usable(
    session: &dyn Session,
    approvals: Vec<&str>,
) -> Result<Vec<Usable>, PortError> {
    let query = Entity::find()
        .select_only()
        .columns([Column::TenantId, Column::ApprovalId, Column::ExpiresAt])
        .filter(Column::ApprovalId.is_in(padded(approvals)))
        .filter(Column::Status.eq(ApprovalStatus::Granted.as_str()));
    let found = session.read(&query.into_query()).await?;
    let usable = |row: &Row| {
        let expires_at = Timestamp::from_micros(row.number(2)?);
        Ok(Usable { tenant: row.text(0)?, approval: row.text(1)?, expires_at })
    };
    found.iter().map(usable).collect()
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

/// Marks an approval that this intent used up as granted again.
pub(crate) fn give_back(script: &mut Script, tenant: &TenantId, approval: &ApprovalId, intent: &IntentId) {
    let update = Entity::update_in_tenant(tenant)
        .filter(Column::ApprovalId.eq(approval.as_str()))
        .filter(Column::UsedBy.eq(intent.as_str()))
        .col_expr(Column::Status, Expr::value(ApprovalStatus::Granted.as_str()))
        .col_expr(Column::UsedBy, Expr::value(None::<String>))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1));
    script.add(&update.into_query(), 1);
}

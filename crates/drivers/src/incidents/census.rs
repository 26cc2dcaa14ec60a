//! How many incidents are not resolved, over all tenants: for the operator's metrics, which name no tenant.

use portcullis_schemas::PortError;
use portcullis_schemas::incidents::{IncidentSeverity, IncidentStatus};
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, QueryFilter, QuerySelect};

use super::rows::{Column, Entity};
use crate::database::Database;
use crate::rows::{port_error, stored, uncount};

/// Unresolved incidents by severity and status; kinds of which there is none are left out.
///
/// # Errors
/// When the database cannot be read.
pub async fn unresolved(
    database: &Database,
) -> Result<Vec<(IncidentSeverity, IncidentStatus, u64)>, PortError> {
    let rows: Vec<(String, String, i64)> = Entity::find()
        .select_only()
        .columns([Column::Severity, Column::Status])
        .expr(Expr::cust("COUNT(*)"))
        // As the partial index says it.
        .filter(Expr::cust("status <> 'resolved'"))
        .group_by(Column::Severity)
        .group_by(Column::Status)
        .into_tuple()
        .all(database.reader())
        .await
        .map_err(port_error)?;
    rows.into_iter()
        .map(|(severity, status, count)| {
            Ok((
                stored("severity", severity.parse())?,
                stored("status", status.parse())?,
                uncount("count", count)?,
            ))
        })
        .collect()
}

//! For the ledger: how the runs of a batch stand, what they become, and which are old enough to be forgotten.

use std::collections::BTreeSet;

use portcullis_schemas::PortError;
use portcullis_schemas::integrations::flows::DataFlows;
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::sea_query::{Expr, LockBehavior, LockType, OnConflict, Order, Query};
use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QuerySelect, QueryTrait,
};

use super::row::{Column, Entity, Model};
use crate::bulk::padded;
use crate::database::{Row, Session};
use crate::rows::{from_json, to_json};

/// A run by its columns: tenant, key, run.
pub(crate) type StoredRun = (String, String, String);

/// What is stored of these runs. Columns are looked up apart, which may find more than was asked for.
pub(crate) async fn read_runs(
    session: &dyn Session,
    runs: &BTreeSet<StoredRun>,
) -> Result<Vec<(StoredRun, DataFlows)>, PortError> {
    let distinct = |part: fn(&StoredRun) -> &String| {
        padded(runs.iter().map(part).collect::<BTreeSet<_>>().into_iter().cloned().collect::<Vec<_>>())
    };
    let query = Entity::find()
        .select_only()
        .columns([Column::TenantId, Column::KeyId, Column::RunId, Column::Flows])
        .filter(Column::TenantId.is_in(distinct(|run| &run.0)))
        .filter(Column::KeyId.is_in(distinct(|run| &run.1)))
        .filter(Column::RunId.is_in(distinct(|run| &run.2)));
    let found = session.read(&query.into_query()).await?;
    let value = |row: &Row| {
        let flows = from_json("run_flows.flows", &row.text(3)?)?;
        Ok(((row.text(0)?, row.text(1)?, row.text(2)?), flows))
    };
    found.iter().map(value).collect()
}

/// Writes what runs have become, over what was there.
pub(crate) async fn write_runs(
    session: &dyn Session,
    runs: Vec<(StoredRun, DataFlows, Timestamp)>,
) -> Result<(), PortError> {
    for ((tenant_id, key_id, run_id), flows, at) in runs {
        let row = Model { tenant_id, key_id, run_id, flows: to_json(&flows)?, updated_at: at.as_micros() };
        let replace = OnConflict::columns([Column::TenantId, Column::KeyId, Column::RunId])
            .update_columns([Column::Flows, Column::UpdatedAt])
            .to_owned();
        let insert = Entity::insert(row.into_active_model()).on_conflict(replace);
        session.change(&insert.into_query()).await?;
    }
    Ok(())
}

/// Deletes runs of all tenants whose last call is older than `before`, oldest first, at most `limit`; how many. One that goes on
/// meanwhile stays.
pub(crate) async fn forget_runs(
    session: &dyn Session,
    before: Timestamp,
    limit: u16,
) -> Result<u64, PortError> {
    let key = [Column::TenantId, Column::KeyId, Column::RunId];
    let mut old = Query::select();
    old.columns(key)
        .from(Entity)
        .and_where(Expr::col(Column::UpdatedAt).lt(before.as_micros()))
        .order_by(Column::UpdatedAt, Order::Asc)
        .limit(u64::from(limit));
    if session.engine() == DbBackend::Postgres {
        // Replicas that do this at the same time take different rows instead of waiting for one another.
        old.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let old = Expr::tuple(key.map(Expr::col)).in_subquery(old);
    session.change(&Entity::delete_many().filter(old).into_query()).await
}

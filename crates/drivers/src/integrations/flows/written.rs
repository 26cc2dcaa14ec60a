//! For the ledger: how the runs of a batch stand, what they become, and which are old enough to be forgotten.

use std::collections::BTreeSet;

use portcullis_schemas::PortError;
use portcullis_schemas::integrations::flows::DataFlows;
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::sea_query::{OnConflict, Order};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

use super::row::{Column, Entity, Model};
use crate::bulk::padded;
use crate::rows::{port_error, to_json};

/// A run by its columns: tenant, key, run.
pub(crate) type StoredRun = (String, String, String);

/// What is stored of these runs. Columns are looked up apart, which may find more than was asked for.
pub(crate) async fn read_runs<C: ConnectionTrait>(
    connection: &C,
    runs: &BTreeSet<StoredRun>,
) -> Result<Vec<(StoredRun, DataFlows)>, PortError> {
    let distinct = |part: fn(&StoredRun) -> &String| {
        padded(runs.iter().map(part).collect::<BTreeSet<_>>().into_iter().cloned().collect::<Vec<_>>())
    };
    let rows = Entity::find()
        .filter(Column::TenantId.is_in(distinct(|run| &run.0)))
        .filter(Column::KeyId.is_in(distinct(|run| &run.1)))
        .filter(Column::RunId.is_in(distinct(|run| &run.2)));
    let found = rows.all(connection).await.map_err(port_error)?;
    let value = |row: Model| {
        let flows = row.value()?.flows;
        Ok(((row.tenant_id, row.key_id, row.run_id), flows))
    };
    found.into_iter().map(value).collect()
}

/// Writes what runs have become, over what was there.
pub(crate) async fn write_runs<C: ConnectionTrait>(
    connection: &C,
    runs: Vec<(StoredRun, DataFlows, Timestamp)>,
) -> Result<(), PortError> {
    for ((tenant_id, key_id, run_id), flows, at) in runs {
        let row = Model { tenant_id, key_id, run_id, flows: to_json(&flows)?, updated_at: at.as_micros() };
        let replace = OnConflict::columns([Column::TenantId, Column::KeyId, Column::RunId])
            .update_columns([Column::Flows, Column::UpdatedAt])
            .to_owned();
        let insert = Entity::insert(row.into_active_model()).on_conflict(replace);
        insert.exec_without_returning(connection).await.map_err(port_error)?;
    }
    Ok(())
}

/// Deletes runs of all tenants whose last call is older than `before`, oldest first, at most `limit`.
pub(crate) async fn forget_runs<C: ConnectionTrait>(
    connection: &C,
    before: Timestamp,
    limit: u16,
) -> Result<(), PortError> {
    let oldest = Entity::find()
        .filter(Column::UpdatedAt.lt(before.as_micros()))
        .order_by(Column::UpdatedAt, Order::Asc)
        .limit(u64::from(limit));
    let old = oldest.all(connection).await.map_err(port_error)?;
    for row in old {
        // One that has gone on meanwhile stays.
        Entity::delete_many()
            .filter(Column::TenantId.eq(row.tenant_id))
            .filter(Column::KeyId.eq(row.key_id))
            .filter(Column::RunId.eq(row.run_id))
            .filter(Column::UpdatedAt.eq(row.updated_at))
            .exec(connection)
            .await
            .map_err(port_error)?;
    }
    Ok(())
}

//! Finding events: by type, and by what they are about.

use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::event::AuditEventType;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};

use super::rows::{event, subject};
use super::subjects::{indexed_to, is_about};
use crate::database::Session;
use crate::rows::port_error;
use crate::tenancy::TenantRows;

/// A type that no index finds, since the next event of it is never far: one stands before each call, let through or not.
const COMMON: AuditEventType = AuditEventType::ToolInvocationRequested;
/// The condition of the index of all others, to the letter: a database does not look through the values of a query.
const RARE: &str = "\"event_type\" <> 'tool_invocation.requested'";

/// Events of these types, or of all if none is named.
pub(super) fn of_types(tenant: &TenantId, types: &[AuditEventType]) -> Select<event::Entity> {
    let rows = event::Entity::in_tenant(tenant);
    if types.is_empty() {
        return rows;
    }
    let rows = rows.filter(event::Column::EventType.is_in(types.iter().map(|kind| kind.as_str())));
    // The condition of the index has to be said for it to be used.
    if types.contains(&COMMON) { rows } else { rows.filter(Expr::cust(RARE)) }
}

/// The records of those of `rows`, newest first, that stand before a place in the chain and are about a thing. What the
/// index does not hold yet comes first.
pub(super) async fn about<C: ConnectionTrait + Session>(
    connection: &C,
    rows: Select<event::Entity>,
    before: i64,
    about: (&TenantId, &str),
    limit: u64,
) -> Result<Vec<String>, PortError> {
    let (tenant, id) = about;
    let indexed = indexed_to(connection, tenant).await?;
    let recent = rows.clone().filter(event::Column::Sequence.gt(indexed));
    let mut found = records(connection, newest(recent, before)).await?;
    found.retain(|record| is_about(record, id));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let left = limit - found.len() as u64;
    if left > 0 {
        let before = before.min(indexed + 1);
        // Bounded here too: a database may make a list of all that this finds.
        let about = subject::Entity::in_tenant(tenant)
            .select_only()
            .column(subject::Column::Sequence)
            .filter(subject::Column::SubjectId.eq(id))
            .filter(subject::Column::Sequence.lt(before))
            .into_query();
        let older = rows.filter(event::Column::Sequence.in_subquery(about));
        found.extend(records(connection, newest(older, before).limit(left)).await?);
    }
    Ok(found)
}

/// Those before a place in the chain, newest first.
pub(super) fn newest(rows: Select<event::Entity>, before: i64) -> Select<event::Entity> {
    rows.filter(event::Column::Sequence.lt(before)).order_by_desc(event::Column::Sequence)
}

/// Their records alone.
pub(super) async fn records<C: ConnectionTrait>(
    connection: &C,
    rows: Select<event::Entity>,
) -> Result<Vec<String>, PortError> {
    let records = rows.select_only().column(event::Column::Record).into_tuple();
    records.all(connection).await.map_err(port_error)
}

#[cfg(test)]
mod tests {
    use sea_orm::DbBackend;

    use super::*;
    use crate::database::{Database, DatabaseOptions};

    #[tokio::test]
    async fn an_index_finds_events_of_rare_types() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("p.db").display());
        let database = Database::open(&url, DatabaseOptions::default()).await.unwrap();
        let tenant = TenantId::from_trusted("t_a").unwrap();
        let denied = AuditEventType::ToolInvocationDenied;
        let table = [
            (vec![denied], true),
            (vec![denied, AuditEventType::PolicyPut], true),
            (vec![denied, COMMON], false),
            (vec![COMMON], false),
        ];
        for (types, by_type) in table {
            let mut query = DbBackend::Sqlite.build(&of_types(&tenant, &types).into_query());
            query.sql = format!("EXPLAIN QUERY PLAN {}", query.sql);
            let rows = database.reader().query_all_raw(query).await.unwrap();
            let plan: String = rows.iter().map(|row| row.try_get::<String>("", "detail").unwrap()).collect();
            assert_eq!(plan.contains("audit_events_by_rare_type"), by_type, "{types:?}: {plan}");
        }
    }

    #[test]
    fn the_condition_of_the_index_names_the_common_type() {
        assert_eq!(RARE, format!("\"event_type\" <> '{}'", COMMON.as_str()));
    }
}

//! Intents that nobody settles any more: how they are found and taken from their instance.

use portcullis_schemas::PortError;
use portcullis_schemas::ids::{IntentId, TenantId};
use portcullis_schemas::logs::ledger::{AbandonedIntent, LONGEST_OPEN};
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::sea_query::{Expr, JoinType, Order, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryTrait,
};

use super::disowned::Orphan;
use super::rows::open_intent;
use crate::bulk::padded;
use crate::database::Session;
use crate::rows::{from_json, port_error, stored, tenant as stored_tenant};

/// The instance of intents that were disowned. It has no lease, so they count as abandoned.
const NOBODY: &str = "nobody";

/// Open intents whose instance has no lease that reaches `now`, or that are open for too long; oldest first.
///
/// One that cannot be read is logged and left, and takes no place: it must not keep the others from being closed.
pub(super) async fn abandoned<C: ConnectionTrait>(
    connection: &C,
    now: Timestamp,
    limit: u16,
) -> Result<Vec<AbandonedIntent>, PortError> {
    let (mut intents, mut seen) = (Vec::new(), 0);
    loop {
        let most = u64::from(limit) - intents.len() as u64;
        let page = left_open(now).limit(most).offset(seen).to_owned();
        let rows = connection.query_all(&page).await.map_err(port_error)?;
        let found = rows.len() as u64;
        seen += found;
        for row in rows {
            let row: (String, String, String, i64) = row.try_get_many_by_index().map_err(port_error)?;
            let intent_id = row.1.clone();
            match read(row) {
                Ok(intent) => intents.push(intent),
                Err(error) => tracing::error!(intent_id, %error, "an abandoned intent cannot be read"),
            }
        }
        if found < most || intents.len() == usize::from(limit) {
            return Ok(intents);
        }
    }
}

/// Whether the intent is this tenant's and open.
pub(super) async fn is_open<C: ConnectionTrait>(
    connection: &C,
    tenant: &TenantId,
    intent: &IntentId,
) -> Result<bool, PortError> {
    let open = open_intent::Entity::find()
        .filter(open_intent::Column::IntentId.eq(intent.as_str()))
        .filter(open_intent::Column::TenantId.eq(tenant.as_str()));
    Ok(open.count(connection).await.map_err(port_error)? == 1)
}

/// Takes intents from their instance, so that [`abandoned`] finds those that are open. As many as fit into a statement.
pub(super) async fn disown(session: &dyn Session, orphans: &[Orphan]) -> Result<(), PortError> {
    if orphans.is_empty() {
        return Ok(());
    }
    let intents: Vec<&str> = orphans.iter().map(|orphan| orphan.intent.as_str()).collect();
    let update = open_intent::Entity::update_many()
        .filter(open_intent::Column::IntentId.is_in(padded(intents)))
        .col_expr(open_intent::Column::InstanceId, Expr::value(NOBODY));
    session.change(&update.into_query()).await.map(drop)
}

fn left_open(now: Timestamp) -> SelectStatement {
    let (open, lease) = ("open_intents", ("instances", "lease_until"));
    let longest = i64::try_from(LONGEST_OPEN.as_micros()).unwrap_or(i64::MAX);
    let too_long = Expr::col((open, "recorded_at")).lt(now.as_micros().saturating_sub(longest));
    Query::select()
        .column((open, "tenant_id"))
        .column((open, "intent_id"))
        .column(("mcp_tool_intents", "subject"))
        .column((open, "recorded_at"))
        .from(open)
        .join(
            JoinType::InnerJoin,
            "mcp_tool_intents",
            Expr::col(("mcp_tool_intents", "intent_id")).equals((open, "intent_id")),
        )
        .join(
            JoinType::LeftJoin,
            "instances",
            Expr::col(("instances", "instance_id")).equals((open, "instance_id")),
        )
        .and_where(Expr::col(lease).is_null().or(Expr::col(lease).lt(now.as_micros())).or(too_long))
        .order_by((open, "recorded_at"), Order::Asc)
        .order_by((open, "intent_id"), Order::Asc)
        .to_owned()
}

fn read(
    (tenant, intent, subject, recorded_at): (String, String, String, i64),
) -> Result<AbandonedIntent, PortError> {
    Ok(AbandonedIntent {
        tenant: stored_tenant(&tenant)?,
        intent_id: stored("intent_id", intent.parse())?,
        subject: from_json("subject", &subject)?,
        recorded_at: Timestamp::from_micros(recorded_at),
    })
}

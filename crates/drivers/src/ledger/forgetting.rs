//! Idempotency keys, and what runs have touched, that are old enough to be forgotten.

use portcullis_schemas::PortError;
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::sea_query::{Expr, LockBehavior, LockType, Order, Query};
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, ExprTrait, QueryFilter, QueryTrait};

use super::rows::claim;
use crate::database::Session;
use crate::integrations::flows::forget_runs;

/// Deletes keys of all tenants that were first used before `before`, oldest first, at most `limit`, and as many runs;
/// how many keys or runs these were, whichever is more. One whose first request has not ended stays: its settlement will look for it.
pub(super) async fn forget(session: &dyn Session, before: Timestamp, limit: u16) -> Result<u64, PortError> {
    let mut old = Query::select();
    old.column("intent_id")
        .from("idempotency_keys")
        .and_where(Expr::col("created_at").lt(before.as_micros()))
        .and_where(Expr::col("state").ne(claim::IN_FLIGHT))
        .order_by("created_at", Order::Asc)
        .limit(u64::from(limit));
    if session.engine() == DbBackend::Postgres {
        // Replicas that do this at the same time take different rows instead of waiting for one another.
        old.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let delete = claim::Entity::delete_many().filter(claim::Column::IntentId.in_subquery(old));
    let keys = session.change(&delete.into_query()).await?;
    let runs = forget_runs(session, before, limit).await?;
    Ok(Ord::max(keys, runs))
}

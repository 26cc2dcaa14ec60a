//! One writer at a time for each tenant, over all replicas. What a transaction has read of a tenant then stays true
//! until it ends, and the tenant's chain gets no gap and no fork.
//!
//! On SQLite the one write lock does all of this. On PostgreSQL a transaction takes an advisory lock of the tenant
//! before it looks at the tenant's rows; the end of the transaction frees it, also when its process dies. The locks
//! order writers; what refuses a second event with one sequence number is the primary key, lock or no lock.

use std::collections::BTreeSet;

use portcullis_schemas::ids::TenantId;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

/// Sets these locks apart from other uses of advisory locks in one database: `tenants_` in ASCII.
const SEED: i64 = 0x7465_6e61_6e74_735f;
/// Locks are taken in the order of the list, so that two transactions with several tenants never wait for each other.
/// A tenant's id holds no comma.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended(tenant, $1)) \
                    FROM unnest(string_to_array($2, ',')) AS tenant";

/// Which of the list are free now; their locks are taken.
const TRY: &str = "SELECT tenant, pg_try_advisory_xact_lock(hashtextextended(tenant, $1)) AS free \
                   FROM unnest(string_to_array($2, ',')) AS tenant";

/// Takes the locks of those of these tenants that no other writer keeps, without waiting for any. Those, in their order.
pub(super) async fn take_free<C: ConnectionTrait>(
    connection: &C,
    tenants: &BTreeSet<&TenantId>,
) -> Result<BTreeSet<TenantId>, DbErr> {
    let mut free = BTreeSet::new();
    for row in connection.query_all_raw(statement(TRY, tenants)).await? {
        if row.try_get("", "free")? {
            let tenant: String = row.try_get("", "tenant")?;
            free.extend(tenants.iter().filter(|one| one.as_str() == tenant).map(|one| (*one).clone()));
        }
    }
    Ok(free)
}

/// Waits for the locks of these tenants, in their order; at most for the session's `lock_timeout` each.
pub(super) async fn take<C: ConnectionTrait>(
    connection: &C,
    tenants: &BTreeSet<&TenantId>,
) -> Result<(), DbErr> {
    if tenants.is_empty() {
        return Ok(());
    }
    connection.execute_raw(statement(LOCK, tenants)).await.map(drop)
}

fn statement(text: &str, tenants: &BTreeSet<&TenantId>) -> Statement {
    let list = tenants.iter().map(|tenant| tenant.as_str()).collect::<Vec<_>>().join(",");
    Statement::from_sql_and_values(DbBackend::Postgres, text, [SEED.into(), list.into()])
}

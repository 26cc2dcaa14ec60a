//! `mcp_tool_intents`, `open_intents`, `instances` and `idempotency_keys`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob_null, boolean, text};

use super::one_of;
use crate::table::create_table;

pub(crate) const INTENTS: &str = "mcp_tool_intents";
pub(crate) const OPEN: &str = "open_intents";

pub(super) async fn create(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let intents = of_known_kinds(intents(INTENTS));
    for table in [intents, open_intents(OPEN, INTENTS), instances(), idempotency_keys()] {
        create_table(manager, table).await?;
    }
    manager
        .create_index(
            Index::create()
                .name("idempotency_keys_by_intent")
                .table("idempotency_keys")
                .col("intent_id")
                .unique()
                .take(),
        )
        .await
}

/// What was about to be done. Append-only.
pub(crate) fn intents(name: &'static str) -> TableCreateStatement {
    Table::create()
        .table(name)
        .col(text("intent_id").primary_key())
        .col(text("tenant_id"))
        .col(text("kind"))
        .col(text("instance_id"))
        .col(text("subject"))
        .col(big_integer("recorded_at"))
        .take()
}

/// The rule that this table of intents began with.
pub(crate) fn of_known_kinds(mut intents: TableCreateStatement) -> TableCreateStatement {
    intents.check(one_of("kind", &["invoke_tool", "discover_tools", "health_check"])).take()
}

/// The intents that have not been settled. A settlement deletes its row: who deletes it, settles.
pub(crate) fn open_intents(name: &'static str, intents: &'static str) -> TableCreateStatement {
    Table::create()
        .table(name)
        .col(text("intent_id").primary_key())
        .col(text("tenant_id"))
        .col(text("instance_id"))
        .col(boolean("claimed"))
        .col(big_integer("recorded_at"))
        .foreign_key(
            ForeignKey::create()
                .name("open_intents_intent")
                .from(name, "intent_id")
                .to(intents, "intent_id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// Until when each process is known to be alive.
fn instances() -> TableCreateStatement {
    Table::create()
        .table("instances")
        .col(text("instance_id").primary_key())
        .col(big_integer("lease_until"))
        .take()
}

/// What became of requests with an idempotency key. `answer` is sealed by the vault.
fn idempotency_keys() -> TableCreateStatement {
    Table::create()
        .table("idempotency_keys")
        .col(text("tenant_id"))
        .col(text("key_id"))
        .col(text("operation"))
        .col(text("idempotency_key"))
        .col(text("request_hash"))
        .col(text("intent_id"))
        .col(text("state"))
        .col(blob_null("answer"))
        .col(big_integer("created_at"))
        .primary_key(Index::create().col("tenant_id").col("key_id").col("operation").col("idempotency_key"))
        .check(one_of("state", &["in_flight", "ended", "unknown"]))
        .check(Expr::cust("(state = 'ended') = (answer IS NOT NULL)"))
        .take()
}

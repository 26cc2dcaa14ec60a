//! The durable trail: audit events, intents, invocations, incidents, idempotency keys and instance leases.
//!
//! Four tables are append-only; [`append_only`](crate::append_only) puts triggers on them. The triggers are a tripwire against mistakes,
//! not a wall against an owner of the database: tampering shows in the hash chain.

use sea_orm_migration::prelude::*;

use crate::append_only;

mod incidents;
pub(crate) mod intents;
mod invocations;
pub(crate) mod trail;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

/// Tables whose rows are inserted once and never changed, and when a row to be inserted is there already.
const APPEND_ONLY: [(&str, &str); 4] = [
    ("audit_events", "(tenant_id = NEW.tenant_id AND sequence = NEW.sequence) OR event_id = NEW.event_id"),
    ("mcp_tool_intents", "intent_id = NEW.intent_id"),
    ("mcp_tool_invocations", "tenant_id = NEW.tenant_id AND invocation_id = NEW.invocation_id"),
    (
        "tool_policy_versions",
        "tenant_id = NEW.tenant_id AND policy_id = NEW.policy_id AND version = NEW.version",
    ),
];

#[expect(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and an implementation must do as the trait does"
)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        trail::create(manager).await?;
        incidents::create(manager).await?;
        intents::create(manager).await?;
        invocations::create(manager).await?;
        append_only::install(manager, &APPEND_ONLY).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        append_only::remove(manager, &APPEND_ONLY).await?;
        append_only::remove_function(manager).await?;
        for table in [
            "mcp_tool_invocations",
            "idempotency_keys",
            "open_intents",
            "instances",
            "mcp_tool_intents",
            "incidents",
            "audit_event_subjects",
            "audit_events",
        ] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// `"column" IN ('a', 'b')`, for CHECK constraints.
fn one_of(column: &'static str, values: &[&'static str]) -> Expr {
    Expr::col(column).is_in(values.iter().copied())
}

//! `mcp_tool_invocations`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, text, text_null};

use super::one_of;
use crate::table::create_table;

pub(super) async fn create(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(manager, invocations()).await?;
    let by_server = index("mcp_tool_invocations_by_server", "server_id").take();
    let by_run =
        index("mcp_tool_invocations_by_run", "run_id").and_where(Expr::col("run_id").is_not_null()).take();
    // Most calls succeed; what did not is what people look for.
    let by_outcome = index("mcp_tool_invocations_not_successful", "outcome")
        .and_where(Expr::col("outcome").ne("success"))
        .take();
    for index in [by_server, by_run, by_outcome] {
        manager.create_index(index).await?;
    }
    Ok(())
}

/// Newest first within one value of `column`.
fn index(name: &'static str, column: &'static str) -> IndexCreateStatement {
    Index::create()
        .name(name)
        .table("mcp_tool_invocations")
        .col("tenant_id")
        .col(column)
        .col("invocation_id")
        .take()
}

fn invocations() -> TableCreateStatement {
    Table::create()
        .table("mcp_tool_invocations")
        .col(text("tenant_id"))
        .col(text("invocation_id"))
        .col(text("server_id"))
        .col(text("tool_id"))
        .col(text("tool_name"))
        .col(text_null("pinned_hash"))
        .col(text("risk_level"))
        .col(text_null("run_id"))
        .col(big_integer_null("step_index"))
        .col(text("actor_id"))
        .col(text("actor_type"))
        .col(text("request_id"))
        .col(text("input_hash"))
        .col(text_null("input_preview"))
        .col(text("policy_decision"))
        .col(text("policy_ids"))
        .col(big_integer("policy_version"))
        .col(text_null("policy_reason"))
        .col(big_integer("invoked_at"))
        .col(text("outcome"))
        .col(text_null("output_hash"))
        .col(big_integer_null("output_bytes"))
        .col(text_null("error_code"))
        .col(text_null("error_message"))
        .col(big_integer("duration_ms"))
        .col(big_integer_null("started_at"))
        .col(big_integer("completed_at"))
        .col(text_null("incident_id"))
        .primary_key(Index::create().col("tenant_id").col("invocation_id"))
        .check(one_of("outcome", &["success", "failure", "blocked", "timeout", "cancelled", "unknown"]))
        .check(one_of("policy_decision", &["allowed", "blocked", "flagged", "pending"]))
        .check(one_of("actor_type", &["human", "machine", "system"]))
        .check(one_of("risk_level", &["low", "medium", "high", "critical"]))
        .foreign_key(&mut owner("mcp_tool_invocations_server", "server_id", "mcp_servers"))
        .foreign_key(&mut owner("mcp_tool_invocations_tool", "tool_id", "mcp_tools"))
        .foreign_key(&mut owner("mcp_tool_invocations_incident", "incident_id", "incidents"))
        .take()
}

/// A reference within the tenant. RESTRICT: setting it to null would be an update, which the triggers refuse.
fn owner(name: &'static str, column: &'static str, table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(name)
        .from("mcp_tool_invocations", ("tenant_id", column))
        .to(table, ("tenant_id", column))
        .on_delete(ForeignKeyAction::Restrict)
        .take()
}

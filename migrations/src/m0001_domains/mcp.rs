//! `mcp_servers` and `mcp_tools`. A tool is never removed, and a server only marked deleted: calls refer to both.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, boolean_null, text, text_null};

use super::{drop_table, primary_key, unique_where};
use crate::table::create_table;

pub(super) async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let kept = "deleted_at IS NULL";
    create_table(manager, mcp_servers()).await?;
    manager
        .create_index(unique_where("mcp_servers", "mcp_servers_name", ["tenant_id", "name"], kept))
        .await?;
    manager.create_index(unique_where("mcp_servers", "mcp_servers_url", ["tenant_id", "url"], kept)).await?;
    create_table(manager, mcp_tools()).await?;
    let name = Index::create()
        .name("mcp_tools_name")
        .table("mcp_tools")
        .col("tenant_id")
        .col("server_id")
        .col("name")
        .unique()
        .take();
    manager.create_index(name).await
}

pub(super) async fn down(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    drop_table(manager, "mcp_tools").await?;
    drop_table(manager, "mcp_servers").await
}

fn mcp_servers() -> TableCreateStatement {
    Table::create()
        .table("mcp_servers")
        .col(text("tenant_id"))
        .col(text("server_id"))
        .col(text("name"))
        .col(text_null("description"))
        .col(text("url"))
        .col(text("transport"))
        .col(text("auth_type"))
        .col(text_null("auth_header"))
        .col(text_null("credential_ref"))
        .col(text("protocol"))
        .col(text("status"))
        .col(text_null("protocol_version"))
        .col(text("capabilities"))
        .col(text_null("capabilities_hash"))
        .col(big_integer("tool_count"))
        .col(big_integer("health_check_failures"))
        .col(big_integer_null("last_health_check_at"))
        .col(big_integer_null("last_discovery_at"))
        .col(text_null("last_error"))
        .col(boolean("requires_approval"))
        .col(text("tags"))
        .col(text("created_by"))
        .col(big_integer("registered_at"))
        .col(big_integer("updated_at"))
        .col(big_integer_null("deleted_at"))
        .col(big_integer("version"))
        .primary_key(&mut primary_key(["tenant_id", "server_id"]))
        .check(Expr::cust("transport IN ('http', 'stdio', 'sse', 'websocket')"))
        .check(Expr::cust("auth_type IN ('none', 'api_key', 'bearer', 'basic')"))
        .check(Expr::cust("protocol IN ('auto', '2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26')"))
        .check(Expr::cust(
            "status IN ('pending', 'active', 'degraded', 'offline', 'disabled', 'error', 'deleted')",
        ))
        .check(Expr::cust("(status = 'deleted') = (deleted_at IS NOT NULL)"))
        .check(Expr::cust("capabilities_hash IS NULL OR length(capabilities_hash) = 64"))
        .check(Expr::cust("tool_count >= 0 AND health_check_failures >= 0"))
        .check(Expr::cust("version >= 1"))
        .take()
}

fn mcp_tools() -> TableCreateStatement {
    Table::create()
        .table("mcp_tools")
        .col(text("tenant_id"))
        .col(text("tool_id"))
        .col(text("server_id"))
        .col(text("name"))
        .col(text_null("description"))
        .col(text("definition"))
        .col(text("definition_hash"))
        .col(text_null("pinned_hash"))
        .col(text("status"))
        .col(text_null("quarantine_reason"))
        .col(boolean("enabled"))
        .col(big_integer_null("vanished_at"))
        .col(boolean_null("read_only_hint"))
        .col(boolean_null("destructive_hint"))
        .col(boolean_null("idempotent_hint"))
        .col(boolean_null("open_world_hint"))
        .col(text("risk_inferred"))
        .col(boolean("risk_known"))
        .col(text_null("risk_override"))
        .col(text("risk_level"))
        .col(text_null("approved_by"))
        .col(big_integer_null("approved_at"))
        .col(big_integer("invocation_count").default(0))
        .col(big_integer("failure_count").default(0))
        .col(big_integer_null("last_invoked_at"))
        .col(big_integer("discovered_at"))
        .col(big_integer("updated_at"))
        .col(big_integer("version"))
        .primary_key(&mut primary_key(["tenant_id", "tool_id"]))
        .foreign_key(
            ForeignKey::create()
                .name("mcp_tools_server")
                .from_tbl("mcp_tools")
                .from_col("tenant_id")
                .from_col("server_id")
                .to_tbl("mcp_servers")
                .to_col("tenant_id")
                .to_col("server_id")
                .on_delete(ForeignKeyAction::Restrict)
                .on_update(ForeignKeyAction::Restrict),
        )
        .check(Expr::cust("status IN ('quarantined', 'approved')"))
        .check(Expr::cust("quarantine_reason IN ('new', 'definition_changed', 'server_url_changed')"))
        .check(Expr::cust("status = 'quarantined' OR (pinned_hash IS NOT NULL AND pinned_hash = definition_hash AND quarantine_reason IS NULL)"))
        .check(Expr::cust("length(definition_hash) = 64 AND (pinned_hash IS NULL OR length(pinned_hash) = 64)"))
        .check(Expr::cust("risk_inferred IN ('low', 'medium', 'high', 'critical')"))
        .check(Expr::cust("risk_override IN ('low', 'medium', 'high', 'critical')"))
        .check(Expr::cust("risk_level IN ('low', 'medium', 'high', 'critical')"))
        .check(Expr::cust("invocation_count >= 0 AND failure_count >= 0 AND version >= 1"))
        .take()
}

//! `call_approvals`: what a person must decide before a call is made. Each belongs to one call that asked; the ledger
//! adds it with the call's refusal, and marks it as used with the intent of the call that is made on it. And in
//! `mcp_tools` who must approve, in `mcp_tool_invocations` which approval a call was about.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, text, text_null};

use crate::table::create_table;

const TABLE: &str = "call_approvals";
const TOOLS: &str = "mcp_tools";
const RULE: &str = "approval";
const INVOCATIONS: &str = "mcp_tool_invocations";
const APPROVAL: &str = "approval_id";

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_table(manager, approvals()).await?;
        for (name, columns) in [
            ("call_approvals_binding", ["binding", "approval_id"]),
            ("call_approvals_status", ["status", "approval_id"]),
        ] {
            let mut index = Index::create();
            index.name(name).table(TABLE).col("tenant_id");
            for column in columns {
                index.col(column);
            }
            manager.create_index(index).await?;
        }
        let rule = ColumnDef::new(RULE).text().not_null().default("none").take();
        manager.alter_table(Table::alter().table(TOOLS).add_column(rule).take()).await?;
        manager.alter_table(Table::alter().table(INVOCATIONS).add_column(text_null(APPROVAL)).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(INVOCATIONS).drop_column(APPROVAL).take()).await?;
        manager.alter_table(Table::alter().table(TOOLS).drop_column(RULE).take()).await?;
        manager.drop_table(Table::drop().table(TABLE).take()).await
    }
}

fn approvals() -> TableCreateStatement {
    Table::create()
        .table(TABLE)
        .col(text("tenant_id"))
        .col(text("approval_id"))
        .col(text("binding"))
        .col(text("status"))
        .col(text("rule"))
        .col(text("requested_by"))
        .col(text("actor_id"))
        .col(text("actor_type"))
        .col(text("server_id"))
        .col(text("tool_id"))
        .col(text("tool_name"))
        .col(text_null("pinned_hash"))
        .col(text("risk_level"))
        .col(big_integer("policy_version"))
        .col(text("policy_ids"))
        .col(text_null("through"))
        .col(text_null("run_id"))
        .col(text("input_hash"))
        .col(text("invocation_id"))
        .col(blob("arguments"))
        .col(big_integer("requested_at"))
        .col(big_integer("expires_at"))
        .col(text_null("decided_by"))
        .col(big_integer_null("decided_at"))
        .col(text_null("reason"))
        .col(text_null("used_by"))
        .col(big_integer("version"))
        .primary_key(Index::create().col("tenant_id").col("approval_id"))
        .check(Expr::cust("status IN ('pending', 'granted', 'denied', 'used')"))
        .check(Expr::cust("rule IN ('required', 'four_eyes')"))
        .check(Expr::cust("(status = 'used') = (used_by IS NOT NULL)"))
        .check(Expr::cust("(status = 'pending') = (decided_at IS NULL)"))
        .check(Expr::col("version").gte(1))
        .take()
}

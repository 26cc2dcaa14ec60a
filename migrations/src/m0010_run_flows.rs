//! `run_flows`: what each run of an agent has touched, while some policy of its tenant looks at that. The ledger writes it
//! with the record of each call, and forgets it with the idempotency keys. And in `mcp_tools` what a tool may do with data,
//! in `mcp_tool_invocations` what the run had touched with the call.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text, text_null};

use crate::table::create_table;

const TABLE: &str = "run_flows";
const TOOLS: &str = "mcp_tools";
const INVOCATIONS: &str = "mcp_tool_invocations";
/// The three levels, as JSON. Nobody sorts or looks by them.
const FLOWS: &str = "flows";
/// Nobody has said anything.
const UNSAID: &str = r#"{"private_reads":"maybe","untrusted_reads":"maybe","egress":"maybe"}"#;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(TABLE)
            .col(text("tenant_id"))
            .col(text("key_id"))
            // Empty for the calls that name no run.
            .col(text("run_id"))
            .col(text(FLOWS))
            .col(big_integer("updated_at"))
            .primary_key(Index::create().col("tenant_id").col("key_id").col("run_id"))
            .take();
        create_table(manager, table).await?;
        let age = Index::create().name("run_flows_age").table(TABLE).col("updated_at").take();
        manager.create_index(age).await?;
        let said = ColumnDef::new(FLOWS).text().not_null().default(UNSAID).take();
        manager.alter_table(Table::alter().table(TOOLS).add_column(said).take()).await?;
        manager.alter_table(Table::alter().table(INVOCATIONS).add_column(text_null(FLOWS)).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(INVOCATIONS).drop_column(FLOWS).take()).await?;
        manager.alter_table(Table::alter().table(TOOLS).drop_column(FLOWS).take()).await?;
        manager.drop_table(Table::drop().table(TABLE).take()).await
    }
}

//! `toolsets`: a tenant's selections of tools. Their tools and keys are read and written as a whole, so they are JSON. And
//! in `mcp_tool_invocations`, by which of them a call came.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text, text_null};

use crate::table::create_table;

const TABLE: &str = "toolsets";
const INVOCATIONS: &str = "mcp_tool_invocations";
/// By which toolset a tool was named, as JSON. Nobody sorts or looks by it.
const THROUGH: &str = "through";

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
            .col(text("toolset_id"))
            .col(text("name"))
            .col(text_null("description"))
            .col(text("tools"))
            .col(text("granted_keys"))
            .col(text("disclosure"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .col(big_integer("version"))
            .primary_key(Index::create().col("tenant_id").col("toolset_id"))
            .check(Expr::cust("disclosure IN ('all', 'search')"))
            .check(Expr::col("version").gte(1))
            .take();
        create_table(manager, table).await?;
        let name =
            Index::create().name("toolsets_name").table(TABLE).col("tenant_id").col("name").unique().take();
        manager.create_index(name).await?;
        manager.alter_table(Table::alter().table(INVOCATIONS).add_column(text_null(THROUGH)).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(INVOCATIONS).drop_column(THROUGH).take()).await?;
        manager.drop_table(Table::drop().table(TABLE).take()).await
    }
}

//! `mcp_tool_invocations.sanitised`: what was taken out of a result before its caller got it, as JSON. Nobody sorts or
//! looks by it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

const INVOCATIONS: &str = "mcp_tool_invocations";
const SANITISED: &str = "sanitised";

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(INVOCATIONS).add_column(text_null(SANITISED)).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(INVOCATIONS).drop_column(SANITISED).take()).await
    }
}

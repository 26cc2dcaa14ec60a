//! `mcp_servers.definition_check`: when the definitions of a server's tools are checked. Absent for servers of which nobody
//! has said that it be at each call.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

const TABLE: &str = "mcp_servers";
const COLUMN: &str = "definition_check";

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(TABLE).add_column(text_null(COLUMN)).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(TABLE).drop_column(COLUMN).take()).await
    }
}

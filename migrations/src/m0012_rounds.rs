//! `mcp_tool_invocations.round`, the call that one goes on from, and `asked`, what its server wants to know before it
//! answers; and `mcp_servers.agent_input`, what a server may ask of agents. All as JSON. Nobody sorts or looks by them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

const INVOCATIONS: &str = "mcp_tool_invocations";
const COLUMNS: [(&str, &str); 3] =
    [(INVOCATIONS, "round"), (INVOCATIONS, "asked"), ("mcp_servers", "agent_input")];

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COLUMNS {
            let added = Table::alter().table(table).add_column(text_null(column)).take();
            manager.alter_table(added).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COLUMNS {
            manager.alter_table(Table::alter().table(table).drop_column(column).take()).await?;
        }
        Ok(())
    }
}

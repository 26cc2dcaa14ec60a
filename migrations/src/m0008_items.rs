//! What servers list beside tools (prompts, resources, templates) in `mcp_tools`, and what calls ask of them in
//! `mcp_tool_invocations`. What was there before are tools, and their calls.

use sea_orm_migration::prelude::*;

const TOOLS: &str = "mcp_tools";
const NAME: &str = "mcp_tools_name";
const KIND: &str = "kind";
const INVOCATIONS: &str = "mcp_tool_invocations";
const METHOD: &str = "method";

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let kind = ColumnDef::new(KIND)
            .text()
            .not_null()
            .default("tool")
            .check(Expr::cust("kind IN ('tool', 'prompt', 'resource', 'resource_template')"))
            .take();
        manager.alter_table(Table::alter().table(TOOLS).add_column(kind).take()).await?;
        manager.drop_index(Index::drop().name(NAME).table(TOOLS).to_owned()).await?;
        manager.create_index(unique_names(true)).await?;
        let method = ColumnDef::new(METHOD)
            .text()
            .not_null()
            .default("tools/call")
            .check(Expr::cust(
                "method IN ('tools/call', 'prompts/get', 'resources/read', 'completion/complete')",
            ))
            .take();
        manager.alter_table(Table::alter().table(INVOCATIONS).add_column(method).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(INVOCATIONS).drop_column(METHOD).take()).await?;
        manager.drop_index(Index::drop().name(NAME).table(TOOLS).to_owned()).await?;
        manager.create_index(unique_names(false)).await?;
        manager.alter_table(Table::alter().table(TOOLS).drop_column(KIND).take()).await
    }
}

/// A tool and a prompt may have one name.
fn unique_names(by_kind: bool) -> IndexCreateStatement {
    let mut index = Index::create().name(NAME).table(TOOLS).col("tenant_id").col("server_id").take();
    if by_kind {
        index.col(KIND);
    }
    index.col("name").unique().take()
}

//! OAuth both ways. In `api_keys`, whose access tokens stand for a key: one that is not revoked for each subject. In
//! `mcp_servers`, whom a server's tokens are asked of, as JSON; such a server has the `auth_type` `bearer`, since SQLite
//! does not change the check of a column.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

const TABLE: &str = "api_keys";
const ISSUER: &str = "token_issuer";
const SUBJECT: &str = "token_subject";
const SERVERS: &str = "mcp_servers";
const OAUTH: &str = "oauth";
const INDEX: &str = "api_keys_token";

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column at a time.
        for column in [ISSUER, SUBJECT] {
            manager.alter_table(Table::alter().table(TABLE).add_column(text_null(column)).take()).await?;
        }
        let index = Index::create()
            .name(INDEX)
            .table(TABLE)
            .col("tenant_id")
            .col(ISSUER)
            .col(SUBJECT)
            .unique()
            .and_where(Expr::cust("status <> 'revoked' AND token_issuer IS NOT NULL"))
            .take();
        manager.create_index(index).await?;
        manager.alter_table(Table::alter().table(SERVERS).add_column(text_null(OAUTH)).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(SERVERS).drop_column(OAUTH).take()).await?;
        manager.drop_index(Index::drop().name(INDEX).table(TABLE).to_owned()).await?;
        for column in [SUBJECT, ISSUER] {
            manager.alter_table(Table::alter().table(TABLE).drop_column(column).take()).await?;
        }
        Ok(())
    }
}

//! OAuth both ways. In `api_keys`, whose access tokens stand for a key: one that is not revoked for each subject. In
//! `mcp_servers`, whom a server's tokens are asked of, as JSON; such a server has the `auth_type` `bearer`, since SQLite
//! does not change the check of a column. And `upstream_connections`: with whose account a key acts at a server, sealed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, text, text_null};

use crate::table::create_table;

const TABLE: &str = "api_keys";
const ISSUER: &str = "token_issuer";
const SUBJECT: &str = "token_subject";
const SERVERS: &str = "mcp_servers";
const OAUTH: &str = "oauth";
const CONNECTIONS: &str = "upstream_connections";
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
        manager.alter_table(Table::alter().table(SERVERS).add_column(text_null(OAUTH)).take()).await?;
        create_table(manager, connections()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(CONNECTIONS).take()).await?;
        manager.alter_table(Table::alter().table(SERVERS).drop_column(OAUTH).take()).await?;
        manager.drop_index(Index::drop().name(INDEX).table(TABLE).to_owned()).await?;
        for column in [SUBJECT, ISSUER] {
            manager.alter_table(Table::alter().table(TABLE).drop_column(column).take()).await?;
        }
        Ok(())
    }
}

fn connections() -> TableCreateStatement {
    Table::create()
        .table(CONNECTIONS)
        .col(text("tenant_id"))
        .col(text("server_id"))
        .col(text("key_id"))
        .col(text_null("tokens"))
        .col(text_null("attempt_state"))
        .col(text_null("attempt_verifier"))
        .col(big_integer_null("attempt_ends_at"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(big_integer("version"))
        .primary_key(Index::create().col("tenant_id").col("server_id").col("key_id"))
        .check(Expr::cust("(attempt_state IS NULL) = (attempt_verifier IS NULL)"))
        .check(Expr::col("version").gte(1))
        .take()
}

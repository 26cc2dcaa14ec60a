//! The tables that people and engines change: tenants, keys, servers, tools, credentials, policies, the kill switch.

use sea_orm_migration::prelude::*;

mod access;
mod credentials;
mod mcp;
mod policies;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        access::up(manager).await?;
        mcp::up(manager).await?;
        credentials::up(manager).await?;
        policies::up(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        policies::down(manager).await?;
        credentials::down(manager).await?;
        mcp::down(manager).await?;
        access::down(manager).await
    }
}

/// The primary key of a table: the tenant first, so that a tenant's rows lie together.
fn primary_key<const N: usize>(columns: [&'static str; N]) -> IndexCreateStatement {
    let mut key = Index::create();
    for column in columns {
        key.col(column);
    }
    key.primary().take()
}

/// A value that may be used once, among the rows for which `condition` holds.
fn unique_where<const N: usize>(
    table: &'static str,
    name: &'static str,
    columns: [&'static str; N],
    condition: &'static str,
) -> IndexCreateStatement {
    let mut index = Index::create();
    index.table(table).name(name).unique().and_where(Expr::cust(condition));
    for column in columns {
        index.col(column);
    }
    index.take()
}

async fn drop_table(manager: &SchemaManager<'_>, table: &'static str) -> Result<(), DbErr> {
    manager.drop_table(Table::drop().table(table).take()).await
}

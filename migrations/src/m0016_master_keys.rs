//! `master_key_fingerprints`: by what the master keys that were used on this database are known again. No tenant has part in
//! it, and nothing in it leads back to a key.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob};

use crate::table::create_table;

const TABLE: &str = "master_key_fingerprints";

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let fingerprints = Table::create()
            .table(TABLE)
            .col(big_integer("key_id").primary_key())
            .col(blob("fingerprint"))
            .check(Expr::col("key_id").between(1, 255))
            .take();
        create_table(manager, fingerprints).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(TABLE).take()).await
    }
}

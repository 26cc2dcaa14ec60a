//! `call_approvals.flows`: what a run will have touched with the call that a person decides on, as JSON. Nobody looks by it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

const TABLE: &str = "call_approvals";
const COLUMN: &str = "flows";

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

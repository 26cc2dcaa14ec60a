//! Checkpoints of the whole trail, and which records each of them covers. Both tables are append-only.
//!
//! The leaves of the tree stand in the order of `checkpoint_spans.first_index`. Two replicas that make a checkpoint at
//! the same time take the same number and the same first index: the database lets one of them through.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text};

use crate::append_only;
use crate::table::create_table;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const APPEND_ONLY: [(&str, &str); 2] = [
    ("checkpoints", "number = NEW.number OR size = NEW.size"),
    (
        "checkpoint_spans",
        "(tenant_id = NEW.tenant_id AND first_sequence = NEW.first_sequence) OR first_index = NEW.first_index",
    ),
];

#[expect(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and an implementation must do as the trait does"
)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_table(manager, checkpoints()).await?;
        create_table(manager, spans()).await?;
        append_only::install(manager, &APPEND_ONLY).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        append_only::remove(manager, &APPEND_ONLY).await?;
        for table in ["checkpoint_spans", "checkpoints"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// What was signed. `note` is the signed text; `frontier` is a JSON list of the hashes from which the tree grows on;
/// `size` and `root` are copies for look-ups.
fn checkpoints() -> TableCreateStatement {
    Table::create()
        .table("checkpoints")
        .col(big_integer("number").primary_key())
        .col(big_integer("size").unique_key())
        .col(text("root"))
        .col(text("note"))
        .col(text("frontier"))
        .col(big_integer("created_at"))
        .check(Expr::col("number").gte(0))
        .check(Expr::col("size").gte(0))
        .take()
}

/// A run of one tenant's records in the tree: the leaves from `first_index` on.
fn spans() -> TableCreateStatement {
    Table::create()
        .table("checkpoint_spans")
        .col(text("tenant_id"))
        .col(big_integer("first_sequence"))
        .col(big_integer("last_sequence"))
        .col(text("last_hash"))
        .col(big_integer("first_index").unique_key())
        .primary_key(Index::create().col("tenant_id").col("first_sequence"))
        .check(Expr::col("first_sequence").gte(1))
        .check(Expr::cust("last_sequence >= first_sequence"))
        .check(Expr::col("first_index").gte(0))
        .take()
}

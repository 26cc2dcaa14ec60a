//! `audit_events` and the index by what an event is about.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text, text_null};
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::create_table;

pub(super) async fn create(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(manager, events()).await?;
    manager.create_index(by_type("audit_events_by_type")).await?;
    create_table(manager, subjects(manager.get_database_backend())).await
}

/// `record` is the event: its canonical JSON (RFC 8785), `hash` included. The other columns are copies for look-ups.
fn events() -> TableCreateStatement {
    Table::create()
        .table("audit_events")
        .col(text("tenant_id"))
        .col(big_integer("sequence"))
        .col(text("event_id").unique_key())
        .col(text("event_type"))
        .col(big_integer("occurred_at"))
        .col(text_null("request_id"))
        .col(text("previous_hash"))
        .col(text("hash"))
        .col(text("record"))
        .primary_key(Index::create().col("tenant_id").col("sequence"))
        .check(Expr::col("sequence").gte(1))
        .take()
}

/// Oldest first within one type.
pub(crate) fn by_type(name: &'static str) -> IndexCreateStatement {
    Index::create().name(name).table("audit_events").col("tenant_id").col("event_type").col("sequence").take()
}

/// One row per id in an event's `subject`, so that the events about a thing are found by range.
fn subjects(backend: DbBackend) -> TableCreateStatement {
    let mut table = Table::create()
        .table("audit_event_subjects")
        .col(text("tenant_id"))
        .col(text("subject_id"))
        .col(big_integer("sequence"))
        .primary_key(Index::create().col("tenant_id").col("subject_id").col("sequence"))
        .take();
    // The key is the whole row: on SQLite one tree holds it instead of two.
    if backend == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    table
}

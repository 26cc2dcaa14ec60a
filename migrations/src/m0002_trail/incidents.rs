//! `incidents`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, text, text_null};

use super::one_of;
use crate::table::create_table;

pub(super) async fn create(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(manager, incidents()).await?;
    manager
        .create_index(
            Index::create()
                .name("incidents_unresolved")
                .table("incidents")
                .col("tenant_id")
                .col("dedup_key")
                .unique()
                .and_where(Expr::col("status").ne("resolved"))
                .take(),
        )
        .await?;
    manager
        .create_index(
            Index::create()
                .name("incidents_by_status")
                .table("incidents")
                .col("tenant_id")
                .col("status")
                .col("incident_id")
                .take(),
        )
        .await
}

fn incidents() -> TableCreateStatement {
    Table::create()
        .table("incidents")
        .col(text("tenant_id"))
        .col(text("incident_id"))
        .col(text("cause"))
        .col(text("severity"))
        .col(text("title"))
        .col(text("status"))
        .col(text("facts"))
        .col(text("dedup_key"))
        .col(big_integer("occurrences"))
        .col(big_integer("opened_at"))
        .col(big_integer("last_seen_at"))
        .col(text_null("acknowledged_by"))
        .col(big_integer_null("acknowledged_at"))
        .col(text_null("resolved_by"))
        .col(big_integer_null("resolved_at"))
        .col(text_null("resolution"))
        .col(big_integer("version"))
        .primary_key(Index::create().col("tenant_id").col("incident_id"))
        .check(one_of("severity", &["low", "medium", "high", "critical"]))
        .check(one_of("status", &["open", "acknowledged", "resolved"]))
        .check(Expr::col("occurrences").gte(1))
        .take()
}

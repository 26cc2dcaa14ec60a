//! `tool_policies` (what holds now), `tool_policy_versions` (everything that was ever written), `tool_policy_sets`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, text, text_null};

use super::{drop_table, primary_key, unique_where};
use crate::table::create_table;

pub(super) async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let kept = "deleted_at IS NULL";
    create_table(manager, tool_policies()).await?;
    manager
        .create_index(unique_where("tool_policies", "tool_policies_name", ["tenant_id", "name"], kept))
        .await?;
    create_table(manager, tool_policy_versions()).await?;
    create_table(manager, tool_policy_sets()).await
}

pub(super) async fn down(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    drop_table(manager, "tool_policy_sets").await?;
    drop_table(manager, "tool_policy_versions").await?;
    drop_table(manager, "tool_policies").await
}

fn tool_policies() -> TableCreateStatement {
    Table::create()
        .table("tool_policies")
        .col(text("tenant_id"))
        .col(text("policy_id"))
        .col(text("name"))
        .col(text_null("description"))
        .col(text("text"))
        .col(big_integer("version"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(text("updated_by"))
        .col(big_integer_null("deleted_at"))
        .primary_key(&mut primary_key(["tenant_id", "policy_id"]))
        .check(Expr::cust("version >= 1"))
        .take()
}

fn tool_policy_versions() -> TableCreateStatement {
    Table::create()
        .table("tool_policy_versions")
        .col(text("tenant_id"))
        .col(text("policy_id"))
        .col(big_integer("version"))
        .col(text("name"))
        .col(text_null("description"))
        .col(text("text"))
        .col(big_integer("written_at"))
        .col(text("written_by"))
        .primary_key(&mut primary_key(["tenant_id", "policy_id", "version"]))
        .foreign_key(
            ForeignKey::create()
                .name("tool_policy_versions_policy")
                .from_tbl("tool_policy_versions")
                .from_col("tenant_id")
                .from_col("policy_id")
                .to_tbl("tool_policies")
                .to_col("tenant_id")
                .to_col("policy_id")
                .on_delete(ForeignKeyAction::Restrict)
                .on_update(ForeignKeyAction::Restrict),
        )
        .check(Expr::cust("version >= 1"))
        .take()
}

fn tool_policy_sets() -> TableCreateStatement {
    Table::create()
        .table("tool_policy_sets")
        .col(text("tenant_id").primary_key())
        .col(big_integer("version"))
        .check(Expr::cust("version >= 1"))
        .take()
}

//! `credentials` with their sealed secrets, and `credential_grants`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob_null, text, text_null};

use super::{drop_table, primary_key, unique_where};
use crate::table::create_table;

pub(super) async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let kept = "deleted_at IS NULL";
    create_table(manager, credentials()).await?;
    manager
        .create_index(unique_where("credentials", "credentials_name", ["tenant_id", "name"], kept))
        .await?;
    create_table(manager, credential_grants()).await
}

pub(super) async fn down(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    drop_table(manager, "credential_grants").await?;
    drop_table(manager, "credentials").await
}

fn credentials() -> TableCreateStatement {
    Table::create()
        .table("credentials")
        .col(text("tenant_id"))
        .col(text("credential_id"))
        .col(text("name"))
        .col(text_null("description"))
        .col(text("credential_type"))
        .col(text("reference"))
        .col(blob_null("sealed_secret"))
        .col(big_integer("secret_version"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(big_integer_null("deleted_at"))
        .primary_key(&mut primary_key(["tenant_id", "credential_id"]))
        .check(Expr::cust("credential_type IN ('api_key', 'bearer', 'basic', 'custom')"))
        // A deleted credential keeps no secret, and one that is kept has one.
        .check(Expr::cust("(deleted_at IS NULL) = (sealed_secret IS NOT NULL)"))
        .check(Expr::cust("secret_version >= 1"))
        .take()
}

/// A grant names a server but does not refer to its row: it is a rule about whoever has that id.
fn credential_grants() -> TableCreateStatement {
    Table::create()
        .table("credential_grants")
        .col(text("tenant_id"))
        .col(text("credential_id"))
        .col(text("mcp_server"))
        .col(big_integer("position"))
        .primary_key(&mut primary_key(["tenant_id", "credential_id", "mcp_server"]))
        .foreign_key(
            ForeignKey::create()
                .name("credential_grants_credential")
                .from_tbl("credential_grants")
                .from_col("tenant_id")
                .from_col("credential_id")
                .to_tbl("credentials")
                .to_col("tenant_id")
                .to_col("credential_id")
                .on_delete(ForeignKeyAction::Restrict)
                .on_update(ForeignKeyAction::Restrict),
        )
        .check(Expr::cust("position >= 0"))
        .take()
}

//! Who may call: `tenants`, `api_keys`, `kill_switch_freezes`.
//!
//! Other tables do not refer to `tenants`: an embedder with tenants of its own need not copy them here.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, text};

use super::{drop_table, primary_key, unique_where};
use crate::table::create_table;

pub(super) async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    create_table(manager, tenants()).await?;
    create_table(manager, api_keys()).await?;
    let unrevoked = "status <> 'revoked'";
    manager.create_index(unique_where("api_keys", "api_keys_name", ["tenant_id", "name"], unrevoked)).await?;
    create_table(manager, kill_switch_freezes()).await
}

pub(super) async fn down(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    drop_table(manager, "kill_switch_freezes").await?;
    drop_table(manager, "api_keys").await?;
    drop_table(manager, "tenants").await
}

fn tenants() -> TableCreateStatement {
    Table::create()
        .table("tenants")
        .col(text("tenant_id").primary_key())
        .col(text("name").unique_key())
        .col(big_integer("created_at"))
        .take()
}

fn api_keys() -> TableCreateStatement {
    Table::create()
        .table("api_keys")
        .col(text("tenant_id"))
        // Unique over all tenants: authentication looks a key up before it knows the tenant.
        .col(text("key_id").unique_key())
        .col(text("name"))
        .col(text("actor_type"))
        .col(text("scopes"))
        .col(text("status"))
        .col(blob("secret_hash"))
        .col(big_integer_null("expires_at"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(text("created_by"))
        .primary_key(&mut primary_key(["tenant_id", "key_id"]))
        .check(Expr::cust("actor_type IN ('human', 'machine', 'system')"))
        .check(Expr::cust("status IN ('active', 'frozen', 'revoked')"))
        .check(Expr::cust("length(secret_hash) = 32"))
        .take()
}

fn kill_switch_freezes() -> TableCreateStatement {
    Table::create()
        .table("kill_switch_freezes")
        .col(text("tenant_id"))
        .col(text("target_kind"))
        .col(text("target_id"))
        .col(text("reason"))
        .col(text("frozen_by"))
        .col(big_integer("frozen_at"))
        .primary_key(&mut primary_key(["tenant_id", "target_kind", "target_id"]))
        .check(Expr::cust("target_kind IN ('tenant', 'key', 'server', 'tool')"))
        .check(Expr::cust("(target_kind = 'tenant') = (target_id = '*')"))
        .take()
}

//! The database schema: one list of migrations, run alike on SQLite and PostgreSQL.
//!
//! Never: no query of a running system, no workspace crate, no engine's own SQL outside of a match on the engine.
//! Start: [`Migrator`], then the migrations by number.
//!
//! Ids and JSON are TEXT, times BIGINT microseconds since 1970, sealed values BLOB (PostgreSQL: BYTEA). Every table of
//! a tenant's data has `tenant_id` first in its primary key. Nothing cascades.

#![expect(
    elided_lifetimes_in_paths,
    reason = "`MigrationTrait` hides a lifetime, and `async_trait` wants signatures that are written as the trait's"
)]

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::MigratorTrait;

mod append_only;
mod m0001_domains;
mod m0002_trail;
mod m0003_checkpoints;
mod m0004_config_versions;
mod m0005_idempotency_keys_by_age;
mod m0006_toolsets;
mod m0007_approvals;
mod m0008_items;
mod m0009_oauth;
mod m0010_run_flows;
mod m0011_sanitised_results;
mod m0012_rounds;
mod m0013_intent_kinds;
mod m0014_trail_indexes;
mod m0015_definition_checks;
mod m0016_master_keys;
mod m0017_approval_flows;
mod table;

/// Every migration, in order. A database that names others was written by a later version.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_domains::Migration),
            Box::new(m0002_trail::Migration),
            Box::new(m0003_checkpoints::Migration),
            Box::new(m0004_config_versions::Migration),
            Box::new(m0005_idempotency_keys_by_age::Migration),
            Box::new(m0006_toolsets::Migration),
            Box::new(m0007_approvals::Migration),
            Box::new(m0008_items::Migration),
            Box::new(m0009_oauth::Migration),
            Box::new(m0010_run_flows::Migration),
            Box::new(m0011_sanitised_results::Migration),
            Box::new(m0012_rounds::Migration),
            Box::new(m0013_intent_kinds::Migration),
            Box::new(m0014_trail_indexes::Migration),
            Box::new(m0015_definition_checks::Migration),
            Box::new(m0016_master_keys::Migration),
            Box::new(m0017_approval_flows::Migration),
        ]
    }
}

//! `mcp_tool_intents.kind` takes any kind: what kinds there are is the ledger's to say. A rule of the table would have to be
//! rewritten for each new one, and SQLite rewrites a rule by copying the table, which only ever grows.
//!
//! SQLite drops a table's triggers with it, and `open_intents`, which refers to it, is copied along. Foreign keys hold
//! throughout.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::append_only;
use crate::m0002_trail::intents::{INTENTS, OPEN, intents, of_known_kinds, open_intents};

const APPEND_ONLY: [(&str, &str); 1] = [(INTENTS, "intent_id = NEW.intent_id")];
/// What the copies are called until the tables are gone.
const INTENTS_COPY: &str = "mcp_tool_intents_copy";
const OPEN_COPY: &str = "open_intents_copy";

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        match manager.get_database_backend() {
            DbBackend::Postgres => {
                run(manager, "ALTER TABLE mcp_tool_intents DROP CONSTRAINT mcp_tool_intents_kind_check").await
            }
            _ => copy(manager, intents(INTENTS_COPY)).await,
        }
    }

    /// # Errors
    /// When intents of a newer kind are on record: they cannot be removed, so there is no way back.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        match manager.get_database_backend() {
            DbBackend::Postgres => {
                let kinds = "kind IN ('invoke_tool', 'discover_tools', 'health_check')";
                run(manager, &format!("ALTER TABLE mcp_tool_intents ADD CHECK ({kinds})")).await
            }
            _ => copy(manager, of_known_kinds(intents(INTENTS_COPY))).await,
        }
    }
}

/// Copies both tables of SQLite, the intents with other rules.
async fn copy(manager: &SchemaManager<'_>, intents: TableCreateStatement) -> Result<(), DbErr> {
    manager.create_table(intents).await?;
    manager.create_table(open_intents(OPEN_COPY, INTENTS_COPY)).await?;
    for (table, copied) in [(INTENTS, INTENTS_COPY), (OPEN, OPEN_COPY)] {
        run(manager, &format!("INSERT INTO {copied} SELECT * FROM {table}")).await?;
    }
    // What refers goes first.
    for (table, copied) in [(OPEN, OPEN_COPY), (INTENTS, INTENTS_COPY)] {
        run(manager, &format!("DROP TABLE {table}")).await?;
        run(manager, &format!("ALTER TABLE {copied} RENAME TO {table}")).await?;
    }
    append_only::install(manager, &APPEND_ONLY).await
}

async fn run(manager: &SchemaManager<'_>, statement: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(statement).await.map(drop)
}

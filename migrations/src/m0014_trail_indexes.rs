//! What a commit of the ledger writes beside its records.
//!
//! - `audit_event_subjects` is written a block of events at a time (`drivers::logs::subjects`); `audit_events_indexed` says
//!   up to which event of a chain it is whole. What earlier versions wrote is, and they may go on writing beside this one.
//! - Events are looked up by their type through an index, but those of [`COMMON`]: one stands before each call.
//! - `open_intents` is one tree instead of two on SQLite.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::m0002_trail::intents::{INTENTS, OPEN, open_intents};
use crate::m0002_trail::trail::by_type;
use crate::table::create_table;

/// What the copy is called until the table is gone.
const OPEN_COPY: &str = "open_intents_copy";
const BY_TYPE: &str = "audit_events_by_type";
const BY_RARE_TYPE: &str = "audit_events_by_rare_type";
const COMMON: &str = "tool_invocation.requested";
const INDEXED: &str = "audit_events_indexed";

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_table(manager, indexed()).await?;
        let whole = "SELECT tenant_id, MAX(sequence) FROM audit_events GROUP BY tenant_id";
        run(manager, &format!("INSERT INTO {INDEXED} (tenant_id, sequence) {whole}")).await?;
        let rare = Expr::col("event_type").ne(COMMON);
        manager.create_index(by_type(BY_RARE_TYPE).and_where(rare).take()).await?;
        // Last: on PostgreSQL nobody reads the table from here to the end.
        manager.drop_index(Index::drop().name(BY_TYPE).table("audit_events").to_owned()).await?;
        if manager.get_database_backend() == DbBackend::Sqlite {
            let mut table = open_intents(OPEN_COPY, INTENTS);
            table.extra("WITHOUT ROWID");
            copy_open(manager, table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_index(by_type(BY_TYPE)).await?;
        manager.drop_index(Index::drop().name(BY_RARE_TYPE).table("audit_events").to_owned()).await?;
        manager.drop_table(Table::drop().table(INDEXED).to_owned()).await?;
        run(manager, &every_subject(manager.get_database_backend())).await?;
        if manager.get_database_backend() == DbBackend::Sqlite {
            copy_open(manager, open_intents(OPEN_COPY, INTENTS)).await?;
        }
        Ok(())
    }
}

/// Up to which event of a tenant's chain `audit_event_subjects` is whole.
fn indexed() -> TableCreateStatement {
    Table::create().table(INDEXED).col(text("tenant_id").primary_key()).col(big_integer("sequence")).take()
}

async fn copy_open(manager: &SchemaManager<'_>, table: TableCreateStatement) -> Result<(), DbErr> {
    manager.create_table(table).await?;
    run(manager, &format!("INSERT INTO {OPEN_COPY} SELECT * FROM {OPEN}")).await?;
    run(manager, &format!("DROP TABLE {OPEN}")).await?;
    run(manager, &format!("ALTER TABLE {OPEN_COPY} RENAME TO {OPEN}")).await
}

/// Adds what the table lacks: earlier versions look nowhere else.
fn every_subject(backend: DbBackend) -> String {
    let each = match backend {
        DbBackend::Postgres => "jsonb_each_text(e.record::jsonb -> 'subject')",
        _ => "json_each(e.record, '$.subject')",
    };
    format!(
        "INSERT INTO audit_event_subjects (tenant_id, subject_id, sequence) \
         SELECT DISTINCT e.tenant_id, s.value, e.sequence FROM audit_events AS e, {each} AS s WHERE TRUE \
         ON CONFLICT DO NOTHING"
    )
}

async fn run(manager: &SchemaManager<'_>, statement: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(statement).await.map(drop)
}

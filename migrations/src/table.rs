//! Creating a table so that both engines compare its texts alike.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Creates a table. On PostgreSQL its texts have the collation `C`: byte by byte, as SQLite compares them. By a
/// language's rules lists would have another order there, and an index would break when the operating system's rules
/// change.
pub(crate) async fn create_table(
    manager: &SchemaManager<'_>,
    table: TableCreateStatement,
) -> Result<(), DbErr> {
    if manager.get_database_backend() != DbBackend::Postgres {
        return manager.create_table(table).await;
    }
    // A column's type follows its quoted name; SeaQuery has no word for a column's collation.
    let statement = table.to_string(PostgresQueryBuilder).replace("\" text ", "\" text COLLATE \"C\" ");
    manager.get_connection().execute_unprepared(&statement).await.map(drop)
}

//! Triggers that refuse to change or remove rows. On PostgreSQL they share one function.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

const FUNCTION: &str = "portcullis_append_only";

/// Installs the triggers for `tables`, each with the condition under which a new row takes the place of an old one.
pub(crate) async fn install(manager: &SchemaManager<'_>, tables: &[(&str, &str)]) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let statements = match manager.get_database_backend() {
        DbBackend::Postgres => postgres(tables),
        _ => sqlite(tables),
    };
    for statement in statements {
        connection.execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// Removes them again.
pub(crate) async fn remove(manager: &SchemaManager<'_>, tables: &[(&str, &str)]) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let postgres = manager.get_database_backend() == DbBackend::Postgres;
    for (table, _) in tables {
        let names: &[&str] =
            if postgres { &["change", "truncate"] } else { &["update", "delete", "replace"] };
        for name in names {
            let on = if postgres { format!(" ON {table}") } else { String::new() };
            connection.execute_unprepared(&format!("DROP TRIGGER {table}_no_{name}{on}")).await?;
        }
    }
    Ok(())
}

/// Removes what all of them share, after the last one is gone.
pub(crate) async fn remove_function(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        manager.get_connection().execute_unprepared(&format!("DROP FUNCTION {FUNCTION}()")).await?;
    }
    Ok(())
}

/// `INSERT OR REPLACE` deletes without firing delete triggers (sqlite.org/lang_replace.html), hence the third one.
fn sqlite(tables: &[(&str, &str)]) -> Vec<String> {
    let mut statements = Vec::new();
    for (table, same) in tables {
        let refuse = format!("BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END");
        let exists = format!("EXISTS (SELECT 1 FROM {table} WHERE {same})");
        statements.push(format!("CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}"));
        statements.push(format!("CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}"));
        statements.push(format!(
            "CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {exists} {refuse}"
        ));
    }
    statements
}

fn postgres(tables: &[(&str, &str)]) -> Vec<String> {
    let mut statements = vec![format!(
        "CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ \
         BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END; $$"
    )];
    for (table, _) in tables {
        statements.push(format!(
            "CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} \
             FOR EACH ROW EXECUTE FUNCTION {FUNCTION}()"
        ));
        statements.push(format!(
            "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} \
             FOR EACH STATEMENT EXECUTE FUNCTION {FUNCTION}()"
        ));
    }
    statements
}

//! What the role that serves may do on PostgreSQL: as SQL for the schema's owner, and asked for at each open.

use std::fmt::Write;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};

/// Every table, and what a writer may do with it. A recorded row is inserted and read, never changed.
const RIGHTS: &[(&str, &str)] = &[
    ("api_keys", "SELECT, INSERT, UPDATE"),
    ("audit_event_subjects", "SELECT, INSERT"),
    ("audit_events", "SELECT, INSERT"),
    ("audit_events_indexed", "SELECT, INSERT, UPDATE"),
    ("call_approvals", "SELECT, INSERT, UPDATE"),
    ("checkpoint_spans", "SELECT, INSERT"),
    ("checkpoints", "SELECT, INSERT"),
    ("credential_grants", "SELECT, INSERT, DELETE"),
    ("credentials", "SELECT, INSERT, UPDATE"),
    ("idempotency_keys", "SELECT, INSERT, UPDATE, DELETE"),
    ("incidents", "SELECT, INSERT, UPDATE"),
    ("instances", "SELECT, INSERT, UPDATE, DELETE"),
    ("kill_switch_freezes", "SELECT, INSERT, DELETE"),
    ("master_key_fingerprints", "SELECT, INSERT"),
    ("mcp_servers", "SELECT, INSERT, UPDATE"),
    ("mcp_tool_intents", "SELECT, INSERT"),
    ("mcp_tool_invocations", "SELECT, INSERT"),
    ("mcp_tools", "SELECT, INSERT, UPDATE"),
    ("open_intents", "SELECT, INSERT, UPDATE, DELETE"),
    ("run_flows", "SELECT, INSERT, UPDATE, DELETE"),
    ("seaql_migrations", "SELECT"),
    ("tenant_config_versions", "SELECT, INSERT, UPDATE"),
    ("tenants", "SELECT, INSERT"),
    ("tool_policies", "SELECT, INSERT, UPDATE"),
    ("tool_policy_sets", "SELECT, INSERT, UPDATE"),
    ("tool_policy_versions", "SELECT, INSERT"),
    ("toolsets", "SELECT, INSERT, UPDATE, DELETE"),
    ("upstream_connections", "SELECT, INSERT, UPDATE, DELETE"),
];

/// A name that cannot be a role's here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("role: expected 1 to 63 of `a-z`, `0-9`, `_`, and a letter or `_` first")]
pub struct InvalidRole;

/// The statements that give an existing role the rights of a writer, and take from it what else it has on these
/// tables. The schema's owner runs them, in one transaction, after each start that migrated. Doing it twice changes
/// nothing more.
///
/// # Errors
/// [`InvalidRole`] for a name that would have to be quoted.
pub fn writer_grants(role: &str) -> Result<String, InvalidRole> {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let starts = role.bytes().next().is_some_and(|byte| is_word(byte) && !byte.is_ascii_digit());
    if !starts || !role.bytes().all(is_word) || role.len() > 63 {
        return Err(InvalidRole);
    }
    let mut sql = format!(
        "BEGIN;\nDO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO \"{role}\"', current_schema()); END $$;\n"
    );
    for (table, rights) in RIGHTS {
        // A String takes whatever is written to it.
        let _ =
            writeln!(sql, "REVOKE ALL ON {table} FROM \"{role}\";\nGRANT {rights} ON {table} TO \"{role}\";");
    }
    sql.push_str("COMMIT;\n");
    Ok(sql)
}

/// The rights of a writer that the role of this connection lacks, like `INSERT on call_approvals`. A role that lacks one
/// would serve until a call needs it, and then no longer: a new version has new tables, which need new grants.
pub(super) async fn lacking(connection: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let query = Statement::from_string(DbBackend::Postgres, lacking_query());
    let rows = connection.query_all_raw(query).await?;
    rows.iter().map(|row| row.try_get("", "lacking")).collect()
}

/// One privilege at a time, since `has_table_privilege` of a list asks for any of them.
fn lacking_query() -> String {
    let pairs = RIGHTS
        .iter()
        .flat_map(|(table, rights)| rights.split(", ").map(move |right| format!("('{table}', '{right}')")));
    let pairs: Vec<_> = pairs.collect();
    format!(
        "SELECT privilege || ' on ' || name AS lacking FROM (VALUES {}) AS needed (name, privilege) \
         WHERE NOT has_table_privilege(name, privilege) ORDER BY name, privilege",
        pairs.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants() {
        insta::assert_snapshot!(writer_grants("portcullis_writer").unwrap());
    }

    #[test]
    fn names_that_would_need_quotes_are_refused() {
        for bad in ["", "1a", "a b", "a\"; DROP TABLE audit_events; --", "Writer", "é", &"a".repeat(64)] {
            assert_eq!(writer_grants(bad), Err(InvalidRole), "{bad}");
        }
    }
}

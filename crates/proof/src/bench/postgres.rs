//! A database of its own on a PostgreSQL server, made and dropped with `psql`.

use std::process::Command;

use color_eyre::eyre::{Result, WrapErr, bail};
use url::Url;

/// The database; dropped with this.
pub(super) struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    /// On the server that `server` leads to, whatever database it names.
    pub(super) fn create(server: &str) -> Result<Self> {
        let name = format!("portcullis_bench_{}", std::process::id());
        let url = with_database(server, &name)?;
        run(server, &format!("CREATE DATABASE {name}"))?;
        Ok(Self { server: server.to_owned(), name, url })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Whoever measures on a server of his own can drop it by hand.
        let _ = run(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn run(server: &str, statement: &str) -> Result<()> {
    let output = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", statement, server])
        .output()
        .wrap_err("psql cannot be started")?;
    if !output.status.success() {
        bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// The same server, another database.
fn with_database(server: &str, name: &str) -> Result<String> {
    let mut url = Url::parse(server).wrap_err("expected postgres://user@host/database")?;
    url.set_path(name);
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn only_the_database_changes() {
        for (server, expected) in [
            ("postgres://u@h:5/d", "postgres://u@h:5/n"),
            ("postgres://u@h", "postgres://u@h/n"),
            ("postgres://u@h/d?sslmode=disable", "postgres://u@h/n?sslmode=disable"),
        ] {
            assert_eq!(with_database(server, "n").unwrap(), expected);
        }
        assert!(with_database("h/d", "n").is_err());
    }
}

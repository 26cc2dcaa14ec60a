//! Where the data of one trial lies: an empty directory and an empty database, both gone when it is dropped.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use color_eyre::eyre::{Result, WrapErr, ensure};
use portcullis::embedded::signing_keys;
use portcullis_drivers::system::{SystemClock, SystemEntropy, UlidSource};
use portcullis_schemas::runtime::{Entropy, IdSource};
use portcullis_server::config::{LogLevel, Settings};
use tempfile::TempDir;
use url::Url;

use super::setting::{Setting, UnderTest};

/// The keys of a PostgreSQL database, which replicas share.
const MASTER_KEY: &str = "master.key";
const SIGNING_KEY: &str = "signing.key";

/// See the module.
pub(crate) struct Home {
    directory: TempDir,
    database: Option<Server>,
}

/// A database of its own on a PostgreSQL server. `createdb` and `dropdb` must be in the path.
struct Server {
    maintenance: String,
    name: String,
    url: String,
}

impl Home {
    /// Makes both.
    ///
    /// # Errors
    /// When there is no room, no server, or no right to create a database on it.
    pub(crate) fn new(setting: &Setting) -> Result<Self> {
        let directory = setting.directory()?;
        let database = match &setting.database {
            UnderTest::Sqlite => None,
            UnderTest::Postgres(url) => {
                write_master_key(&directory.path().join(MASTER_KEY))?;
                signing_keys(directory.path(), Some(&directory.path().join(SIGNING_KEY)), true)?;
                Some(Server::with_new_database(url)?)
            }
        };
        Ok(Self { directory, database })
    }

    /// For files of the trial's own.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Settings of a gate on a free port of the loopback, with these origins waived. Gates of several names are
    /// replicas on one PostgreSQL database; on SQLite there is one at a time, whatever its name.
    pub(crate) fn settings(&self, replica: &str, waived: &[String]) -> Settings {
        let mut settings = match &self.database {
            None => Settings::new(self.path().join("data")),
            Some(server) => {
                let mut settings = Settings::new(self.path().join(replica));
                settings.database_url = Some(server.url.clone());
                settings.master_key_file = Some(self.path().join(MASTER_KEY));
                settings.trail.signing_key_file = Some(self.path().join(SIGNING_KEY));
                settings
            }
        };
        settings.listen.set_port(0);
        settings.log.level = LogLevel::Warn;
        settings.egress.waived_origins = waived.to_vec();
        settings
    }

    /// Everything that a PostgreSQL database holds, as a dump; nothing on SQLite, whose files lie in [`Home::path`].
    ///
    /// # Errors
    /// When `pg_dump` is not in the path, or fails.
    pub(crate) fn dump(&self) -> Result<Vec<u8>> {
        let Some(server) = &self.database else { return Ok(Vec::new()) };
        let output = Command::new("pg_dump").arg(&server.url).stdin(Stdio::null()).output();
        let output = output.wrap_err("pg_dump cannot be started")?;
        ensure!(output.status.success(), "pg_dump failed");
        Ok(output.stdout)
    }
}

impl Server {
    fn with_new_database(maintenance: &str) -> Result<Self> {
        let ids = UlidSource::new(Arc::new(SystemClock::start()), Arc::new(SystemEntropy::new()));
        let name = format!("prove_{}", ids.next_ulid().to_string().to_ascii_lowercase());
        let mut url = Url::parse(maintenance).wrap_err("the database's URL cannot be read")?;
        url.set_path(&name);
        let server = Self { maintenance: maintenance.to_owned(), name, url: url.into() };
        ensure!(
            server.run("createdb", &[]),
            "createdb failed: is the server there, may its role create databases?"
        );
        Ok(server)
    }

    fn run(&self, program: &str, flags: &[&str]) -> bool {
        let mut command = Command::new(program);
        command.args(flags).arg(format!("--maintenance-db={}", self.maintenance)).arg(&self.name);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A database that stays behind is a nuisance, not a failure.
        let _ = self.run("dropdb", &["--force", "--if-exists"]);
    }
}

fn write_master_key(file: &Path) -> Result<()> {
    let mut key = [0; 32];
    SystemEntropy::new().fill(&mut key)?;
    let mut open = std::fs::OpenOptions::new();
    let mut file = open.create_new(true).write(true).mode(0o600).open(file)?;
    writeln!(file, "portcullis-key-v1 1 {}", STANDARD.encode(key))?;
    Ok(())
}

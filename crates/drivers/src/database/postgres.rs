//! PostgreSQL 14 or later: sessions that commit to disk, give up in time, and read from one snapshot.
//!
//! Two roles stand behind a safe installation. The *owner* of the schema starts each new version once, which migrates.
//! The *writer*, as which replicas then run, may insert and select where the trail is, and nothing else: see
//! [`writer_grants`](super::writer_grants). Triggers against change are a tripwire, since an owner can drop them; the
//! missing right is the wall.
//!
//! Connect directly, or through a pooler in session mode: sessions have settings and prepared statements. Where the URL
//! says no `sslmode`, a server on another machine must show a certificate for its name (`verify-full`; private
//! authorities by `sslrootcert`).

use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode};
use sea_orm::sqlx::{self, Connection, Postgres};
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use url::Url;

use super::turns::Turns;
use super::{Connections, DatabaseOptions, LedgerConnection, OpenError, roles, schema};

/// The ledger writes one batch at a time; the second connection is for when the first one breaks.
const LEDGER_CONNECTIONS: u32 = 2;
/// A connection that was idle for this long is asked whether it still works before it is used.
const STALE: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_secs(600);
const LIFETIME: Duration = Duration::from_secs(1800);
/// The largest difference from the database's clock, in milliseconds. Two replicas differ by twice that at most, and a lease
/// of 3 s is renewed each second: one that lives has a second left whoever looks at it.
const MAX_SKEW: u64 = 500;

/// What sessions are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Ledger,
    Units,
    Reading,
}

/// Whether the URL names a PostgreSQL server.
pub(super) fn is_url(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Connects, refuses a server that breaks a promise, and brings the schema up to date.
pub(super) async fn open(url: &str, options: DatabaseOptions) -> Result<Connections, OpenError> {
    let server: PgConnectOptions = url.parse().map_err(|_| OpenError::Url)?;
    server.get_database().ok_or(OpenError::Url)?;
    let mode = ssl_mode(url, &server);
    let server = server.ssl_mode(mode);
    let connect = |purpose| super::connect(pool(url, &server, purpose, options));
    let writer = connect(Purpose::Units).await.map_err(OpenError::Connect)?;
    require_settings(&writer, options.durable).await?;
    require_same_time(&writer).await?;
    schema::bring_up_to_date(&writer, options.migrate).await?;
    // Who may not bring the schema up to date only looks on, and needs no right to write.
    if options.migrate {
        require_rights(&writer).await?;
        warn_of_rights(&writer).await.map_err(OpenError::Connect)?;
    }
    let ledger = connect(Purpose::Ledger).await.map_err(OpenError::Connect)?;
    let reader = connect(Purpose::Reading).await.map_err(OpenError::Connect)?;
    let ledger = LedgerConnection::Pooled(ledger);
    Ok(Connections { ledger, writer, reader, turns: Turns::all_at_once() })
}

/// What the URL says; where it is silent, a server that is not on this machine must prove who it is.
fn ssl_mode(url: &str, server: &PgConnectOptions) -> PgSslMode {
    let is_said = Url::parse(url)
        .is_ok_and(|url| url.query_pairs().any(|(name, _)| matches!(&*name, "sslmode" | "ssl-mode")));
    let host = server.get_host().trim_matches(['[', ']']);
    let is_local = server.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_said || is_local { server.get_ssl_mode() } else { PgSslMode::VerifyFull }
}

fn pool(url: &str, server: &PgConnectOptions, purpose: Purpose, options: DatabaseOptions) -> ConnectOptions {
    let most = match purpose {
        Purpose::Ledger => LEDGER_CONNECTIONS,
        Purpose::Units => options.writers,
        Purpose::Reading => options.readers,
    };
    let session = server.clone().application_name("portcullis").options(settings(purpose, options));
    let mut connect = ConnectOptions::new(url);
    connect
        .max_connections(most)
        .min_connections(1)
        .acquire_timeout(options.wait)
        .idle_timeout(IDLE)
        .max_lifetime(LIFETIME)
        .test_before_acquire_if_idle_for(STALE)
        // Statements hold what people have written; they do not belong in logs.
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_postgres_opts(move |_| sqlx::ConnectOptions::disable_statement_logging(session.clone()))
        .map_sqlx_postgres_pool_opts(move |pool| no_dead_connection_stays(pool, options.wait));
    connect
}

/// A connection whose server has gone silent leaves the pool at once. Left to the operating system it would keep its
/// place for a quarter of an hour, and soon no place would be free. That is left to one case: the pool asks once more
/// after this, without end, and a server may fall silent in between.
fn no_dead_connection_stays(pool: PoolOptions<Postgres>, wait: Duration) -> PoolOptions<Postgres> {
    pool.after_release(move |connection, _| {
        Box::pin(async move {
            match tokio::time::timeout(wait, connection.ping()).await {
                Ok(answer) => answer.map(|()| true),
                Err(_) => Err(sqlx::Error::Io(ErrorKind::TimedOut.into())),
            }
        })
    })
}

/// The settings of a session, from its first moment. The server gives up a little before we do, so that the session
/// stays usable.
fn settings(purpose: Purpose, options: DatabaseOptions) -> Vec<(&'static str, String)> {
    let millis = |time: Duration| time.as_millis().max(1).to_string();
    let mut settings = vec![
        ("statement_timeout", millis(options.wait * 9 / 10)),
        // The statements are short: compiling them costs more than it gains.
        ("jit", "off".to_owned()),
    ];
    if purpose == Purpose::Reading {
        settings.push(("default_transaction_isolation", "repeatable read".to_owned()));
        settings.push(("default_transaction_read_only", "on".to_owned()));
        return settings;
    }
    // What is read after a tenant's lock was awaited must be what the one before has left, not an older snapshot.
    settings.push(("default_transaction_isolation", "read committed".to_owned()));
    // A batch of the ledger holds many tenants' values: one tenant's long unit of work must not hold up the others.
    let lock = if purpose == Purpose::Ledger { options.wait / 10 } else { options.wait / 2 };
    settings.push(("lock_timeout", millis(lock)));
    // A replica that hangs within a transaction has its tenants' locks; the server ends its session.
    settings.push(("idle_in_transaction_session_timeout", millis(options.wait * 5)));
    settings.push(("synchronous_commit", if options.durable { "on" } else { "off" }.to_owned()));
    settings
}

async fn require_settings(connection: &DatabaseConnection, durable: bool) -> Result<(), OpenError> {
    let query = "SELECT name, setting FROM pg_settings WHERE name IN ('server_version_num', 'server_encoding', \
                 'in_hot_standby', 'synchronous_commit', 'fsync', 'full_page_writes')";
    let query = Statement::from_string(DbBackend::Postgres, query);
    for row in connection.query_all_raw(query).await.map_err(OpenError::Connect)? {
        let (setting, found): (String, String) = row.try_get_many_by_index().map_err(OpenError::Connect)?;
        if let Some(expected) = broken_promise(&setting, &found, durable) {
            return Err(OpenError::Server { setting, found, expected });
        }
    }
    Ok(())
}

/// What was expected, if it is not that.
fn broken_promise(setting: &str, found: &str, durable: bool) -> Option<&'static str> {
    let (kept, expected) = match setting {
        "server_version_num" => {
            (found.parse::<u32>().is_ok_and(|version| version >= 140_000), "140000 (PostgreSQL 14) or later")
        }
        "server_encoding" => (found == "UTF8", "UTF8: create the database with this encoding"),
        "in_hot_standby" => (found == "off", "off: name the primary, not a standby"),
        "synchronous_commit" => (!durable || found == "on", "on"),
        "fsync" | "full_page_writes" => {
            (!durable || found == "on", "on: without it a power cut loses records that were acknowledged")
        }
        _ => (true, ""),
    };
    (!kept).then_some(expected)
}

async fn require_same_time(connection: &DatabaseConnection) -> Result<(), OpenError> {
    let query = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS millis";
    let query = Statement::from_string(DbBackend::Postgres, query);
    let before = unix_millis();
    let row = connection.query_one_raw(query).await.map_err(OpenError::Connect)?;
    let theirs = row.map_or(Ok(0), |row| row.try_get("", "millis")).map_err(OpenError::Connect)?;
    match skew(before, theirs, unix_millis()) {
        millis if millis > MAX_SKEW => Err(OpenError::Clock { millis }),
        _ => Ok(()),
    }
}

/// How far `theirs` lies outside of the time in which it was asked for.
fn skew(before: i64, theirs: i64, after: i64) -> u64 {
    theirs.abs_diff(theirs.clamp(before, after.max(before)))
}

fn unix_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

async fn require_rights(connection: &DatabaseConnection) -> Result<(), OpenError> {
    let lacking = roles::lacking(connection).await.map_err(OpenError::Connect)?;
    if lacking.is_empty() { Ok(()) } else { Err(OpenError::Grants { lacking: lacking.join(", ") }) }
}

/// A role that may rewrite the trail works, but it should not be the one that serves.
async fn warn_of_rights(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let query = "SELECT has_table_privilege('audit_events', 'UPDATE, DELETE, TRUNCATE') AS excessive";
    let query = Statement::from_string(DbBackend::Postgres, query);
    let row = connection.query_one_raw(query).await?;
    if row.map(|row| row.try_get("", "excessive")).transpose()? == Some(true) {
        tracing::warn!("this database role may change recorded rows: serve as a writer role");
    }
    Ok(())
}

#[cfg(test)]
mod tests;

//! `portcullis database`: what an operator does to a PostgreSQL database before replicas serve from it.

use color_eyre::eyre::{self, OptionExt};
use portcullis_drivers::database::{Database, DatabaseOptions, writer_grants};

use crate::cli;
use crate::config::Settings;

/// Brings the schema up to date, as the role of the URL, and ends. Doing it twice changes nothing more.
pub(crate) async fn migrate(settings: &Settings) -> eyre::Result<()> {
    let url = settings.database_url.as_deref().ok_or_eyre(
        "database_url is not set: a database in the data directory is brought up to date by `serve` itself",
    )?;
    Database::open(url, DatabaseOptions::default()).await?.close().await;
    cli::say("The schema is up to date. Next: `portcullis database grants ROLE`, for the role that serves.\n")
}

/// Prints the rights of a writer as SQL for the schema's owner.
pub(crate) fn grants(role: &str) -> eyre::Result<()> {
    cli::say(&writer_grants(role)?)
}

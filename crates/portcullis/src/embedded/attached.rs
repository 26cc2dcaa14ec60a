//! A data directory that is looked at beside who serves on it: the trail, and what signs it. Nothing else is opened, so an
//! export needs neither the master key nor a way out.

use std::fmt;
use std::sync::Arc;

use portcullis_drivers::database::{Database, DatabaseOptions};
use portcullis_drivers::system::SystemClock;
use portcullis_drivers::uow::SqlStore;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::store::Store;
use portcullis_spine::{CheckpointPorts, CheckpointRules, Checkpointer};

use super::data_dir::DataDirectory;
use super::error::OpenError;
use super::{EmbeddedOptions, checkpoints};

/// What an export of the trail takes. Where nothing can sign or keep a checkpoint, it makes none.
#[must_use = "dropping it lets another process open the directory"]
pub struct Attached {
    store: Arc<dyn Store>,
    checkpoints: Result<Option<CheckpointPorts>, OpenError>,
    database: Database,
    directory: DataDirectory,
}

impl Attached {
    /// The store, all tenants' trail in it.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Makes checkpoints under these rules; `None` where there is no signing key.
    ///
    /// # Errors
    /// When a signing key is there and cannot be used, or the directory of the checkpoints cannot. The store is not concerned.
    pub fn checkpointer(&self, rules: CheckpointRules) -> Result<Option<Checkpointer>, &OpenError> {
        let over = |ports: &CheckpointPorts| {
            let clock = Arc::new(SystemClock::start());
            Checkpointer::over(Arc::clone(&self.store), clock, ports.clone(), rules)
        };
        Ok(self.checkpoints.as_ref()?.as_ref().map(over))
    }

    /// Closes the database after what runs on it has ended, then frees the directory.
    pub async fn close(self) {
        let Self { store, checkpoints, database, directory } = self;
        drop((store, checkpoints));
        database.close().await;
        drop(directory);
    }
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// Opens a data directory that is there, also beside a process that serves on it: for an export of the trail, not for
/// serving. The schema stays as it is, whoever else uses the database, no key is made, and the master key is not asked for.
///
/// # Errors
/// When the directory or the database is not there, or cannot be opened; when the schema is that of an earlier version.
pub async fn attach(options: EmbeddedOptions) -> Result<Attached, OpenError> {
    let directory = DataDirectory::attach(&options.data_dir)?;
    let url = match &options.database_url {
        Some(url) => url.clone(),
        None => {
            directory.require_database()?;
            Secret::new(directory.database_url()?)
        }
    };
    let checkpoints = checkpoints(&options, &directory);
    let database = DatabaseOptions { migrate: false, ..DatabaseOptions::default() };
    let database = Database::open(url.expose(), database).await.map_err(OpenError::database)?;
    let store = Arc::new(SqlStore::new(database.clone()));
    Ok(Attached { store, checkpoints, database, directory })
}

//! Ready-made ports: everything in one data directory, nothing to set up.
//!
//! `portcullis.db` is the SQLite database, `master.key` the key that seals secrets, `signing.key` the key that signs
//! checkpoints of the trail, `checkpoints/` where these are kept, `lock` keeps a second process out.
//! Outbound connections obey the egress rules, policies are Cedar, secrets are sealed in the database.
//!
//! With a `database_url` the database is PostgreSQL instead, and several replicas may share it: each has a directory of
//! its own, and all have the same master key and the same signing key.

mod attached;
mod data_dir;
mod error;
mod key_file;
mod known_keys;
mod private_file;
mod signing_key;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_drivers::database::{Database, DatabaseOptions};
use portcullis_drivers::egress::{EgressRules, HyperEgress, TlsRoots};
use portcullis_drivers::integrations::credentials::SqlSealedSecrets;
use portcullis_drivers::integrations::mcp::client::HttpMcpClient;
use portcullis_drivers::ledger::SqlLedger;
use portcullis_drivers::logs::CheckpointDirectory;
use portcullis_drivers::system::{SystemClock, SystemEntropy, UlidSource};
use portcullis_drivers::uow::SqlStore;
use portcullis_engines::logs::emitter::ToolAuditEmitter;
use portcullis_engines::policies::cedar::CedarToolPolicy;
use portcullis_schemas::integrations::credentials::ports::SealedSecretStore;
use portcullis_schemas::runtime::{Clock, Entropy, IdSource};
use portcullis_schemas::secret::Secret;
use portcullis_spine::dispatch_audit::StandardDispatchAudit;
use portcullis_spine::{CheckpointPorts, Ports};
use portcullis_vault::rules::GrantRuleChecker;
use portcullis_vault::{CheckpointKeys, Keyring, SealedVault};

pub use self::attached::{Attached, attach};
use self::data_dir::DataDirectory;
pub use self::error::{OpenError, OpenErrorKind};

/// How to open a data directory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EmbeddedOptions {
    /// The directory; created with mode 0700 if it is not there.
    pub data_dir: PathBuf,
    /// A PostgreSQL database, as `postgres://user@host/database`, instead of the file in the directory.
    pub database_url: Option<Secret>,
    /// The master key file; `master.key` in the directory unless told. Created with mode 0600 on the first start only,
    /// and never for a PostgreSQL database, which others may have sealed with another key.
    pub master_key_file: Option<PathBuf>,
    /// The file of the keys that sign checkpoints; `signing.key` in the directory unless told. Created with mode 0600 on the
    /// first start only, and never for a PostgreSQL database, where all replicas sign with the same.
    pub signing_key_file: Option<PathBuf>,
    /// Where checkpoints are kept; `checkpoints` in the directory unless told. Better on another machine's disk.
    pub checkpoint_dir: Option<PathBuf>,
    /// Exact origins, like `http://127.0.0.1:8931`, for which the operator lifts the rules of the egress.
    pub waived_origins: Vec<String>,
    /// More certificate authorities for upstreams, in PEM; Mozilla's are always there.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// Whether a commit waits for the disk; true unless told. False only measures what that costs: a power cut may then
    /// lose the newest records of the trail.
    pub durable: bool,
    /// Hears what goes on; nobody unless told.
    #[cfg(feature = "metrics")]
    pub metrics: Option<crate::metrics::Metrics>,
}

impl EmbeddedOptions {
    /// The defaults, in this directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        let data_dir = data_dir.into();
        Self {
            data_dir,
            database_url: None,
            master_key_file: None,
            signing_key_file: None,
            checkpoint_dir: None,
            waived_origins: Vec::new(),
            extra_ca_pem: None,
            durable: true,
            #[cfg(feature = "metrics")]
            metrics: None,
        }
    }
}

/// An open data directory. Keep it for as long as a spine runs on its ports: it holds the directory's lock.
#[must_use = "dropping it lets another process open the directory"]
pub struct Embedded {
    ports: Ports,
    sealed_secrets: Arc<dyn SealedSecretStore>,
    database: Database,
    directory: DataDirectory,
}

impl Embedded {
    /// The ports. To replace one: `Ports { vault: mine, ..embedded.ports() }`.
    pub fn ports(&self) -> Ports {
        self.ports.clone()
    }

    /// What the vault sealed, for a vault of your own: it gets back here what its `seal` gave out.
    pub fn sealed_secrets(&self) -> Arc<dyn SealedSecretStore> {
        self.sealed_secrets.clone()
    }

    /// Reads these numbers, and those that only the database knows.
    #[cfg(feature = "metrics")]
    pub fn scrape(&self, metrics: crate::metrics::Metrics) -> crate::metrics::Scrape {
        crate::metrics::Scrape::new(metrics, self.database.clone(), self.ports.clock.clone())
    }

    /// Closes the database after what runs on it has ended, then frees the directory. Drop the spine first.
    pub async fn close(self) {
        let Self { ports, sealed_secrets, database, directory } = self;
        drop((ports, sealed_secrets));
        database.close().await;
        drop(directory);
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// Opens a data directory, and creates what is missing on the first start. Needs a Tokio runtime, which must outlive
/// the ports.
///
/// # Errors
/// [`OpenError`]: what is wrong, where, and what to do. Nothing is created when the options are wrong.
pub async fn open(options: EmbeddedOptions) -> Result<Embedded, OpenError> {
    let egress = Arc::new(egress(&options)?);
    let directory = DataDirectory::open(&options.data_dir)?;
    let key_file = options.master_key_file.as_deref();
    let keys = Arc::new(match &options.database_url {
        Some(_) => directory.shared_keys(key_file)?,
        None => directory.keys(key_file)?,
    });
    let checkpoints = checkpoints(&options, &directory)?;
    // Keys come first, since a database that exists gets no new ones.
    let url = match &options.database_url {
        Some(url) => url.clone(),
        None => Secret::new(directory.database_url()?),
    };
    let database = DatabaseOptions { durable: options.durable, ..DatabaseOptions::default() };
    let database = Database::open(url.expose(), database).await.map_err(OpenError::database)?;
    known_keys::require(&database, &*keys, &directory.key_file(key_file)).await?;

    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
    let ids: Arc<dyn IdSource> = Arc::new(UlidSource::new(clock.clone(), entropy.clone()));
    let keyring = Arc::new(Keyring::new(keys.clone(), entropy.clone()).map_err(OpenError::keys)?);
    let sealed_secrets: Arc<dyn SealedSecretStore> = Arc::new(SqlSealedSecrets::new(database.clone()));
    let ledger = ledger(&options, &database);
    let ports = Ports {
        hasher: keyring.clone(),
        answers: keyring,
        store: Arc::new(SqlStore::new(database.clone())),
        vault: Arc::new(
            SealedVault::new(sealed_secrets.clone(), keys, entropy.clone())
                .with_rules(Arc::new(GrantRuleChecker)),
        ),
        policy: Arc::new(CedarToolPolicy::new()),
        emitter: Arc::new(ToolAuditEmitter::new(clock.clone(), ids.clone())),
        dispatch_audit: Arc::new(StandardDispatchAudit::new(ledger.clone(), clock.clone(), ids.clone())),
        checkpoints,
        ledger,
        mcp: Arc::new(HttpMcpClient::new(egress.clone(), entropy.clone(), clock.clone())),
        egress,
        entropy,
        clock,
        ids,
    };
    #[cfg(feature = "metrics")]
    let ports = match &options.metrics {
        Some(metrics) => metrics.watch(ports),
        None => ports,
    };
    Ok(Embedded { ports, sealed_secrets, database, directory })
}

/// The keys in `signing.key` of a data directory, or in the file that is named, without opening the directory. With
/// `create` the file is made if there is none, and the directory too.
///
/// # Errors
/// When the file is not there, malformed, or open to others.
pub fn signing_keys(
    data_dir: &Path,
    named: Option<&Path>,
    create: bool,
) -> Result<CheckpointKeys, OpenError> {
    let file = data_dir::signing_key_file(data_dir, named);
    if create && !file.exists() {
        data_dir::create(data_dir)?;
        signing_key::create(&file)?;
    }
    signing_key::read(&file)
}

/// What makes checkpoints: keys in a file, and a directory that keeps them.
fn checkpoints(
    options: &EmbeddedOptions,
    directory: &DataDirectory,
) -> Result<Option<CheckpointPorts>, OpenError> {
    let is_shared = options.database_url.is_some();
    let Some(keys) = directory.signing_key(options.signing_key_file.as_deref(), is_shared)? else {
        return Ok(None);
    };
    let path = directory.checkpoints(options.checkpoint_dir.as_deref());
    let sink = CheckpointDirectory::open(&path).map_err(|error| OpenError::checkpoints(&path, error))?;
    Ok(Some(CheckpointPorts { signer: Arc::new(keys), sink: Arc::new(sink) }))
}

#[cfg_attr(not(feature = "metrics"), expect(unused_variables, reason = "no option concerns the ledger then"))]
fn ledger(options: &EmbeddedOptions, database: &Database) -> Arc<SqlLedger> {
    #[cfg(feature = "metrics")]
    if let Some(metrics) = &options.metrics {
        return SqlLedger::start_metered(database.clone(), metrics.ledger_meter());
    }
    SqlLedger::start(database.clone())
}

fn egress(options: &EmbeddedOptions) -> Result<HyperEgress, OpenError> {
    let rules = EgressRules::waiving(&options.waived_origins).map_err(OpenError::egress)?;
    let roots = match &options.extra_ca_pem {
        Some(pem) => TlsRoots::mozilla().with_pem(pem).map_err(OpenError::egress)?,
        None => TlsRoots::mozilla(),
    };
    HyperEgress::new(rules, roots).map_err(OpenError::egress)
}

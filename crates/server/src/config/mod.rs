//! The settings: from file, environment and flags, with every mistake named at once.
//!
//! Flags win over environment variables `PORTCULLIS_<SECTION>__<KEY>`, which win over the file, which wins over the
//! defaults. A value that is wrong is a mistake even where a stronger one covers it. Relative paths start at the
//! working directory. No setting is a secret: keys live in the master key file, a database's
//! password in PGPASSWORD or in a password file.

mod layers;
mod mistakes;
mod reader;
mod rules;
mod tokens;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use portcullis::CheckpointRules;
use portcullis_schemas::api_keys::tokens::TokenSettings;
use serde::Serialize;

pub use self::layers::Flags;
use self::layers::Layer;
pub use self::mistakes::{Mistake, Mistakes, Origin};
use self::reader::Reader;

/// Where data lives unless told.
const DATA_DIR: &str = "portcullis-data";
/// The name of a configuration file that is found without being named.
const CONFIG_FILE: &str = "portcullis.toml";
const CONFIG_VARIABLE: &str = "PORTCULLIS_CONFIG";
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8642);

/// Everything that an operator may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Where the database, the lock and, unless told, the master key live. Default `portcullis-data`.
    pub data_dir: PathBuf,
    /// A PostgreSQL database instead of the one in the data directory. It holds no password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<String>,
    /// Where to listen. Default `127.0.0.1:8642`.
    pub listen: SocketAddr,
    /// The `<env>` part of new API keys: 1 to 16 of `a-z0-9`. Default `local`.
    pub environment: String,
    /// The master key file. Default `master.key` in the data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master_key_file: Option<PathBuf>,
    /// Logging.
    pub log: LogSettings,
    /// Metrics.
    pub metrics: MetricsSettings,
    /// Spans.
    pub otlp: OtlpSettings,
    /// The way out.
    pub egress: EgressSettings,
    /// How long things may take.
    pub limits: LimitSettings,
    /// What agents may do with tools.
    pub tools: ToolSettings,
    /// Checkpoints of the trail.
    pub trail: TrailSettings,
    /// The HTTP API.
    pub api: ApiSettings,
    /// Whose access tokens are let in besides API keys. Default nobody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<TokenSettings>,
}

/// Settings of the log, which goes to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LogSettings {
    /// How lines look. Default text.
    pub format: LogFormat,
    /// From which level on. Default info.
    pub level: LogLevel,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: an object a line.
    Json,
}

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What needs an operator.
    Error,
    /// And what may need one.
    Warn,
    /// And every dispatch.
    Info,
    /// And why.
    Debug,
    /// And everything else.
    Trace,
}

/// Settings of the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MetricsSettings {
    /// Where `/metrics` is served, apart from the API and without a key. Default nowhere; nothing is counted then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
}

/// Settings of the export of spans, which binaries with the feature `otlp` have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtlpSettings {
    /// A collector that takes OTLP over HTTP, like `http://127.0.0.1:4318`. Default none; no span is made then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// How many of a hundred traces are kept, 1 to 100. Default 100.
    pub sample_percent: u64,
}

/// Settings of outbound connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EgressSettings {
    /// Exact origins for which the operator lifts the rules. Default none.
    pub waived_origins: Vec<String>,
    /// Certificate authorities besides Mozilla's, in PEM. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_ca_file: Option<PathBuf>,
}

/// Deadlines in whole seconds, and how much is under way at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LimitSettings {
    /// A tool call: 1 to 300. Default 30.
    pub call_seconds: u64,
    /// A discovery: 1 to 300. Default 60.
    pub discovery_seconds: u64,
    /// A health check: 1 to 60. Default 10.
    pub health_seconds: u64,
    /// After which time a server's list of tools is read anew, at the next call: 1 to 86400. Default 900.
    pub list_refresh_seconds: u64,
    /// How old a list may grow before calls of its tools are refused: 1 to 604800. Default 86400.
    pub list_max_age_seconds: u64,
    /// Servers that are listened to for changes of their lists at a time, a quarter of them of one tenant: 0 to 4096.
    /// Default 256.
    pub listeners: usize,
    /// What is under way when a stop is asked for: 0 to 300 until it is cut off. Default 20.
    pub grace_seconds: u64,
    /// Calls of a tenant to one MCP server at a time: 1 to 1024. Default 32.
    pub server_calls: usize,
    /// How many more may wait for one of these: 0 to 1024. Default 32.
    pub server_queue: usize,
    /// The longest that they may wait, in milliseconds: 0 to 10000. Default 200.
    pub queue_milliseconds: u64,
    /// Requests at a time: 1 to 65536. Default 1024.
    pub requests: usize,
    /// Requests of one tenant at a time: 1 to 65536. Default 512.
    pub tenant_requests: usize,
    /// Connections at a time: 1 to 65536. Default 4096.
    pub connections: usize,
    /// How long a call waits for a person's approval, and an approval for its call: 10 to 604 800. Default 3600.
    pub approval_seconds: u64,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            call_seconds: 30,
            discovery_seconds: 60,
            health_seconds: 10,
            list_refresh_seconds: 900,
            list_max_age_seconds: 86_400,
            listeners: 256,
            grace_seconds: 20,
            server_calls: 32,
            server_queue: 32,
            queue_milliseconds: 200,
            requests: 1024,
            tenant_requests: 512,
            connections: 4096,
            approval_seconds: 3600,
        }
    }
}

/// Settings of tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ToolSettings {
    /// Whether a tool gets arguments that its input schema does not declare. Default false: a schema that allows whatever
    /// else there is lets an agent be talked into sending what nobody has approved.
    pub undeclared_arguments: bool,
}

/// Settings of the trail's checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrailSettings {
    /// The name of the log in its checkpoints and keys; it stays for as long as the log is kept. Default
    /// `portcullis/trail`.
    pub origin: String,
    /// Where checkpoints are kept. Default `checkpoints` in the data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint_dir: Option<PathBuf>,
    /// The file of the keys that sign them. Default `signing.key` in the data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_key_file: Option<PathBuf>,
    /// The longest that a record waits for a checkpoint: 1 to 3600. Default 60.
    pub checkpoint_seconds: u64,
    /// A checkpoint is made earlier when so many records wait for it: 1 to 20 000. Default 1000.
    pub checkpoint_records: u64,
}

/// Settings of the HTTP API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ApiSettings {
    /// Names under which this server is reached, as `gw.example` or `gw.example:8443`; loopback always is. Default none.
    pub allowed_hosts: Vec<String>,
    /// Origins whose pages may call. Default none.
    pub allowed_origins: Vec<String>,
    /// Under which URL people and agents reach this server, for the links that they are given. Default by what each
    /// request names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Where the document stands that tells authorization servers of upstreams who this gate is, if another serves it.
    /// Default below the public URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_document: Option<String>,
}

impl Settings {
    /// The defaults, in this data directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            database_url: None,
            listen: DEFAULT_LISTEN,
            environment: "local".to_owned(),
            master_key_file: None,
            log: LogSettings { format: LogFormat::Text, level: LogLevel::Info },
            metrics: MetricsSettings::default(),
            otlp: OtlpSettings { endpoint: None, sample_percent: 100 },
            egress: EgressSettings::default(),
            limits: LimitSettings::default(),
            tools: ToolSettings::default(),
            trail: TrailSettings {
                origin: CheckpointRules::ORIGIN.to_owned(),
                checkpoint_dir: None,
                signing_key_file: None,
                checkpoint_seconds: CheckpointRules::INTERVAL.as_secs(),
                checkpoint_records: CheckpointRules::RECORDS,
            },
            api: ApiSettings::default(),
            tokens: None,
        }
    }

    /// Reads the settings of this process: flags, its environment, and the configuration file that these name or that
    /// is found.
    ///
    /// # Errors
    /// All [`Mistakes`].
    pub fn load(flags: Flags) -> Result<Self, Mistakes> {
        Self::load_from(flags, std::env::vars_os())
    }

    /// As [`Settings::load`], with this environment.
    ///
    /// # Errors
    /// All [`Mistakes`].
    pub fn load_from(
        flags: Flags,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        let named = flags.config.clone();
        let (environment, named_by_environment) = layers::environment(variables, &mut mistakes);
        let flags = flags.into_layer();
        let file = match named.or(named_by_environment) {
            Some(path) => layers::file(&path, &mut mistakes),
            None => find_file(&environment, &flags).and_then(|path| layers::file(&path, &mut mistakes)),
        };
        let layers: Vec<Layer> = file.into_iter().chain([environment, flags]).collect();
        let mut reader = Reader::new(&layers, mistakes);
        let settings = read(&mut reader);
        reader.finish().map(|()| settings)
    }

    /// The settings as a configuration file, with every default written out. They hold no secret.
    pub fn to_toml(&self) -> String {
        // Every path came from text, so all of them can be written as text.
        toml::to_string(self).unwrap_or_else(|error| format!("# the settings cannot be written: {error}\n"))
    }
}

/// `./portcullis.toml`, else the one in the data directory, where present.
fn find_file(environment: &Layer, flags: &Layer) -> Option<PathBuf> {
    let data_dir = flags.text("data_dir").or_else(|| environment.text("data_dir")).unwrap_or(DATA_DIR);
    [PathBuf::from(CONFIG_FILE), Path::new(data_dir).join(CONFIG_FILE)]
        .into_iter()
        .find(|path| path.is_file())
}

/// The table of all settings.
fn read(reader: &mut Reader<'_>) -> Settings {
    let defaults = Settings::new(DATA_DIR);
    Settings {
        data_dir: reader.read("data_dir", rules::path).unwrap_or(defaults.data_dir),
        database_url: reader.read("database_url", rules::database_url),
        listen: reader.read("listen", rules::address).unwrap_or(defaults.listen),
        environment: reader.read("environment", rules::environment).unwrap_or(defaults.environment),
        master_key_file: reader.read("master_key_file", rules::path),
        log: LogSettings {
            format: reader.read("log.format", rules::log_format).unwrap_or(defaults.log.format),
            level: reader.read("log.level", rules::log_level).unwrap_or(defaults.log.level),
        },
        metrics: MetricsSettings { listen: reader.read("metrics.listen", rules::address) },
        otlp: OtlpSettings {
            endpoint: reader.read("otlp.endpoint", rules::collector),
            sample_percent: reader
                .read("otlp.sample_percent", |value| rules::number(value, &(1..=100)))
                .unwrap_or(defaults.otlp.sample_percent),
        },
        egress: EgressSettings {
            waived_origins: reader.read("egress.waived_origins", rules::waived_origins).unwrap_or_default(),
            extra_ca_file: reader.read("egress.extra_ca_file", rules::certificates),
        },
        limits: read_limits(reader, defaults.limits),
        tools: ToolSettings {
            undeclared_arguments: reader
                .read("tools.undeclared_arguments", rules::flag)
                .unwrap_or(defaults.tools.undeclared_arguments),
        },
        trail: read_trail(reader, defaults.trail),
        api: ApiSettings {
            allowed_hosts: reader.read("api.allowed_hosts", rules::hosts).unwrap_or_default(),
            allowed_origins: reader.read("api.allowed_origins", rules::origins).unwrap_or_default(),
            public_url: reader.read("api.public_url", rules::public_url),
            client_document: reader.read("api.client_document", rules::client_document),
        },
        tokens: tokens::read(reader),
    }
}

fn read_limits(reader: &mut Reader<'_>, defaults: LimitSettings) -> LimitSettings {
    let mut seconds =
        |key, most, default| reader.read(key, |value| rules::seconds(value, most)).unwrap_or(default);
    let limits = LimitSettings {
        call_seconds: seconds("limits.call_seconds", 300, defaults.call_seconds),
        discovery_seconds: seconds("limits.discovery_seconds", 300, defaults.discovery_seconds),
        health_seconds: seconds("limits.health_seconds", 60, defaults.health_seconds),
        list_refresh_seconds: seconds("limits.list_refresh_seconds", 86_400, defaults.list_refresh_seconds),
        list_max_age_seconds: seconds("limits.list_max_age_seconds", 604_800, defaults.list_max_age_seconds),
        ..defaults
    };
    let mut number = |key, range| reader.read(key, |value| rules::number(value, &range));
    let grace_seconds = number("limits.grace_seconds", 0..=300).unwrap_or(defaults.grace_seconds);
    let queue = number("limits.queue_milliseconds", 0..=10_000);
    let approval = number("limits.approval_seconds", 10..=604_800);
    let mut count =
        |key, range, default| reader.read(key, |value| rules::count(value, &range)).unwrap_or(default);
    LimitSettings {
        grace_seconds,
        queue_milliseconds: queue.unwrap_or(defaults.queue_milliseconds),
        approval_seconds: approval.unwrap_or(defaults.approval_seconds),
        listeners: count("limits.listeners", 0..=4096, defaults.listeners),
        server_calls: count("limits.server_calls", 1..=1024, defaults.server_calls),
        server_queue: count("limits.server_queue", 0..=1024, defaults.server_queue),
        requests: count("limits.requests", 1..=65_536, defaults.requests),
        tenant_requests: count("limits.tenant_requests", 1..=65_536, defaults.tenant_requests),
        connections: count("limits.connections", 1..=65_536, defaults.connections),
        ..limits
    }
}

fn read_trail(reader: &mut Reader<'_>, defaults: TrailSettings) -> TrailSettings {
    TrailSettings {
        origin: reader.read("trail.origin", rules::log_origin).unwrap_or(defaults.origin),
        checkpoint_dir: reader.read("trail.checkpoint_dir", rules::path),
        signing_key_file: reader.read("trail.signing_key_file", rules::path),
        checkpoint_seconds: reader
            .read("trail.checkpoint_seconds", |value| rules::seconds(value, 3600))
            .unwrap_or(defaults.checkpoint_seconds),
        checkpoint_records: reader
            .read("trail.checkpoint_records", |value| rules::number(value, &(1..=20_000)))
            .unwrap_or(defaults.checkpoint_records),
    }
}

#[cfg(test)]
mod tests;

//! Every metric: name, type, labels and what it says. The names are a contract.

use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::wire::McpFailure;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

/// Seconds, from a fraction of a commit to the longest that anybody waits for the gate.
const GATE_SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
/// Seconds, up to the longest call.
const UPSTREAM_SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0];
/// Values of a batch, up to the most that share a commit.
const BATCH: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct CallLabels {
    pub(super) outcome: &'static str,
    pub(super) code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct DispatchLabels {
    /// A registered name; others have none.
    pub(super) operation: String,
    pub(super) code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct ExchangeLabels {
    pub(super) exchange: &'static str,
    pub(super) era: &'static str,
    pub(super) code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct WriteLabels {
    pub(super) write: &'static str,
    pub(super) result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct IncidentLabels {
    pub(super) severity: &'static str,
    pub(super) status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct RaisedLabels {
    pub(super) severity: &'static str,
    pub(super) cause: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct HttpLabels {
    pub(super) method: &'static str,
    /// A pattern of the route table; others have none.
    pub(super) route: String,
    pub(super) status: u16,
}

/// A histogram of how long writes take, by the kind of write.
type WriteSeconds = Family<WriteLabels, Histogram, fn() -> Histogram>;
/// A histogram of how long exchanges take.
type ExchangeSeconds = Family<ExchangeLabels, Histogram, fn() -> Histogram>;

/// The metrics, and the registry that writes them down.
pub(super) struct Catalogue {
    pub(super) registry: Registry,
    pub(super) calls: Family<CallLabels, Counter>,
    pub(super) call_added_seconds: Histogram,
    pub(super) dispatches: Family<DispatchLabels, Counter>,
    pub(super) exchange_seconds: ExchangeSeconds,
    pub(super) upstream_in_flight: Gauge,
    pub(super) ledger_wait_seconds: WriteSeconds,
    pub(super) ledger_queue: Gauge,
    pub(super) commits: Commits,
    pub(super) incidents_raised: Family<RaisedLabels, Counter>,
    pub(super) incidents: Family<IncidentLabels, Gauge>,
    pub(super) trail: TrailGauges,
    pub(super) http_requests: Family<HttpLabels, Counter>,
    pub(super) scrape_failures: Counter,
}

impl Catalogue {
    pub(super) fn new() -> Self {
        let mut table = Table::new();
        Self {
            calls: table.add(
                "calls",
                "Tool calls whose end is in the trail, by outcome and stable code (`ok` when none)",
                Family::default(),
            ),
            call_added_seconds: table.add(
                "call_added_seconds",
                "What the gate added to a tool call that reached its upstream: from dispatch to answer, less the time in \
                 which the upstream was waited for",
                Histogram::new(GATE_SECONDS),
            ),
            dispatches: table.add(
                "dispatches",
                "Dispatched operations by name and stable code (`ok` when none); refusals are here by their codes",
                Family::default(),
            ),
            exchange_seconds: table.add(
                "upstream_exchange_seconds",
                "Exchanges with MCP servers by kind, era of the protocol (`unknown` when it failed) and stable code",
                Family::new_with_constructor(|| Histogram::new(UPSTREAM_SECONDS)),
            ),
            upstream_in_flight: table.add(
                "upstream_in_flight",
                "Exchanges with MCP servers that go on now",
                Gauge::default(),
            ),
            ledger_wait_seconds: table.add(
                "ledger_wait_seconds",
                "How long callers waited for the ledger, by kind of write and result",
                Family::new_with_constructor(|| Histogram::new(GATE_SECONDS)),
            ),
            ledger_queue: table.add(
                "ledger_queue_depth",
                "Values that wait for the next commit of the trail",
                Gauge::default(),
            ),
            commits: Commits::new(&mut table),
            incidents_raised: table.add(
                "incidents_raised",
                "Incidents that ends of calls and exchanges asked for, by severity and cause; repeats of an open one count too. \
                 What a reading of a server's lists finds counts as unresolved only",
                Family::default(),
            ),
            incidents: table.add(
                "incidents_unresolved",
                "Incidents of all tenants that are not resolved, by severity and status; absent when it cannot be read",
                Family::default(),
            ),
            trail: TrailGauges::new(&mut table),
            http_requests: table.add(
                "http_requests",
                "Answers of the HTTP API by method, route and status; a wrong key is a 401",
                Family::default(),
            ),
            scrape_failures: table.add(
                "scrape_failures",
                "Scrapes for which the database could not be read",
                Counter::default(),
            ),
            registry: table.0,
        }
    }
}

/// How the trail is written.
pub(super) struct Commits {
    pub(super) values: Histogram,
    pub(super) seconds: Histogram,
    pub(super) failed: Counter,
    pub(super) values_failed: Counter,
}

impl Commits {
    fn new(table: &mut Table) -> Self {
        Self {
            values: table.add(
                "ledger_commit_values",
                "Values that shared one commit of the trail",
                Histogram::new(BATCH),
            ),
            seconds: table.add(
                "ledger_commit_seconds",
                "How long one commit of the trail took, waiting for the disk included",
                Histogram::new(GATE_SECONDS),
            ),
            failed: table.add(
                "ledger_commits_failed",
                "Commits of the trail that failed: nothing is answered on them",
                Counter::default(),
            ),
            values_failed: table.add(
                "ledger_values_failed",
                "Intents, outcomes, leases and other values of the trail that the storage refused, though it committed \
                 their batch",
                Counter::default(),
            ),
        }
    }
}

/// How far the trail is signed.
pub(super) struct TrailGauges {
    pub(super) checkpoint_time: Gauge,
    pub(super) checkpoint_records: Gauge,
    pub(super) uncovered_records: Gauge,
    pub(super) lost_records: Gauge,
    pub(super) sink_failures: Counter,
}

impl TrailGauges {
    fn new(table: &mut Table) -> Self {
        Self {
            checkpoint_time: table.add(
                "checkpoint_timestamp_seconds",
                "Time of the newest checkpoint of the trail, in seconds since 1970; 0 while there is none",
                Gauge::default(),
            ),
            checkpoint_records: table.add(
                "checkpoint_records",
                "Records of all tenants that the newest checkpoint covers",
                Gauge::default(),
            ),
            uncovered_records: table.add(
                "trail_uncovered_records",
                "Records of all tenants that no checkpoint covers yet",
                Gauge::default(),
            ),
            lost_records: table.add(
                "trail_lost_records",
                "Records of all tenants that are signed and no longer there: nothing more is signed then",
                Gauge::default(),
            ),
            sink_failures: table.add(
                "checkpoint_sink_failures",
                "Times that this replica could not read or keep checkpoints outside of the database; each second once \
                 while that lasts",
                Counter::default(),
            ),
        }
    }
}

/// Registers what it hands back.
struct Table(Registry);

impl Table {
    /// With the version in it.
    fn new() -> Self {
        let mut registry = Registry::with_prefix("portcullis");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))].to_vec());
        registry.register("build", "The version that runs", build);
        Self(registry)
    }

    fn add<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }
}

/// A code as a label; one that is not in the list of codes has no name of its own.
pub(super) fn code(text: Option<&str>) -> &'static str {
    match text {
        None => "ok",
        Some(text) => codes::by_text(text).map_or("other", |code| code.as_str()),
    }
}

/// The code of an exchange's end.
pub(super) fn ended<T>(answer: &Result<T, McpFailure>) -> &'static str {
    answer.as_ref().map_or_else(|failure| failure.code.as_str(), |_| "ok")
}

/// A method as a label: anything may stand in a request line.
pub(super) fn method(text: &str) -> &'static str {
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
        .into_iter()
        .find(|known| *known == text)
        .unwrap_or("other")
}

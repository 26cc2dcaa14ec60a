//! Governed calls against direct calls of the same upstream, interleaved in one run, so that the ratio means something
//! on any machine. Client, gate and upstream share the machine.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use color_eyre::eyre::{ContextCompat, Result, ensure};
use portcullis_mcp::version::ProtocolVersion;
use portcullis_schemas::egress::HttpMethod;
use portcullis_schemas::ids::InstanceId;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use portcullis_server::config::Settings;
use portcullis_server::demo::tools;
use portcullis_server::demo::upstream::Upstream;
use portcullis_server::running;
use serde_json::{Value, json};

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Seconds of each measurement
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Rounds; each has a direct and a governed measurement
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Callers at a time
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    concurrency: Vec<usize>,
    /// Where the data directory is made; take a real disk, not memory
    #[arg(long, default_value = "target")]
    disk: PathBuf,
}

/// One kind of request, sent over and over.
struct Load {
    client: ApiClient,
    path: String,
    body: Value,
    headers: Vec<(&'static str, &'static str)>,
}

struct Figures {
    per_second: f64,
    p50: Duration,
    p99: Duration,
}

#[expect(clippy::print_stdout, reason = "a report for people")]
pub(crate) async fn run(options: Options) -> Result<()> {
    let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(&options.disk)?;
    let upstream = Upstream::start("bench", ProtocolVersion::V2026_07_28, tools::weather()).await?;
    let mut settings = Settings::new(directory.path());
    settings.listen.set_port(0);
    settings.egress.waived_origins = vec![upstream.origin()];
    let running = running::start(&settings).await?;
    let admin_key = Secret::new(running.first_key().context("no admin key")?.secret.0.clone());
    let admin = ApiClient::new(&running.url(), admin_key)?;
    let governed = Arc::new(governed_load(&admin, &upstream).await?);
    let direct = Arc::new(direct_load(&upstream)?);

    let commit = commit_p50(&running).await?;
    println!("one durable commit: p50 {:.2} ms", millis(commit));
    println!(
        "{:>11} {:>9} {:>10} {:>9} {:>9} {:>8}",
        "concurrency", "what", "calls/s", "p50 ms", "p99 ms", "ratio"
    );
    let length = Duration::from_secs(options.seconds);
    for &callers in &options.concurrency {
        let (mut plain, mut gated) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            plain.push(measure(&direct, callers, length).await?);
            gated.push(measure(&governed, callers, length).await?);
        }
        let (plain, gated) = (median(plain)?, median(gated)?);
        let ratio = gated.per_second / plain.per_second;
        for (what, figures, ratio) in [("direct", &plain, 1.0), ("governed", &gated, ratio)] {
            let (p50, p99) = (millis(figures.p50), millis(figures.p99));
            println!(
                "{callers:>11} {what:>9} {:>10.0} {p50:>9.2} {p99:>9.2} {ratio:>8.3}",
                figures.per_second
            );
        }
    }
    let verified = admin.get("/logs/trail/verify").await?.success()?;
    ensure!(verified["intact"] == true, "the trail does not verify");
    println!("trail: {} events, intact", verified["events"]);
    running.shutdown().await
}

/// Registers, approves and permits one read-only tool, and makes an agent's load of it.
async fn governed_load(admin: &ApiClient, upstream: &Upstream) -> Result<Load> {
    let body = json!({ "name": "bench", "url": upstream.url() });
    let registered = admin.post("/integrations/mcp-servers", &body).await?.success()?;
    let server = registered["server"]["server_id"].as_str().context("no server id")?.to_owned();
    let tools = admin.get(&format!("/integrations/mcp-servers/{server}/tools")).await?.success()?;
    let items = tools["items"].as_array().context("no tools")?;
    let tool = items.iter().find(|tool| tool["name"] == "get_forecast").context("no tool")?;
    let path =
        format!("/integrations/mcp-servers/{server}/tools/{}", tool["tool_id"].as_str().context("no id")?);
    let approval = json!({ "definition_hash": tool["definition_hash"] });
    admin.post(&format!("{path}/approve"), &approval).await?.success()?;
    admin
        .put("/policies", &json!({ "name": "all", "text": "permit(principal, action, resource);" }))
        .await?
        .success()?;
    let created =
        admin.post("/api-keys", &json!({ "name": "bench", "scopes": ["invoke"] })).await?.success()?;
    let key = Secret::new(created["secret"].as_str().context("no key")?.to_owned());
    Ok(Load {
        client: admin.with_key(key),
        path: format!("{path}/invoke"),
        body: json!({ "arguments": { "city": "Zurich" } }),
        headers: Vec::new(),
    })
}

/// The same call as the gate makes it, without the gate.
fn direct_load(upstream: &Upstream) -> Result<Load> {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({ "name": "get_forecast", "arguments": { "city": "Zurich" }, "_meta": meta });
    Ok(Load {
        client: ApiClient::new(&upstream.origin(), Secret::new("none".to_owned()))?,
        path: "/mcp".to_owned(),
        body: json!({ "jsonrpc": "2.0", "id": "1", "method": "tools/call", "params": params }),
        headers: vec![
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "get_forecast"),
        ],
    })
}

async fn measure(load: &Arc<Load>, callers: usize, length: Duration) -> Result<Figures> {
    let over = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let tasks: Vec<_> =
        (0..callers).map(|_| tokio::spawn(caller(Arc::clone(load), Arc::clone(&over)))).collect();
    tokio::time::sleep(length).await;
    over.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    let elapsed = started.elapsed();
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().context("no call ended");
    Ok(Figures { per_second: times.len() as f64 / elapsed.as_secs_f64(), p50: at(50)?, p99: at(99)? })
}

async fn caller(load: Arc<Load>, over: Arc<AtomicBool>) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let started = Instant::now();
        let answer = load.client.send(HttpMethod::Post, &load.path, Some(&load.body), &load.headers).await?;
        ensure!(answer.status == 200, "a call failed: {} {}", answer.status, answer.text);
        times.push(started.elapsed());
    }
    Ok(times)
}

/// What one durable write costs here: the lease is a row in the same database.
async fn commit_p50(running: &running::Running) -> Result<Duration> {
    let ports = running.spine().ports();
    let instance = InstanceId::generate(&*ports.ids);
    let mut times = Vec::new();
    for _ in 0..100 {
        let started = Instant::now();
        ports.ledger.renew_lease(&instance, ports.clock.now()).await?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

fn median(mut rounds: Vec<Figures>) -> Result<Figures> {
    rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    let middle = rounds.len() / 2;
    rounds.into_iter().nth(middle).context("at least one round")
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

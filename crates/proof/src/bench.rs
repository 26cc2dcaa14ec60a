//! What honesty costs: governed calls beside direct calls of the same upstream, interleaved in one run, so that the
//! ratios mean something on any machine. Client and upstream are this process, each gate is one of its own, and all
//! share the machine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use color_eyre::eyre::{Result, ensure};
use portcullis_mcp::version::ProtocolVersion;
use portcullis_server::demo::tools;
use portcullis_server::demo::upstream::Upstream;

use self::gate::Gate;
use self::gates::{Gates, SQLITE, UNSYNCED};
use self::load::{Figures, measure, median};
use self::nginx::Nginx;
use self::process::Meter;
use self::report::{DIRECT, Findings, Row, millis, thousands};
use self::wire::Request;
use crate::prove::machine;

mod decision;
mod gate;
mod gates;
mod load;
mod nginx;
mod peers;
mod plot;
mod postgres;
mod process;
mod report;
mod wire;

/// About what one commit appends to the log of a database.
const COMMIT_BYTES: usize = 16 * 1024;
const NGINX: &str = "nginx, plain proxy";

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Seconds of each measurement
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Rounds; each measures every side once, one after the other
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Callers at a time
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    concurrency: Vec<usize>,
    /// Where the data directories are made; take a real disk, not memory
    #[arg(long, default_value = "target")]
    disk: PathBuf,
    /// The binary that is measured [default: `portcullis` beside this program]
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Other builds of it, measured beside it: what a change costs or gains
    #[arg(long, value_delimiter = ',')]
    against: Vec<PathBuf>,
    /// A PostgreSQL server, with a role that may create databases; left out unless named. Needs `psql`
    #[arg(long)]
    postgres: Option<String>,
    /// Measure other gateways too: installs them under `target/peers` on the first run
    #[arg(long)]
    peers: bool,
    /// Milliseconds that the warm audit of this repository took, for the report
    #[arg(long)]
    audit_millis: Option<u64>,
    /// Write the tables into BENCHMARKS.md of this folder, and the picture beside it
    #[arg(long)]
    write: Option<PathBuf>,
}

/// Something that is called over and over.
struct Side {
    name: String,
    request: Request,
    meter: Option<Meter>,
}

#[expect(clippy::print_stdout, reason = "a report for people")]
pub(crate) async fn run(options: Options) -> Result<()> {
    let mut findings = Findings {
        machine: machine::describe(&options.disk)?,
        load: machine::load(),
        command: command(&options),
        ..Findings::default()
    };
    let upstream = Upstream::start("bench", ProtocolVersion::V2026_07_28, tools::weather()).await?;
    let legacy = Upstream::start("bench", ProtocolVersion::V2025_11_25, tools::weather()).await?;
    let mut gates = Gates::start(&options, &upstream).await?;
    let nginx = Nginx::start(&options.disk, &upstream.address().to_string()).await?;
    let peers = match options.peers {
        true => peers::start(&folder(&options.disk)?, &legacy.url(), &mut findings.notes).await?,
        false => Vec::new(),
    };

    let direct = Request::tools_call(upstream.address(), "/mcp", None);
    let mut sides = vec![Side { name: DIRECT.to_owned(), request: direct.clone(), meter: None }];
    if let Some(nginx) = &nginx {
        sides.push(side(NGINX, &direct.to(nginx.address), nginx.meter()));
    }
    sides.extend(gates.sides());
    sides.extend(peers.iter().map(|peer| side(peer.name, &peer.request, peer.meter())));

    findings.durable_write = machine::append_p50(&options.disk, COMMIT_BYTES)?;
    pooled(&upstream, &sides, &mut findings).await?;
    measure_all(&options, &sides, &mut findings).await?;
    gates.verify().await?;
    aims(&mut findings);
    alone(&mut gates.sqlite, &options, &mut findings).await?;
    println!("{}", findings.text());
    if let Some(root) = &options.write {
        findings.write(root)?;
    }
    Ok(())
}

fn side(name: &str, request: &Request, meter: Meter) -> Side {
    Side { name: name.to_owned(), request: request.clone(), meter: Some(meter) }
}

/// Every side in every round, so that all of them meet the same moods of the machine.
async fn measure_all(options: &Options, sides: &[Side], findings: &mut Findings) -> Result<()> {
    let length = Duration::from_secs(options.seconds);
    for &callers in &options.concurrency {
        let mut rounds: Vec<Vec<Figures>> = sides.iter().map(|_| Vec::new()).collect();
        for _ in 0..options.rounds {
            for (side, rounds) in sides.iter().zip(&mut rounds) {
                rounds.push(measure(&side.request, callers, length, side.meter.as_ref()).await?);
            }
        }
        for (side, rounds) in sides.iter().zip(rounds) {
            findings.rows.push(Row { side: side.name.clone(), callers, figures: median(rounds)? });
        }
    }
    Ok(())
}

/// Upstream requests and connections of a burst of governed calls, once everything is warm.
async fn pooled(upstream: &Upstream, sides: &[Side], findings: &mut Findings) -> Result<()> {
    let Some(side) = sides.iter().find(|side| side.name == SQLITE) else { return Ok(()) };
    let callers = 64;
    let burst = || measure(&side.request, callers, Duration::from_secs(1), None);
    burst().await?;
    let before = (upstream.requests(), upstream.connections());
    let figures = burst().await?;
    let (requests, connections) = (upstream.requests() - before.0, upstream.connections() - before.1);
    let per_call = requests as f64 / figures.calls as f64;
    findings.figures.push((
        format!("upstream requests a governed call, {callers} callers"),
        format!("{per_call:.3}, over {connections} new connections for {} calls", figures.calls),
        "1, pooled".to_owned(),
    ));
    ensure!(requests == figures.calls, "{requests} upstream requests for {} calls", figures.calls);
    Ok(())
}

/// The aims that compare sides.
fn aims(findings: &mut Findings) {
    let find = |side: &str, callers: usize| {
        let row = findings.rows.iter().find(|row| row.side == side && row.callers == callers);
        row.map(|row| row.figures.clone())
    };
    let mut figures = Vec::new();
    let write = millis(findings.durable_write);
    figures.push((
        "one durable write of 16 KiB, p50, without a database".to_owned(),
        format!("{write:.2} ms"),
        "-".to_owned(),
    ));
    if let (Some(gate), Some(direct)) = (find(SQLITE, 1), find(DIRECT, 1)) {
        let added = millis(gate.p50) - millis(direct.p50);
        figures.push((
            "added p50 beyond two durable writes, 1 caller".to_owned(),
            format!("{:.2} ms ({added:.2} ms in all)", added - 2.0 * write),
            "<= 0.5 ms, strive 0.15".to_owned(),
        ));
    }
    if let Some(gate) = find(SQLITE, 64) {
        let cpu = gate.cpu.map_or(0, |cpu| cpu.as_micros());
        figures.push((
            "governed calls/s, 64 callers, durable".to_owned(),
            thousands(gate.per_second),
            ">= 2 500, strive 5 000".to_owned(),
        ));
        figures.push((
            "CPU a governed call, 64 callers".to_owned(),
            format!("{cpu} us"),
            "<= 300 us, strive 120".to_owned(),
        ));
    }
    if let (Some(gate), Some(nginx)) = (find(UNSYNCED, 64), find(NGINX, 64)) {
        figures.push((
            "without sync against nginx, 64 callers".to_owned(),
            format!("{:.2} of its calls/s", gate.per_second / nginx.per_second),
            ">= 0.25, strive 0.5".to_owned(),
        ));
    }
    figures.append(&mut findings.figures);
    findings.figures = figures;
}

/// What needs nothing beside it.
async fn alone(gate: &mut Gate, options: &Options, findings: &mut Findings) -> Result<()> {
    for policies in [1, 10, 100] {
        let (p50, p99) = decision::decision(policies).await?;
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let aim = if policies == 1 { "<= 20 us, strive 8" } else { "-" };
        findings.figures.push((
            format!("decision alone, {policies} policies, p50 / p99"),
            format!("{:.1} / {:.1} us", micros(p50), micros(p99)),
            aim.to_owned(),
        ));
    }
    let started = gate.restart().await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    findings.figures.push((
        "start to ready, idle memory 2 s later".to_owned(),
        format!("{:.0} ms, {:.0} MiB", millis(started), gate.meter().memory()?),
        "<= 300 ms, <= 40 MB".to_owned(),
    ));
    findings.figures.push((
        "trail verification, one core".to_owned(),
        format!("{} records/s", thousands(decision::verification()?)),
        ">= 500 000, strive 1 000 000".to_owned(),
    ));
    if let Some(audit) = options.audit_millis {
        let aim = "<= 1 s, strive 0.3".to_owned();
        findings.figures.push(("`cargo xtask audit`, warm".to_owned(), format!("{audit} ms"), aim));
    }
    Ok(())
}

fn folder(disk: &Path) -> Result<PathBuf> {
    let folder = disk.join("peers");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn command(options: &Options) -> String {
    let mut command = format!(
        "cargo xtask bench --seconds {} --rounds {} --concurrency {}",
        options.seconds,
        options.rounds,
        options.concurrency.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    );
    for (given, flag) in [(options.postgres.is_some(), " --postgres URL"), (options.peers, " --peers")] {
        if given {
            command.push_str(flag);
        }
    }
    command
}

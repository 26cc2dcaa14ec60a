//! The upstream as a process of its own, with a ledger that no gate can touch: a line for each call, on the disk before
//! the call is answered.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use clap::Args;
use color_eyre::eyre::{Result, WrapErr};
use portcullis_mcp::version::ProtocolVersion;
use portcullis_server::demo::tools::DemoTool;
use portcullis_server::demo::upstream::Upstream;
use serde_json::json;

use crate::process::Child;
use crate::prove::dice::Dice;
use crate::wired::{tell, until_input_ends};

/// The one tool. Its argument is a text that names the call.
pub(crate) const TOOL: &str = "get_receipt";

/// Nonces of slow calls start so.
pub(crate) const SLOW: &str = "slow-";

/// How to run it. Trials make these.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Its ledger
    #[arg(long)]
    ledger: PathBuf,
    /// The longest that a common call takes besides, in milliseconds; each takes some time up to that
    #[arg(long)]
    delay: u64,
    /// What a slow call takes besides, in milliseconds
    #[arg(long)]
    slow: u64,
}

/// Where an upstream is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// What the operator waives.
    pub(crate) origin: String,
    /// What an admin registers.
    pub(crate) url: String,
}

impl Place {
    /// Where this one says that it is.
    pub(crate) fn of(upstream: &Child) -> Result<Self> {
        Ok(Self { origin: upstream.said("origin")?.to_owned(), url: upstream.said("url")?.to_owned() })
    }
}

/// Lines that wait to be written, each with whom to tell when it is on the disk.
type Queue = mpsc::Sender<(String, mpsc::Sender<()>)>;

/// Serves until standard input ends.
pub(crate) async fn run(options: Options) -> Result<()> {
    let queue = writer(&options.ledger)?;
    let Options { delay, slow, .. } = options;
    let tool = DemoTool::reading(TOOL, "A receipt for a nonce.", "nonce", move |nonce| {
        tokio::task::block_in_place(|| {
            // Before or after the record: a call may be cut off on both sides.
            let pause = Duration::from_millis(pause(nonce, delay, slow));
            std::thread::sleep(pause / 2);
            let (written, on_disk) = mpsc::channel();
            let recorded = queue.send((nonce.to_owned(), written)).is_ok() && on_disk.recv().is_ok();
            std::thread::sleep(pause / 2);
            if recorded { format!("receipt for {nonce}") } else { "no receipt".to_owned() }
        })
    });
    let upstream = Upstream::start("ledger", ProtocolVersion::V2026_07_28, vec![tool]).await?;
    // So that gates are killed while they listen, too.
    upstream.tell_of_changes();
    tell(&json!({ "origin": upstream.origin(), "url": upstream.url() }))?;
    until_input_ends().await
}

/// Common calls differ by their letters.
fn pause(nonce: &str, delay: u64, slow: u64) -> u64 {
    if nonce.starts_with(SLOW) { slow } else { Dice::new(0, nonce).below(delay + 1) }
}

/// One thread writes what has queued and waits for the disk once for all of it.
fn writer(file: &Path) -> Result<Queue> {
    let mut file: File =
        OpenOptions::new().create(true).append(true).open(file).wrap_err("the upstream's ledger")?;
    let (queue, waiting) = mpsc::channel::<(String, mpsc::Sender<()>)>();
    std::thread::spawn(move || {
        while let Ok(first) = waiting.recv() {
            let batch: Vec<_> = std::iter::once(first).chain(waiting.try_iter()).collect();
            let lines: String = batch.iter().map(|(nonce, _)| format!("{nonce}\n")).collect();
            if file.write_all(lines.as_bytes()).and_then(|()| file.sync_data()).is_err() {
                return;
            }
            // A caller who has gone away is recorded all the same.
            for (_, written) in batch {
                let _ = written.send(());
            }
        }
    });
    Ok(queue)
}

/// The nonces of a ledger, one for each call.
pub(crate) fn read(file: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(file).wrap_err("the upstream's ledger cannot be read")?;
    Ok(text.lines().map(str::to_owned).collect())
}

//! `portcullis demo`: the main job, end to end, on a fresh machine, without a network.
//!
//! It starts the real server on an empty data directory and two bundled MCP servers on the loopback, and then does,
//! over HTTP, what an admin and an agent would do.

mod story;
pub mod tools;
mod transcript;
pub mod upstream;

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use color_eyre::eyre::{OptionExt, Result, WrapErr};
use portcullis_mcp::version::ProtocolVersion;
use portcullis_schemas::secret::Secret;

use self::story::Epilogue;
use self::transcript::Transcript;
use self::upstream::Upstream;
use crate::api_client::ApiClient;
use crate::config::Settings;
use crate::running::{self, Running};

/// How to run the demo.
#[derive(Clone, Debug, Default)]
pub struct DemoOptions {
    /// Leave the server running and say how to go on by hand.
    pub keep: bool,
    /// Where to keep data; a temporary directory that is removed afterwards unless given.
    pub data_dir: Option<PathBuf>,
    /// Port of the server; a free one unless given.
    pub port: Option<u16>,
}

/// Runs the demo and prints its transcript.
///
/// # Errors
/// When a step does not go as the story says; the exit code is then not zero.
pub async fn run(options: DemoOptions) -> Result<()> {
    run_to(options, &mut Transcript::stdout()).await
}

async fn run_to<W: Write>(options: DemoOptions, out: &mut Transcript<W>) -> Result<()> {
    let scratch = Scratch::new(options.data_dir.clone());
    let weather = Upstream::start("demo-weather", ProtocolVersion::V2026_07_28, tools::weather()).await?;
    let notes = Upstream::start("demo-notes", ProtocolVersion::V2025_11_25, tools::notes()).await?;
    let running = running::start(&settings(&options, &scratch, [&weather, &notes])).await?;

    let admin_key = first_key(&running)?;
    let admin = ApiClient::new(&running.url(), admin_key.clone())?;
    opening(out, &running, &scratch)?;
    let epilogue = story::tell(&admin, &weather, &notes, out).await?;
    if options.keep {
        keep_running(out, &running, &admin_key, &epilogue).await?;
    }
    running.shutdown().await
}

fn settings(options: &DemoOptions, scratch: &Scratch, upstreams: [&Upstream; 2]) -> Settings {
    let mut settings = Settings::new(scratch.path.clone());
    settings.listen.set_port(options.port.unwrap_or(0));
    settings.egress.waived_origins = upstreams.iter().map(|upstream| upstream.origin()).collect();
    settings
}

fn first_key(running: &Running) -> Result<Secret> {
    let key =
        running.first_key().ok_or_eyre("the data directory is not empty: give the demo one of its own")?;
    Ok(Secret::new(key.secret.0.clone()))
}

fn opening<W: Write>(out: &mut Transcript<W>, running: &Running, scratch: &Scratch) -> Result<()> {
    out.chapter("Portcullis starts on an empty data directory")?;
    out.done(&format!("serving {}", running.url()))?;
    out.done(&format!("SQLite, master key and trail in {}", scratch.path.display()))?;
    out.done("tenant `default` with its first admin key")?;
    out.note(
        "the two bundled MCP servers listen on the loopback; the operator has waived their exact origins",
    )?;
    Ok(())
}

async fn keep_running<W: Write>(
    out: &mut Transcript<W>,
    running: &Running,
    admin_key: &Secret,
    epilogue: &Epilogue,
) -> Result<()> {
    let url = running.url();
    out.chapter("It is still running; go on by hand")?;
    out.note(&format!("export ADMIN={}", admin_key.expose()))?;
    out.note(&format!("export AGENT={}", epilogue.agent_key.expose()))?;
    out.note(&format!("curl -s {url}/integrations/mcp-servers -H \"authorization: Bearer $ADMIN\""))?;
    out.note(&format!("curl -s {url}{} -H \"authorization: Bearer $AGENT\" \\", epilogue.invoke_path))?;
    out.note("     -H 'content-type: application/json' -d '{\"arguments\":{\"word\":\"release\"}}'")?;
    out.note(&format!("the reference is at {url}/docs; Ctrl-C ends it"))?;
    tokio::signal::ctrl_c().await.wrap_err("cannot wait for Ctrl-C")
}

/// The data directory, removed at the end if it was ours.
#[derive(Debug)]
struct Scratch {
    path: PathBuf,
    ours: bool,
}

impl Scratch {
    fn new(given: Option<PathBuf>) -> Self {
        match given {
            Some(path) => Self { path, ours: false },
            None => {
                // The server makes it, for its owner alone, and refuses one that is there already and is another's.
                let name = format!(
                    "portcullis-demo-{}-{}",
                    std::process::id(),
                    RUNS.fetch_add(1, Ordering::Relaxed)
                );
                Self { path: std::env::temp_dir().join(name), ours: true }
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.ours {
            // A directory that stays behind is a nuisance, not a failure.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Demos in this process, so that each has a directory of its own.
static RUNS: AtomicU32 = AtomicU32::new(0);

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole story, as `cargo test` runs it: every sentence is checked before it is printed.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_story_is_true() {
        let mut transcript = Vec::new();
        run_to(DemoOptions::default(), &mut Transcript::plain(&mut transcript)).await.unwrap();
        let text = String::from_utf8(transcript).unwrap();
        for sentence in ["1 tool changed, quarantined again", "403 policy_denied", "chain intact"] {
            assert!(text.contains(sentence), "{sentence} is missing in:\n{text}");
        }
        assert!(!text.contains('\u{1b}') && !text.contains("pcl_"), "plain, and without keys");
    }
}

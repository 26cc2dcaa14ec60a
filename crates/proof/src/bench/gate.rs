//! The gate that is measured, as a process of its own: the binary as it is served, or, for the one comparison without
//! durability, this program in its place.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use color_eyre::eyre::{ContextCompat, Result, WrapErr, bail};
use portcullis::embedded::signing_keys;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use serde_json::json;

use super::process::Meter;
use super::wire::{NUMBER, Request, TOOL};
use crate::child::{self, ChildGate};
use crate::permitted::PermittedTool;
use crate::plant::free_port;

/// For a database outside of the directory, which makes no key of its own.
const MASTER_KEY: &str = "portcullis-key-v1 1 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n";
/// Calls of the tenant to the server at a time. With the default of 32 the queue before it would be a part of what is
/// measured, and would refuse some of 64 callers.
const SERVER_CALLS: usize = 256;
/// How long a start may take.
const START: Duration = Duration::from_secs(30);

/// Where the trail is kept, and how well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// SQLite, a commit waits for the disk.
    Sqlite,
    /// SQLite, a commit waits for nothing. For comparison only.
    Unsynced,
    /// PostgreSQL at this URL, `synchronous_commit=on`.
    Postgres(String),
}

/// What to start and where.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The binary `portcullis`.
    pub(super) binary: PathBuf,
    /// A directory on the disk that is measured.
    pub(super) disk: PathBuf,
    pub(super) storage: Storage,
    /// Origin and endpoint of the MCP server.
    pub(super) upstream: (String, String),
}

/// A running gate with one tool that an agent may call.
pub(super) struct Gate {
    plan: Plan,
    process: Process,
    directory: tempfile::TempDir,
    address: SocketAddr,
    pub(super) admin: ApiClient,
    /// The agent's call over REST.
    pub(super) request: Request,
    /// The same over MCP, through a toolset.
    pub(super) over_mcp: Request,
}

/// Either way it ends, by its pid, when this is dropped.
enum Process {
    Served(Served),
    Unsynced(ChildGate),
}

impl Gate {
    /// Starts it on an empty directory, with one read-only tool of the server approved and permitted.
    pub(super) async fn start(plan: Plan) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(&plan.disk)?;
        let (process, address, key) = if plan.storage == Storage::Unsynced {
            unsynced(&plan, directory.path()).await?
        } else {
            let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
            let served = Served::start(&plan, directory.path(), address)?;
            let key = served.first_key().await?;
            (Process::Served(served), address, key)
        };
        let admin = ApiClient::new(&format!("http://{address}"), key)?;
        ready(&admin).await?;
        let (request, over_mcp) = agent(&admin, address, &plan.upstream.1).await?;
        Ok(Self { plan, process, directory, address, admin, request, over_mcp })
    }

    /// Whether it is the binary as it is served, on SQLite.
    pub(super) fn is_plain(&self) -> bool {
        self.plan.storage == Storage::Sqlite
    }

    pub(super) fn meter(&self) -> Meter {
        Meter::of(match &self.process {
            Process::Served(served) => served.child.id(),
            Process::Unsynced(gate) => gate.pid(),
        })
    }

    /// Ends the binary and starts it again on its data: the time until it says that it is ready.
    pub(super) async fn restart(&mut self) -> Result<Duration> {
        let Process::Served(served) = &mut self.process else { bail!("only the binary is started again") };
        served.stop()?;
        let started = Instant::now();
        *served = Served::start(&self.plan, self.directory.path(), self.address)?;
        ready(&self.admin).await?;
        Ok(started.elapsed())
    }
}

async fn unsynced(plan: &Plan, directory: &Path) -> Result<(Process, SocketAddr, Secret)> {
    let child = child::Plan {
        data_dir: directory.join("data"),
        database_url: None,
        waived_origins: vec![plan.upstream.0.clone()],
        sync_off: true,
        server_calls: Some(SERVER_CALLS),
    };
    let mut gate = ChildGate::spawn(&child, &[], &directory.join("log"))?;
    let announced = gate.ready().await?;
    let address = announced.origin.trim_start_matches("http://").parse()?;
    Ok((Process::Unsynced(gate), address, announced.first_key.context("no admin key")?))
}

/// The binary.
struct Served {
    child: Child,
    output: PathBuf,
}

impl Served {
    fn start(plan: &Plan, directory: &Path, address: SocketAddr) -> Result<Self> {
        let mut command = Command::new(&plan.binary);
        command.arg("serve").arg("--data-dir").arg(directory.join("data"));
        command.args(["--waive-origin", &plan.upstream.0, "--listen", &address.to_string()]);
        let config = directory.join("portcullis.toml");
        std::fs::write(&config, format!("[limits]\nserver_calls = {SERVER_CALLS}\n"))?;
        command.arg("--config").arg(config);
        if let Storage::Postgres(url) = &plan.storage {
            signing_keys(&directory.join("data"), None, true)?;
            command.args(["--database-url", url]).arg("--master-key-file").arg(key_file(directory)?);
        }
        let output = directory.join("output");
        // What it logs goes to a file, as it would under a service manager.
        let log = File::create(directory.join("log"))?;
        command.stdin(Stdio::null()).stdout(File::create(&output)?).stderr(log);
        let child = command.spawn().wrap_err_with(|| format!("cannot start {command:?}"))?;
        Ok(Self { child, output })
    }

    /// The first word of its output that looks like a key.
    async fn first_key(&self) -> Result<Secret> {
        let started = Instant::now();
        while started.elapsed() < START {
            let output = std::fs::read_to_string(&self.output)?;
            let whole = output.lines().filter(|_| output.ends_with('\n'));
            if let Some(key) = whole.flat_map(str::split_whitespace).find(|word| word.starts_with("pcl_")) {
                return Ok(Secret::new(key.to_owned()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("the gate showed no admin key")
    }

    fn stop(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do then.
        let _ = self.stop();
    }
}

/// A master key for a database that is not in the directory.
fn key_file(directory: &Path) -> Result<PathBuf> {
    let file = directory.join("master.key");
    if !file.exists() {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&file)?
            .write_all(MASTER_KEY.as_bytes())?;
    }
    Ok(file)
}

async fn ready(admin: &ApiClient) -> Result<()> {
    let started = Instant::now();
    while !admin.get("/readyz").await.is_ok_and(|answer| answer.status == 200) {
        if started.elapsed() > START {
            bail!("the gate does not become ready");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// Has one read-only tool permitted, and makes an agent's call of it: over REST, and over MCP through a toolset.
async fn agent(admin: &ApiClient, address: SocketAddr, upstream: &str) -> Result<(Request, Request)> {
    let tool = PermittedTool::admit(admin, upstream, TOOL).await?;
    let selected = json!([{ "server_id": tool.server_id, "tool_id": tool.tool_id, "name": TOOL }]);
    let toolset = json!({ "name": "bench", "tools": selected, "keys": [tool.key_id] });
    admin.post("/integrations/toolsets", &toolset).await?.success()?;
    let key = format!("Bearer {}", tool.agent.key().expose());
    let body = json!({ "arguments": { "city": "Zurich" }, "run_id": format!("run-{NUMBER}") }).to_string();
    let path = format!("{}/invoke", tool.path);
    let headers = [("authorization", key.as_str())];
    let over_rest = Request::post(address, &path, &headers, &body, "\"status\":\"success\"");
    Ok((over_rest, Request::tools_call(address, "/mcp/bench", Some(&key))))
}

//! Gateways of other people, where Python is there: installed into a folder of their own, started before an upstream of
//! the era that they speak, and measured as everything else.

use std::path::Path;
use std::time::Duration;

use color_eyre::eyre::Result;

use self::contextforge::Setup;
use self::endpoint::Endpoint;
use self::home::Home;
use self::install::{Package, installed};
use super::process::Meter;
use super::wire::{Caller, Request};
use crate::plant::Program;

mod contextforge;
mod endpoint;
mod home;
mod install;
mod litellm;
mod proxies;

const FASTMCP: Package = Package { name: "fastmcp==4.1.2", pythons: &["python3"] };
const MCP_PROXY: Package = Package { name: "mcp-proxy==0.13.0", pythons: &["python3"] };
/// Of another Python, pip finds only an older one.
const CONTEXTFORGE: Package =
    Package { name: "mcp-contextforge-gateway==1.1.0", pythons: &["python3.13", "python3.12"] };
const LITELLM: Package = Package { name: "litellm[proxy]==1.108.7", pythons: &["python3"] };

/// A peer: what to install, and in which form to run it.
struct Peer {
    name: &'static str,
    package: Package,
    form: Form,
}

/// Each is one worker. Those that do no authentication have the easier task.
enum Form {
    /// One shared, connected client behind a stateless server: the fastest form of FastMCP that we know.
    FastMcpShared,
    /// A new client for each request, as its documentation begins.
    FastMcpPlain,
    McpProxy,
    /// All calls in one session, and nothing done beside them: its fastest form that we know.
    ContextForgeLean,
    /// As its README begins.
    ContextForge,
    /// All calls in one session, for which it keeps one of the upstream: its fastest form that we know.
    LiteLlm,
}

const PEERS: [Peer; 6] = [
    Peer { name: "FastMCP 4.1.2, one shared client", package: FASTMCP, form: Form::FastMcpShared },
    Peer { name: "FastMCP 4.1.2, as documented", package: FASTMCP, form: Form::FastMcpPlain },
    Peer { name: "mcp-proxy 0.13.0, two in a row", package: MCP_PROXY, form: Form::McpProxy },
    Peer {
        name: "ContextForge 1.1.0, lean, one session",
        package: CONTEXTFORGE,
        form: Form::ContextForgeLean,
    },
    Peer { name: "ContextForge 1.1.0, default", package: CONTEXTFORGE, form: Form::ContextForge },
    Peer { name: "LiteLLM 1.108.7, one session", package: LITELLM, form: Form::LiteLlm },
];

/// A running peer.
pub(super) struct Running {
    pub(super) name: &'static str,
    pub(super) request: Request,
    started: Started,
}

impl Running {
    pub(super) fn meter(&self) -> Meter {
        Meter::of(self.started.program.pid())
    }
}

/// A peer that listens. The program goes first, then what it lived on.
struct Started {
    program: Program,
    endpoint: Endpoint,
    _home: Home,
}

/// Installs and starts the peers, each before `upstream`. One that cannot be started is named and left out.
pub(super) async fn start(folder: &Path, upstream: &str, notes: &mut Vec<String>) -> Result<Vec<Running>> {
    let folder = folder.canonicalize()?;
    let mut running = Vec::new();
    for peer in &PEERS {
        match start_one(&folder, peer, upstream).await {
            Ok(peer) => running.push(peer),
            Err(error) => notes.push(format!("{} was not measured: {error}", peer.name)),
        }
    }
    Ok(running)
}

async fn start_one(folder: &Path, peer: &Peer, upstream: &str) -> Result<Running> {
    let bin = installed(folder, &peer.package)?;
    let home = Home::within(folder)?;
    let started = match peer.form {
        Form::FastMcpShared => proxies::fastmcp(proxies::FASTMCP_SHARED, &bin, home, upstream).await?,
        Form::FastMcpPlain => proxies::fastmcp(proxies::FASTMCP_PLAIN, &bin, home, upstream).await?,
        Form::McpProxy => proxies::mcp_proxy(&bin, home, upstream).await?,
        Form::ContextForgeLean => contextforge::start(Setup::Lean, &bin, home, upstream).await?,
        Form::ContextForge => contextforge::start(Setup::Default, &bin, home, upstream).await?,
        Form::LiteLlm => litellm::start(&bin, home, upstream).await?,
    };
    let request = started.endpoint.tool_call();
    answering(&request).await?;
    Ok(Running { name: peer.name, request, started })
}

/// Waits until calls are answered: a peer may listen before it is connected to the upstream.
async fn answering(request: &Request) -> Result<()> {
    for attempt in 0.. {
        let called = match Caller::connect(request).await {
            Ok(mut caller) => caller.call(request).await,
            Err(error) => Err(error),
        };
        match called {
            Ok(()) => break,
            Err(error) if attempt > 20 => return Err(error.wrap_err("it does not answer as expected")),
            Err(_) => tokio::time::sleep(Duration::from_millis(250)).await,
        }
    }
    Ok(())
}

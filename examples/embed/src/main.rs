//! A help desk that embeds Portcullis: its own vault, its own policy and its own audit sink on the ready-made rest.
//!
//! Read from [`main`] down. What is printed was asserted first: the program ends with an error when it is not so.

mod audit;
mod onboarding;
mod policy;
mod ticket_server;
mod vault;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis::embedded::{self, EmbeddedOptions};
use portcullis::operations::mcp_servers::InvokeMcpTool;
use portcullis::operations::tool_policies::PutToolPolicy;
use portcullis::operations::trail::{ListTrailEvents, VerifyTrail};
use portcullis::records::{InvokeToolResult, McpTool};
use portcullis::text::{Name, PolicyText};
use portcullis::{Input, KeyEnvironment, Operation, Ports, Spine, SpineOptions, codes};
use serde_json::{Value, json};

use crate::audit::{LogSink, ShippingEmitter};
use crate::onboarding::{approve, caller, create_agent, register};
use crate::policy::Roster;
use crate::ticket_server::TicketServer;
use crate::vault::DeskVault;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What the ticket server wants to see. Portcullis must never store it.
const TOKEN: &str = "tickets-token-7f3a9c";

#[tokio::main]
async fn main() -> Outcome<()> {
    let tickets = TicketServer::start(TOKEN).await?;
    let folder = Scratch::new();

    // 1. Open a data directory. The operator's waiver lets calls go to this one loopback origin.
    let mut options = EmbeddedOptions::new(&folder.0);
    options.waived_origins = vec![tickets.origin()];
    let data = embedded::open(options).await?;

    // 2. Replace three ports. The store, the ledger, the egress and the rest stay as they are.
    let standard = data.ports();
    let vault = Arc::new(DeskVault::new(data.sealed_secrets()));
    let log = Arc::new(LogSink::default());
    let ports = Ports {
        vault: vault.clone(),
        policy: Arc::new(Roster::new(7, [("triage-bot", "get_ticket")])),
        emitter: Arc::new(ShippingEmitter::new(standard.emitter.clone(), log.clone())),
        ..standard
    };

    // 3. Start. The first start founds a tenant, and shows its admin key this once.
    let spine = Spine::new(ports, SpineOptions::new(KeyEnvironment::new("test")?))?;
    let background = spine.start_background().await?;
    let first = spine.bootstrap(Name::new("help-desk")?).await?.ok_or("expected an empty data directory")?;
    let admin = first.secret.0;
    println!("started: tenant help-desk in {}", folder.0.display());

    let server = register(&spine, &admin, &tickets, &vault).await?;
    let [get, close] = approve(&spine, &admin, &server).await?;
    let agent = create_agent(&spine, &admin).await?;

    call_as_type_and_as_json(&spine, &agent, &get).await?;
    assert_eq!(tickets.calls(), 2);
    be_denied_by_the_roster(&spine, &admin, &agent, &close).await?;
    be_refused_without_a_log(&spine, &agent, &get, &log).await?;
    assert_eq!(tickets.calls(), 2, "a refused call reaches nobody");
    verify(&spine, &admin, &log).await?;

    // Whatever runs on the data directory ends before it is closed.
    drop((background, spine, vault));
    data.close().await;
    no_file_holds_the_token(&folder.0).await?;
    println!("done: all as expected");
    Ok(())
}

fn ticket(tool: &McpTool, number: u32) -> InvokeMcpTool {
    InvokeMcpTool {
        server_id: tool.server_id.clone(),
        tool_id: tool.tool_id.clone(),
        arguments: [("ticket".to_owned(), json!(number))].into_iter().collect(),
        run_id: None,
        step_index: None,
    }
}

/// The two ways in are one path: the same checks, the same trail.
async fn call_as_type_and_as_json(spine: &Spine, agent: &str, tool: &McpTool) -> Outcome<()> {
    let typed = spine.run(caller(spine, agent).await?, ticket(tool, 41)).await?;
    assert_eq!(
        (typed.policy_ids, typed.policy_version),
        (vec!["roster:triage-bot/get_ticket".to_owned()], 7)
    );
    println!("allowed, typed: {}", said(typed.result.as_str())?);

    let body = json!({ "server_id": tool.server_id, "tool_id": tool.tool_id, "arguments": { "ticket": 42 } });
    let input = Input::from_body(body.to_string().as_bytes())?;
    let answer = spine.call(caller(spine, agent).await?, InvokeMcpTool::NAME, input).await?;
    let answer: InvokeToolResult = serde_json::from_slice(&answer)?;
    println!("allowed, JSON: {}", said(answer.result.as_str())?);
    Ok(())
}

/// The text of a tool's result. It is the upstream's word: untrusted.
fn said(result: &str) -> Outcome<String> {
    let result: Value = serde_json::from_str(result)?;
    Ok(result["content"][0]["text"].as_str().ok_or("expected a text")?.to_owned())
}

async fn be_denied_by_the_roster(spine: &Spine, admin: &str, agent: &str, tool: &McpTool) -> Outcome<()> {
    let denied = spine.run(caller(spine, agent).await?, ticket(tool, 41)).await;
    let error = denied.err().ok_or("expected a denial")?;
    assert_eq!(
        (error.code(), error.public()),
        (codes::POLICY_DENIED, "the help desk's roster does not list this call")
    );
    println!("denied: {error}");

    let text = PolicyText::new("permit (principal, action, resource);")?;
    let put = PutToolPolicy { name: Name::new("all")?, description: None, text, expected_version: None };
    let refused = spine.run(caller(spine, admin).await?, put).await.map(|_| ());
    assert_eq!(refused.map_err(|error| error.code()), Err(codes::POLICY_INVALID), "the roster alone decides");
    Ok(())
}

async fn be_refused_without_a_log(spine: &Spine, agent: &str, tool: &McpTool, log: &LogSink) -> Outcome<()> {
    log.set_down(true);
    let refused = spine.run(caller(spine, agent).await?, ticket(tool, 43)).await;
    log.set_down(false);
    let error = refused.err().ok_or("expected a refusal")?;
    assert_eq!(error.code(), codes::AUDIT_UNAVAILABLE);
    println!("refused while the log is down: {error}");
    Ok(())
}

/// The chain holds, and the desk's log has each event of a call that the trail has.
async fn verify(spine: &Spine, admin: &str, log: &LogSink) -> Outcome<()> {
    let found = spine.run(caller(spine, admin).await?, VerifyTrail {}).await?;
    assert!(found.intact, "{found:?}");
    let events = spine.run(caller(spine, admin).await?, ListTrailEvents::default()).await?;
    assert!(events.next_cursor.is_none(), "one page holds this trail");
    let calls =
        events.items.iter().rev().filter(|event| event.event_type.as_str().starts_with("tool_invocation."));
    let recorded: Vec<_> = calls.map(|event| (json!(event.event_id), json!(event.event_type))).collect();
    let lines = log.lines();
    let shipped: Vec<_> =
        lines.iter().map(|line| (line["event_id"].clone(), line["event_type"].clone())).collect();
    assert_eq!(recorded, shipped);
    assert_eq!(shipped.len(), 3 + 3 + 2, "two calls and a denial");
    println!(
        "verified: {} events, chain intact; {} of them in the desk's log too",
        found.events,
        shipped.len()
    );
    Ok(())
}

async fn no_file_holds_the_token(folder: &Path) -> Outcome<()> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut entries = tokio::fs::read_dir(folder).await?;
        while let Some(entry) = entries.next_entry().await? {
            if entry.file_type().await?.is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = tokio::fs::read(entry.path()).await?;
            let held = bytes.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes());
            assert!(!held, "{} holds the secret", entry.path().display());
        }
    }
    Ok(())
}

/// A data directory for this run alone; a service has one that lasts.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("portcullis-embed-{}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed stays for the system's own clean-up.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

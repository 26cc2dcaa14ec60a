//! The suite as an agent of every era, in front of a server that is spoken to in each era.

use std::process::Command;

use color_eyre::eyre::Result;

use super::verdict::Verdict;
use super::{Options, REVISIONS, offer};
use crate::plant::{Gate, Program, free_port};

#[expect(clippy::print_stdout, reason = "a report for people")]
pub(super) async fn run(options: &Options) -> Result<()> {
    let (server_port, front_port) = (free_port()?, free_port()?);
    let mut server = Command::new(&options.rmcp);
    server.arg(server_port.to_string());
    let _server = Program::listening(server, server_port).await?;
    let origin = format!("http://127.0.0.1:{server_port}");
    let gate = Gate::start(&options.binary, std::slice::from_ref(&origin)).await?;
    let agent = offer::all(&gate.admin, &format!("{origin}/mcp")).await?;
    let mut front = Command::new(options.node.join("node_modules/.bin/node"));
    front.arg(options.folder.join("with_key.mjs")).arg(front_port.to_string());
    front.arg(format!("{}{}", agent.origin(), offer::ENDPOINT)).env("PORTCULLIS_KEY", agent.key().expose());
    let _front = Program::listening(front, front_port).await?;
    let url = format!("http://127.0.0.1:{front_port}/mcp");
    for pin in REVISIONS {
        offer::pin(&gate.admin, pin).await?;
        for revision in REVISIONS {
            let verdict = Verdict::of(options, &["server", "--url", &url, "--requirements", revision], &[])?;
            let total = verdict.expect(options, leg(revision, pin), revision)?;
            println!(
                "ok conformance of the server, {revision}, upstream {pin}, but for the failures that are known: {total}"
            );
        }
    }
    Ok(())
}

/// What is known to fail is written down by the agent's revision. A modern agent in front of a legacy server has a file of its
/// own.
fn leg(revision: &str, pin: &str) -> &'static str {
    if revision == REVISIONS[0] && pin != revision { "server-legacy-upstream" } else { "server" }
}

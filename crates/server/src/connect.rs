//! `portcullis connect`: what an MCP client needs to reach a toolset, in the client's own configuration.
//!
//! No key is ever printed or written: a client reads it from where it keeps secrets, or from the environment; where it can
//! do neither, a place for it is left.

mod clients;
mod json;
mod merge;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use color_eyre::eyre::{self, OptionExt, WrapErr, ensure};
use portcullis_schemas::integrations::toolsets::ToolsetName;
use url::{Host, Url};

use self::clients::{Place, Recipe, recipe};
use crate::cli;

/// The clients that are known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    ClaudeCode,
    ClaudeDesktop,
    Cursor,
    Vscode,
    Codex,
    Gemini,
    Inspector,
}

#[derive(Debug, Args)]
pub(crate) struct ConnectFlags {
    /// The client
    client: Client,
    /// The toolset: the last part of its URL
    toolset: String,
    /// Where the gate is reached
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8642")]
    gate: String,
    /// The name of the server in the client [default: the toolset's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Write it into the client's file, beside what is there
    #[arg(long)]
    write: bool,
}

/// Prints the configuration, or writes it.
pub(crate) fn run(flags: &ConnectFlags) -> eyre::Result<()> {
    let toolset = ToolsetName::new(&flags.toolset).wrap_err("toolset")?;
    let name = flags.name.as_deref().unwrap_or(toolset.as_str());
    ToolsetName::new(name).wrap_err("--name")?;
    let recipe = recipe(flags.client, name, &endpoint(&flags.gate, &toolset)?);
    if !flags.write {
        return cli::say(&shown(&recipe));
    }
    let home = std::env::home_dir().ok_or_eyre("there is no home directory: leave --write out")?;
    let Some(file) = path(&recipe.place, &home) else {
        eyre::bail!("this client keeps no configuration: leave --write out, and run what is printed");
    };
    let text = match merge::write(&file, &recipe)? {
        true => format!("Wrote {}. {}\n", file.display(), recipe.next),
        false => format!("{} has it already; nothing was written.\n", file.display()),
    };
    cli::say(&text)
}

fn endpoint(gate: &str, toolset: &ToolsetName) -> eyre::Result<String> {
    let gate = Url::parse(gate).wrap_err("--gate: expected a URL, like https://gate.example")?;
    ensure!(
        // No path, user, query or fragment, which would be lost.
        ["http", "https"].contains(&gate.scheme())
            && gate.as_str().strip_suffix('/') == Some(&gate.origin().ascii_serialization()),
        "--gate: expected an origin, like https://gate.example"
    );
    let is_loopback = match gate.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    ensure!(
        gate.scheme() == "https" || is_loopback,
        "--gate: expected https, or http on this machine: the API key would travel in clear"
    );
    Ok(format!("{}/mcp/{toolset}", gate.origin().ascii_serialization()))
}

fn shown(recipe: &Recipe) -> String {
    let place = match &recipe.place {
        Place::Project(file) => format!("# {file}, in the project\n"),
        Place::Home(file) => format!("# {file}, in the home directory\n"),
        Place::Nowhere => String::new(),
    };
    format!("{place}{}\n# {}\n", recipe.text, recipe.next)
}

fn path(place: &Place, home: &Path) -> Option<PathBuf> {
    match place {
        Place::Project(file) => Some(PathBuf::from(file)),
        Place::Home(file) => Some(home.join(file)),
        Place::Nowhere => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(client: Client) -> String {
        let toolset = ToolsetName::new("support").unwrap();
        shown(&recipe(client, "support", &endpoint("https://gate.example", &toolset).unwrap()))
    }

    #[test]
    fn what_each_client_is_told_is_a_contract() {
        let all = Client::value_variants().iter().map(|client| text(*client)).collect::<Vec<_>>().join("\n");
        assert!(!all.contains("pcl_"), "no key is told");
        insta::assert_snapshot!(all);
    }

    #[test]
    fn the_page_of_each_client_says_what_is_printed() {
        let guide = std::fs::read_to_string("../../docs/connect.md").unwrap();
        for client in Client::value_variants() {
            let (said, name) = (text(*client), client.to_possible_value().unwrap().get_name().to_owned());
            let page = std::fs::read_to_string(format!("../../docs/connect/{name}.md")).unwrap();
            assert!(page.contains(said.trim_end()), "docs/connect/{name}.md lacks:\n{said}");
            assert!(guide.contains(&format!("(connect/{name}.md)")), "docs/connect.md does not lead to it");
        }
    }

    #[test]
    fn a_gate_is_an_origin() {
        let toolset = ToolsetName::new("t").unwrap();
        let good = [
            ("http://127.0.0.1:8642", "http://127.0.0.1:8642/mcp/t"),
            ("https://gate.example/", "https://gate.example/mcp/t"),
        ];
        for (gate, expected) in good {
            assert_eq!(endpoint(gate, &toolset).unwrap(), expected);
        }
        for bad in [
            "http://gate.example",
            "gate.example",
            "https://gate.example/x",
            "https://user:word@gate.example/",
            "https://gate.example/?tenant=a",
            "https://gate.example/#a",
            "ftp://gate.example",
            "https://",
        ] {
            assert!(endpoint(bad, &toolset).is_err(), "{bad}");
        }
    }
}

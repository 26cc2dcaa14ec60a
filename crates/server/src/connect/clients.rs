//! What each client wants to be told, and where. Pure.

use serde_json::{Map, Value, json};

use super::Client;

/// Where a client's configuration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A file of the project.
    Project(&'static str),
    /// A file below the home directory.
    Home(&'static str),
    /// It is told on its command line.
    Nowhere,
}

/// How a client is connected.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    pub(super) place: Place,
    /// The configuration as text.
    pub(super) text: String,
    /// The same as what is to be merged into a file that is there.
    pub(super) form: Form,
    /// What is left to do.
    pub(super) next: &'static str,
}

/// How the text is merged.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// Members of a JSON object: servers by their names, or an array.
    Json(Map<String, Value>),
    /// A table of a TOML file, by its name.
    Toml(String),
    /// Not at all.
    Command,
}

/// Stands where a person must put the key.
pub(super) const KEY_PLACE: &str = "Bearer <the API key>";
const EXPORT: &str = "Put the API key into the environment as PORTCULLIS_KEY, and start the client anew.";
#[cfg(target_os = "macos")]
const CLAUDE_DESKTOP: &str = "Library/Application Support/Claude/claude_desktop_config.json";
#[cfg(not(target_os = "macos"))]
const CLAUDE_DESKTOP: &str = ".config/Claude/claude_desktop_config.json";

pub(super) fn recipe(client: Client, name: &str, url: &str) -> Recipe {
    match client {
        Client::ClaudeCode => {
            let server = json!({ "type": "http", "url": url, "headers": bearer("${PORTCULLIS_KEY}") });
            json_in(Place::Project(".mcp.json"), json!({ "mcpServers": { name: server } }), EXPORT)
        }
        Client::ClaudeDesktop => {
            // Its file knows local programs only; mcp-remote is the bridge that its makers point to.
            let arguments =
                ["-y", "mcp-remote", url, "--header", "Authorization:${PORTCULLIS_AUTHORIZATION}"];
            let environment = json!({ "PORTCULLIS_AUTHORIZATION": KEY_PLACE });
            let server = json!({ "command": "npx", "args": arguments, "env": environment });
            let next = "Put the API key in its place in that file, see that nobody else may read it, and start the client anew.";
            json_in(Place::Home(CLAUDE_DESKTOP), json!({ "mcpServers": { name: server } }), next)
        }
        Client::Cursor => {
            let server = json!({ "url": url, "headers": bearer("${env:PORTCULLIS_KEY}") });
            json_in(Place::Project(".cursor/mcp.json"), json!({ "mcpServers": { name: server } }), EXPORT)
        }
        Client::Vscode => {
            let input = json!({
                "type": "promptString",
                "id": format!("{name}-key"),
                "description": "API key of the gate",
                "password": true,
            });
            let server =
                json!({ "type": "http", "url": url, "headers": bearer(&format!("${{input:{name}-key}}")) });
            let whole = json!({ "inputs": [input], "servers": { name: server } });
            json_in(
                Place::Project(".vscode/mcp.json"),
                whole,
                "The editor asks for the API key at the first use.",
            )
        }
        Client::Codex => {
            let table = format!("mcp_servers.{name}");
            let text = format!("[{table}]\nurl = \"{url}\"\nbearer_token_env_var = \"PORTCULLIS_KEY\"\n");
            Recipe { place: Place::Home(".codex/config.toml"), text, form: Form::Toml(table), next: EXPORT }
        }
        Client::Gemini => {
            let server = json!({ "httpUrl": url, "headers": bearer("$PORTCULLIS_KEY") });
            json_in(
                Place::Project(".gemini/settings.json"),
                json!({ "mcpServers": { name: server } }),
                EXPORT,
            )
        }
        Client::Inspector => {
            let text = format!(
                "npx @modelcontextprotocol/inspector --cli {url} --transport http \\\n  \
                 --header \"Authorization: Bearer $PORTCULLIS_KEY\" --method tools/list\n"
            );
            let next = "Put the API key into the environment as PORTCULLIS_KEY first.";
            Recipe { place: Place::Nowhere, text, form: Form::Command, next }
        }
    }
}

fn bearer(key: &str) -> Value {
    json!({ "Authorization": format!("Bearer {key}") })
}

fn json_in(place: Place, whole: Value, next: &'static str) -> Recipe {
    let members = whole.as_object().cloned().unwrap_or_default();
    Recipe { place, text: format!("{whole:#}\n"), form: Form::Json(members), next }
}

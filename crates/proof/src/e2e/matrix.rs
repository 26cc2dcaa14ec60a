//! Clients and servers that we did not write, of every era, each with each: all servers stand in one toolset, and every
//! client lists it and calls a tool of each. A server of both eras stands there twice, once pinned to the older one.

use std::fmt::Write as _;

use color_eyre::eyre::{Context as _, ContextCompat, Result, ensure};
use portcullis_server::api_client::ApiClient;
use serde_json::{Value, json};

use super::clients::{self, Call, Said};
use super::servers::Servers;
use super::{Options, approve, key_of_agent, release, tool_path};

const TOOLSET: &str = "matrix";
/// How the client of the Python SDK connects, and what it then speaks: it finds out, it shakes hands, or it is told.
const MODES: [(&str, &str); 3] =
    [("auto", "2026-07-28"), ("legacy", "2025-11-25"), ("2026-07-28", "2026-07-28")];

/// A server as the gate speaks with it; one tool of it is offered under the column's name.
struct Column {
    name: &'static str,
    url: String,
    protocol: &'static str,
    version: &'static str,
    tool: &'static str,
    arguments: Value,
    answer: &'static str,
}

impl Column {
    fn all(servers: &Servers) -> Vec<Self> {
        let sum = |name, origin: &str, protocol, version| Self {
            name,
            // A tenant has a URL once; the query tells the two apart and no server looks at it.
            url: format!("{origin}/mcp?{protocol}"),
            protocol,
            version,
            tool: "get_sum",
            arguments: json!({ "a": 20, "b": 22 }),
            answer: "42",
        };
        let (modern, legacy) = (("auto", "2026-07-28"), ("2025-11-25", "2025-11-25"));
        let both = |names: [&'static str; 2], origin: &str| {
            [sum(names[0], origin, modern.0, modern.1), sum(names[1], origin, legacy.0, legacy.1)]
        };
        let everything = Self {
            name: "everything",
            url: format!("{}/mcp", servers.everything.origin),
            protocol: "auto",
            version: legacy.1,
            tool: "echo",
            arguments: json!({ "message": "through the gate" }),
            answer: "through the gate",
        };
        [everything]
            .into_iter()
            .chain(both(["fastmcp", "fastmcp-legacy"], &servers.fastmcp.origin))
            .chain(both(["python", "python-legacy"], &servers.python.origin))
            .chain(both(["rmcp", "rmcp-legacy"], &servers.rmcp.origin))
            .chain(both(["typescript", "typescript-legacy"], &servers.typescript.origin))
            .collect()
    }

    /// Registers it, and approves its tool. Its path, and its entry in the toolset.
    async fn admit(&self, admin: &ApiClient) -> Result<(String, Value)> {
        let body = json!({ "name": self.name, "url": self.url, "protocol": self.protocol });
        let registered = admin.post("/integrations/mcp-servers", &body).await?.success()?;
        let version = &registered["discovery"]["protocol_version"];
        ensure!(version == self.version, "{}: expected {}, got {registered}", self.name, self.version);
        let id = registered["server"]["server_id"].as_str().context("no server id")?;
        let server = format!("/integrations/mcp-servers/{id}");
        let tool = tool_path(admin, &server, self.tool).await?;
        approve(admin, &tool).await?;
        admin.put(&format!("{tool}/risk"), &json!({ "risk_level": "low" })).await?.success()?;
        let tool_id = tool.rsplit('/').next().context("no tool id")?;
        let entry = json!({ "server_id": id, "tool_id": tool_id, "name": self.name });
        Ok((server, entry))
    }

    fn call(&self) -> Call {
        Call { tool: self.name.to_owned(), arguments: self.arguments.clone() }
    }
}

/// Fills the matrix, and prints it.
#[expect(clippy::print_stdout, reason = "a report for people")]
pub(super) async fn run(
    options: &Options,
    admin: &ApiClient,
    agent: &ApiClient,
    servers: &Servers,
) -> Result<()> {
    let columns = Column::all(servers);
    let (mut paths, mut entries) = (Vec::new(), Vec::new());
    for column in &columns {
        let (path, entry) = column.admit(admin).await.wrap_err(column.name)?;
        paths.push(path);
        entries.push(entry);
    }
    let body = json!({ "name": TOOLSET, "tools": entries, "keys": [key_of_agent(admin).await?] });
    admin.post("/integrations/toolsets", &body).await?.success()?;

    let endpoint = format!("{}/mcp/{TOOLSET}", agent.origin());
    let calls: Vec<Call> = columns.iter().map(Column::call).collect();
    let mut rows = Vec::new();
    for (mode, version) in MODES {
        let said = clients::python(options, agent, &endpoint, mode, &calls)?;
        ensure!(said.version.as_deref() == Some(version), "{mode}: spoke {:?}", said.version);
        rows.push((format!("mcp {mode}"), said));
    }
    rows.push(("inspector".to_owned(), clients::inspector(options, agent, &endpoint, &calls)?));
    for (client, said) in &rows {
        check(client, &columns, said)?;
    }
    println!("{}ok all {} cells", table(&columns, &rows), rows.len() * columns.len());
    for path in paths {
        release(admin, &path).await?;
    }
    Ok(())
}

/// Whether a client has seen every column, and nothing else, and had the right answer of each.
fn check(client: &str, columns: &[Column], said: &Said) -> Result<()> {
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    ensure!(said.tools == names && said.pages == 1, "{client}: {said:?}");
    ensure!(said.calls.len() == columns.len(), "{client}: {said:?}");
    for (column, called) in columns.iter().zip(&said.calls) {
        let fits = !called.is_error && called.text.contains(column.answer);
        ensure!(fits, "{client} at {}: {called:?}", column.name);
    }
    Ok(())
}

const HEADING: &str = "\ncalls through /mcp/{toolset}, in ms as the client sees them; the inspector's with the start of its process\n";

/// A line for each server, as the gate speaks with it, and a column for each client, with what it speaks.
fn table(columns: &[Column], rows: &[(String, Said)]) -> String {
    let mut text = format!("{HEADING}{:<20}{:<12}", "server", "speaks");
    for (client, _) in rows {
        let _ = write!(text, "{client:>16}");
    }
    let _ = write!(text, "\n{:<32}", "");
    for (_, said) in rows {
        let _ = write!(text, "{:>16}", said.version.as_deref().unwrap_or("-"));
    }
    for (index, column) in columns.iter().enumerate() {
        let _ = write!(text, "\n{:<20}{:<12}", column.name, column.version);
        for (_, said) in rows {
            let _ = write!(text, "{:>16}", said.calls[index].milliseconds);
        }
    }
    text.push('\n');
    text
}

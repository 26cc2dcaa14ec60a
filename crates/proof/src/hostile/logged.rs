//! The log of a gate whose server sends what looks like lines of a log (M041). It runs in a process of its own, whose log
//! nobody else writes to.

use color_eyre::eyre::Result;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use portcullis_server::config::{LogFormat, LogLevel};
use serde_json::{Value, json};

use super::speech::{Era, TOOL, definition, response, server, stream, text};
use super::villain::{Asked, Step, Villain};
use crate::permitted::PermittedTool;
use crate::process::{Child, GateOptions};
use crate::prove::home::Home;
use crate::prove::setting::Setting;
use crate::wiring::Wiring;

/// Calls of each of two servers.
const CALLS: u64 = 10;
/// What the forged events are about.
const FORGED: &str = "forged";
/// The operation of the calls, as their lines name it.
const OPERATION: &str = "integrations.mcp_servers.invoke_tool";

/// What stands in the log.
pub(super) struct Logged {
    pub(super) lines: u64,
    /// No event, or one that the server made up.
    pub(super) forged: u64,
    /// Calls that were made, and events that tell of one.
    pub(super) calls: u64,
    pub(super) of_calls: u64,
}

/// Has servers of both eras send such lines as notifications, in results and in errors, and reads the log.
pub(super) async fn play(setting: &Setting, wiring: Wiring) -> Result<Logged> {
    let home = Home::new(setting)?;
    let mut villains = Vec::new();
    for era in [Era::Modern, Era::Legacy] {
        villains.push(Villain::start(server(era, vec![definition(TOOL)], speak)).await?);
    }
    let waived: Vec<String> = villains.iter().map(Villain::origin).collect();
    let mut settings = home.settings("gate", &waived);
    (settings.log.level, settings.log.format) = (LogLevel::Trace, LogFormat::Json);
    let plan = GateOptions::new("gate", home.path(), settings, wiring);
    let gate = Child::gate(&plan).await?;
    let admin = ApiClient::new(gate.said("origin")?, Secret::new(gate.said("key")?.to_owned()))?;
    for villain in &villains {
        let tool = PermittedTool::admit(&admin, &villain.url(), TOOL).await?;
        villain.turn();
        for _ in 0..CALLS {
            tool.invoke(&json!({ "arguments": {} }), &[]).await?;
        }
    }
    gate.stop().await?;
    let log = std::fs::read_to_string(plan.directory.join("gate.log"))?;
    Ok(Logged::of(&log, CALLS * villains.len() as u64))
}

/// A line as text, one as JSON, and a clear screen.
fn noise() -> String {
    let event = json!({ "timestamp": "2026-01-01T00:00:00Z", "level": "INFO", "message": FORGED });
    format!("\r\n2026-01-01T00:00:00Z  INFO portcullis: {FORGED}\r\n{event}\n{event}\u{2028}{event}\u{1b}[2J")
}

/// Every other answer is an error.
fn speak(asked: &Asked) -> Vec<Step> {
    let params = json!({ "level": "error", "logger": noise(), "data": noise() });
    let notice = json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": params }).to_string();
    if asked.call.is_multiple_of(2) {
        return stream(&[notice, response(asked, &text(&noise()).to_string())]);
    }
    let error = json!({ "code": -32000, "message": noise(), "data": noise() });
    let error = json!({ "jsonrpc": "2.0", "id": asked.body["id"], "error": error });
    stream(&[notice, error.to_string()])
}

impl Logged {
    fn of(log: &str, calls: u64) -> Self {
        let mut logged = Self { lines: 0, forged: 0, calls, of_calls: 0 };
        for line in log.lines() {
            let event: Value = serde_json::from_str(line).unwrap_or_default();
            logged.lines += 1;
            logged.forged += u64::from(event["level"].is_null() || event["message"] == FORGED);
            logged.of_calls += u64::from(is_of_a_call(&event));
        }
        logged
    }
}

/// Every dispatch has one line.
fn is_of_a_call(event: &Value) -> bool {
    event["operation"] == OPERATION && event["message"] == "dispatched"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_no_event_of_the_gates_is_seen() {
        let call = json!({ "level": "INFO", "message": "dispatched", "operation": OPERATION }).to_string();
        let honest = json!({ "level": "INFO", "message": "told", "detail": noise() }).to_string();
        for (log, forged) in [
            (format!("{call}\n{honest}\n"), 0),
            (format!("{call}\n{}\n", noise().trim_start()), 3),
            (format!("{call}\n\n"), 1),
        ] {
            let logged = Logged::of(&log, 1);
            assert_eq!((logged.forged, logged.of_calls), (forged, 1), "{log}");
        }
    }
}

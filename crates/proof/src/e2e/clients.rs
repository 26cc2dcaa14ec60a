//! The clients: the Python SDK's, and the inspector's command line.

use std::process::{Command, Stdio};
use std::time::Instant;

use color_eyre::eyre::{ContextCompat, Result, WrapErr, ensure};
use portcullis_server::api_client::ApiClient;
use serde_json::{Value, json};

use super::Options;

/// A call that a client is to make.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) tool: String,
    pub(super) arguments: Value,
}

/// What a client saw.
#[derive(Debug)]
pub(super) struct Said {
    /// What it speaks with the gate, if it says so.
    pub(super) version: Option<String>,
    /// How many pages the list had.
    pub(super) pages: u64,
    pub(super) tools: Vec<String>,
    /// In the order of the calls.
    pub(super) calls: Vec<Called>,
}

/// The answer to a call.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) is_error: bool,
    pub(super) text: String,
    pub(super) milliseconds: f64,
}

/// The Python SDK's, in one session. The agent's key goes by the environment: arguments of a process are everybody's to
/// read.
pub(super) fn python(
    options: &Options,
    agent: &ApiClient,
    endpoint: &str,
    mode: &str,
    calls: &[Call],
) -> Result<Said> {
    let calls: Vec<Value> =
        calls.iter().map(|call| json!({ "tool": call.tool, "arguments": call.arguments })).collect();
    let mut command = Command::new(&options.python);
    command.arg(options.folder.join("mcp_client.py")).args([endpoint, mode, &Value::from(calls).to_string()]);
    command.env("PORTCULLIS_KEY", agent.key().expose());
    let said = json_of(command, agent).wrap_err_with(|| format!("python client, {mode}"))?;
    let calls = said["calls"].as_array().context("no calls")?;
    Ok(Said {
        version: said["version"].as_str().map(str::to_owned),
        pages: said["pages"].as_u64().context("no pages")?,
        tools: names(&said["tools"], |tool| tool)?,
        calls: calls
            .iter()
            .map(|call| called(call, &call["text"], call["milliseconds"].as_f64()))
            .collect::<Result<_>>()?,
    })
}

/// The inspector's: a process for the list, and one for each call, start included.
pub(super) fn inspector(
    options: &Options,
    agent: &ApiClient,
    endpoint: &str,
    calls: &[Call],
) -> Result<Said> {
    let listed = inspect(options, agent, endpoint, &["--method", "tools/list"])?;
    let mut answers = Vec::new();
    for call in calls {
        let mut words = vec!["--method", "tools/call", "--tool-name", &call.tool];
        let arguments = call.arguments.as_object().context("no arguments")?;
        let pairs: Vec<_> = arguments.iter().map(|(name, value)| pair(name, value)).collect();
        words.extend(pairs.iter().flat_map(|pair| ["--tool-arg", pair]));
        let begun = Instant::now();
        let answer = inspect(options, agent, endpoint, &words)?;
        let took = (begun.elapsed().as_secs_f64() * 1000.0).round();
        answers.push(called(
            &json!({ "is_error": answer["isError"] == true }),
            &answer["content"][0]["text"],
            Some(took),
        )?);
    }
    Ok(Said {
        version: None,
        pages: 1,
        tools: names(&listed["tools"], |tool| &tool["name"])?,
        calls: answers,
    })
}

fn called(answer: &Value, text: &Value, milliseconds: Option<f64>) -> Result<Called> {
    Ok(Called {
        is_error: answer["is_error"].as_bool().context("no flag")?,
        text: text.as_str().context("no text")?.to_owned(),
        milliseconds: milliseconds.context("no time")?,
    })
}

fn names(list: &Value, name: impl Fn(&Value) -> &Value) -> Result<Vec<String>> {
    let items = list.as_array().context("no list of tools")?;
    items.iter().map(|item| name(item).as_str().map(str::to_owned).context("a tool without a name")).collect()
}

/// `a=20`, as the inspector takes arguments.
fn pair(name: &str, value: &Value) -> String {
    value.as_str().map_or_else(|| format!("{name}={value}"), |text| format!("{name}={text}"))
}

fn inspect(options: &Options, agent: &ApiClient, endpoint: &str, words: &[&str]) -> Result<Value> {
    let mut command = Command::new("node");
    command.arg(options.node.join("node_modules/.bin/mcp-inspector")).args(["--cli", endpoint]);
    command.args(["--transport", "http", "--header"]);
    command.arg(format!("Authorization: Bearer {}", agent.key().expose())).args(words);
    json_of(command, agent).wrap_err("inspector")
}

/// What a client prints, which is one JSON value.
pub(super) fn json_of(mut command: Command, agent: &ApiClient) -> Result<Value> {
    let output = command.stdin(Stdio::null()).output()?;
    let failed = || String::from_utf8_lossy(&output.stderr).replace(agent.key().expose(), "<key>");
    ensure!(output.status.success(), "{}", failed());
    Ok(serde_json::from_slice(&output.stdout)?)
}

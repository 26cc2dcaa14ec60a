//! What the suite starts as the client under test: a gate in front of the suite's server, and an agent that does through it
//! what the scenario wants of a client.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;
use color_eyre::eyre::{ContextCompat, Result, WrapErr, ensure};
use serde_json::{Map, Value};
use url::Url;

use super::agent::Agent;
use super::{offer, sample, tokens};
use crate::plant::Gate;

/// Where a driver leaves how it ended. The gate, which inherits the name, takes none that begins with its own.
pub(super) const STORIES: &str = "CONFORMANCE_STORIES";
/// Drivers that run at a time.
const TURNS: u32 = 4;
/// The scenario in which the suite's server has a person fill in a form.
const FORMS: &str = "elicitation-sep1034-client-defaults";
/// How a driver ends that has done all.
pub(super) const DONE: &str = "done";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The `portcullis` binary
    #[arg(long)]
    binary: PathBuf,
    /// The suite's server
    url: Url,
}

/// What the suite says of a scenario, by the environment.
struct Scenario {
    name: String,
    revision: String,
    /// What a scenario tells its client besides; null for most.
    context: Value,
}

pub(crate) async fn run(options: Options) -> Result<()> {
    let scenario = Scenario::told()?;
    let stories = PathBuf::from(std::env::var_os(STORIES).context("nobody asked how this ends")?);
    // The suite starts all scenarios at once; a gate for each of them would be late for what it waits for.
    let turn = File::create(stories.join(format!(".turn-{}", std::process::id() % TURNS)))?;
    let turn = tokio::task::spawn_blocking(move || turn.lock().map(|()| turn)).await??;
    let played = play(&options, &scenario).await;
    drop(turn);
    let story = played.as_ref().err().map_or_else(|| DONE.to_owned(), |error| format!("{error:#}"));
    std::fs::write(stories.join(file_name(&scenario.name)), story)?;
    played
}

/// How the driver of a scenario ended.
pub(super) fn told(stories: &Path, scenario: &str) -> Result<String> {
    std::fs::read_to_string(stories.join(file_name(scenario)))
        .wrap_err_with(|| format!("{scenario}: its driver did not say how it ended"))
}

fn file_name(scenario: &str) -> String {
    scenario.replace('/', "__")
}

impl Scenario {
    fn told() -> Result<Self> {
        let variable = |name: &str| std::env::var(name).wrap_err_with(|| name.to_owned());
        let context = std::env::var("MCP_CONFORMANCE_CONTEXT").ok();
        Ok(Self {
            name: variable("MCP_CONFORMANCE_SCENARIO")?,
            revision: variable("MCP_CONFORMANCE_PROTOCOL_VERSION")?,
            context: context.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default(),
        })
    }
}

/// An admin registers the server and approves all that it has; the agent lists that, and calls it.
async fn play(options: &Options, scenario: &Scenario) -> Result<()> {
    let origin = options.url.origin().ascii_serialization();
    let gate = Gate::start(&options.binary, &[origin]).await?;
    if tokens::is_one(&scenario.name) {
        return tokens::play(gate, &options.url, &scenario.name, &scenario.context).await;
    }
    let client = offer::all(&gate.admin, options.url.as_str()).await?;
    let agent = if scenario.name == FORMS {
        Agent::with_person(client)
    } else {
        Agent::new(client, &scenario.revision)?
    };
    let tools = agent.tools().await?;
    for (name, arguments) in calls(scenario, &tools)? {
        let tool = tools.iter().find(|tool| tool["name"] == name.as_str());
        let tool = tool.with_context(|| format!("`{name}` is not offered"))?;
        let result = agent.call(tool, arguments).await?;
        ensure!(result["isError"] != true, "{name}: {result}");
    }
    Ok(())
}

/// What is called in a scenario, in order: what its context says, else every tool, with arguments that fit.
fn calls(scenario: &Scenario, tools: &[Value]) -> Result<Vec<(String, Map<String, Value>)>> {
    if let Some(wanted) = scenario.context["toolCalls"].as_array() {
        return wanted
            .iter()
            .map(|call| {
                let mut arguments = call["arguments"].as_object().context("no arguments")?.clone();
                // The gate holds arguments to their schema, by which null is no boolean: what has no value is left out.
                arguments.retain(|_, value| !value.is_null());
                Ok((call["name"].as_str().context("no name")?.to_owned(), arguments))
            })
            .collect();
    }
    let name = |tool: &Value| tool["name"].as_str().map(str::to_owned).context("a tool without a name");
    if scenario.name == "json-schema-2020-12-preservation" {
        // The schema of one tool, as it came through the gate, is what the other is given.
        let focal = tools.iter().find(|tool| tool["name"] == "json_schema_2020_12_tool");
        let schema = focal.context("the tool with the schema is not offered")?["inputSchema"].clone();
        return Ok(vec![("json_schema_echo".to_owned(), Map::from_iter([("schema".to_owned(), schema)]))]);
    }
    tools.iter().map(|tool| Ok((name(tool)?, sample::arguments(&tool["inputSchema"])))).collect()
}

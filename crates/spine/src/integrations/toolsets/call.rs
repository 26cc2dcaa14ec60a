//! What an agent asks of a toolset by name (call a tool, get a prompt, read a resource, complete an argument): the governed
//! call of what stands there under that name.

use std::sync::Arc;

use portcullis_engines::integrations::toolsets::{
    by_name, call_arguments, check_mirrored, for_uri, offered, told,
};
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::integrations::mcp::invocation::{CallMethod, InvokeToolResult};
use portcullis_schemas::integrations::mcp::operations::InvokeMcpTool;
use portcullis_schemas::integrations::mcp::tool::{ItemKind, McpTool};
use portcullis_schemas::integrations::toolsets::operations::{
    CallOfferedTool, CompleteOfferedArgument, GetOfferedPrompt, ReadOfferedResource,
};
use portcullis_schemas::integrations::toolsets::{Toolset, ToolsetName, ToolsetTool};
use portcullis_schemas::tenants::ConfigVersion;
use portcullis_schemas::text::RunId;
use portcullis_schemas::{Error, ErrorKind};
use serde_json::{Map, Value, json};

use super::offer::{can_complete, is_offered, opened};
use crate::integrations::mcp::{ThroughToolset, invoke::invoke};
use crate::scene::Scene;

/// Refusals of a call that nothing was decided on: its arguments are too large or too deep, there is no room, or the
/// trail or the configuration do not allow it.
const BEFORE_THE_DECISION: [Code; 4] =
    [codes::INVALID_FIELD, codes::OVERLOADED, codes::AUDIT_UNAVAILABLE, codes::CONFIGURATION_UNSETTLED];

pub(crate) async fn call_offered_tool(
    scene: Scene,
    request: CallOfferedTool,
) -> Result<InvokeToolResult, Error> {
    let wanted = Wanted {
        toolset: &request.toolset,
        kind: ItemKind::Tool,
        pick: &|toolset| by_name(toolset, ItemKind::Tool, request.tool.as_str()),
        method: CallMethod::CallTool,
        arguments: &|found| arguments_of_call(&found.entry, &found.tool, &request),
        step: Step { run_id: request.run_id.as_ref(), step_index: request.step_index },
    };
    wanted.ask(scene).await
}

pub(crate) async fn get_offered_prompt(
    scene: Scene,
    request: GetOfferedPrompt,
) -> Result<InvokeToolResult, Error> {
    let wanted = Wanted {
        toolset: &request.toolset,
        kind: ItemKind::Prompt,
        pick: &|toolset| by_name(toolset, ItemKind::Prompt, request.prompt.as_str()),
        method: CallMethod::GetPrompt,
        arguments: &|_| Ok(request.arguments.clone()),
        step: Step { run_id: request.run_id.as_ref(), step_index: request.step_index },
    };
    wanted.ask(scene).await
}

pub(crate) async fn read_offered_resource(
    scene: Scene,
    request: ReadOfferedResource,
) -> Result<InvokeToolResult, Error> {
    let uri = request.uri.as_str();
    let wanted = Wanted {
        toolset: &request.toolset,
        kind: ItemKind::Resource,
        pick: &|toolset| for_uri(toolset, uri),
        method: CallMethod::ReadResource,
        arguments: &|found| {
            let is_template = found.entry.kind == ItemKind::ResourceTemplate;
            Ok(is_template.then(|| ("uri".to_owned(), uri.into())).into_iter().collect())
        },
        step: Step { run_id: request.run_id.as_ref(), step_index: request.step_index },
    };
    wanted.ask(scene).await
}

/// Servers that do not declare completion are not asked: agents ask at every keystroke.
pub(crate) async fn complete_offered_argument(
    scene: Scene,
    request: CompleteOfferedArgument,
) -> Result<InvokeToolResult, Error> {
    let (kind, name) = (request.kind, request.name.as_str());
    if !matches!(kind, ItemKind::Prompt | ItemKind::ResourceTemplate) {
        return Err(Error::invalid(
            "kind",
            "expected `prompt` or `resource_template`: nothing else has arguments that can be completed",
        ));
    }
    let found = Found::read(&scene, &request.toolset, kind, &|toolset| by_name(toolset, kind, name)).await?;
    if !can_complete(&scene, &mut *scene.read().await?, &found.entry.server_id).await? {
        return Err(absent(kind));
    }
    let mut arguments = Map::new();
    let argument = json!({ "name": request.argument.name, "value": request.argument.value });
    arguments.insert("argument".to_owned(), argument);
    if !request.arguments.is_empty() {
        arguments.insert("arguments".to_owned(), Value::Object(request.arguments));
    }
    let step = Step { run_id: request.run_id.as_ref(), step_index: None };
    found.answer(&scene, CallMethod::Complete, arguments, step).await
}

/// What an agent asks for.
struct Wanted<'a> {
    toolset: &'a ToolsetName,
    kind: ItemKind,
    /// The entry that it means.
    pick: Pick<'a>,
    method: CallMethod,
    /// What goes upstream.
    arguments: ArgumentsOf<'a>,
    step: Step<'a>,
}

type Pick<'a> = &'a (dyn Fn(&Toolset) -> Option<&ToolsetTool> + Sync);
type ArgumentsOf<'a> = &'a (dyn Fn(&Found) -> Result<Map<String, Value>, Error> + Sync);

/// Where in a run a call stands.
#[derive(Clone, Copy)]
struct Step<'a> {
    run_id: Option<&'a RunId>,
    step_index: Option<u32>,
}

impl Wanted<'_> {
    /// The governed call of what is remembered of the toolset; of what the store says, where that would not do: what is
    /// remembered lets through, and never refuses.
    async fn ask(self, scene: Scene) -> Result<InvokeToolResult, Error> {
        let mut tried = None;
        if let Some(found) = Found::remembered(&scene, self.toolset, self.pick)
            && let Ok(arguments) = (self.arguments)(&found)
        {
            match found.call(&scene, self.method, arguments, self.step).await {
                Err(error) if is_undecided(&error) => tried = Some((found, error)),
                answer => return found.told(&scene, answer).await,
            }
        }
        let found = Found::read(&scene, self.toolset, self.kind, self.pick).await?;
        let arguments = match tried {
            Some((known, error)) if found.is_as(&known) => Err(error),
            _ => (self.arguments)(&found),
        };
        let arguments = match arguments {
            Ok(arguments) => arguments,
            Err(error) => return Err(if_offered(&scene, self.toolset, &found.entry, error).await),
        };
        // What ends on record is another call.
        scene.note_nothing();
        found.answer(&scene, self.method, arguments, self.step).await
    }
}

/// Whether a call was refused before anything was decided, or because the toolset, or what it names, is no longer what it
/// was. Nothing is on record then.
fn is_undecided(error: &Error) -> bool {
    let before = BEFORE_THE_DECISION.contains(&error.code()) || error.kind() == ErrorKind::NotFound;
    before && error.reference().is_none()
}

/// An entry of a toolset, as it was read.
struct Found {
    toolset: Arc<Toolset>,
    entry: ToolsetTool,
    tool: Arc<McpTool>,
    read_at: ConfigVersion,
}

impl Found {
    /// As earlier calls found it, if they were of this version of the tenant's configuration.
    fn remembered(scene: &Scene, name: &ToolsetName, pick: Pick<'_>) -> Option<Self> {
        let (toolset, read_at) = scene.calls().toolset(scene.tenant(), name)?;
        if !toolset.keys.contains(scene.principal().key()) {
            return None;
        }
        let entry = pick(&toolset)?.clone();
        let tool = scene.calls().tool(scene.tenant(), &entry.tool_id, read_at)?;
        Some(Self { toolset, entry, tool, read_at })
    }

    /// As the store has it.
    ///
    /// # Errors
    /// `not_found`, whatever is absent or not for this key; `unauthenticated`; `store_unavailable`.
    async fn read(scene: &Scene, name: &ToolsetName, kind: ItemKind, pick: Pick<'_>) -> Result<Self, Error> {
        let mut work = scene.read().await?;
        let read_at = work.tenants().config_version(scene.tenant()).await?;
        let toolset = opened(scene, &mut *work, name).await?;
        let entry = pick(&toolset).cloned().ok_or_else(|| absent(kind))?;
        let tool = work.mcp_tools().get(scene.tenant(), &entry.server_id, &entry.tool_id).await?;
        let tool = tool.ok_or_else(|| absent(kind))?;
        Ok(Self { toolset: Arc::new(toolset), entry, tool: Arc::new(tool), read_at })
    }

    /// Whether it is the same thing, of the same toolset as it was.
    fn is_as(&self, other: &Self) -> bool {
        let toolset = |found: &Self| (found.toolset.toolset_id.clone(), found.toolset.version);
        toolset(self) == toolset(other)
            && self.entry == other.entry
            && self.tool.definition_hash == other.tool.definition_hash
    }

    /// The governed call. What is wrong with a request is told to those only who may know that it is about something.
    async fn answer(
        &self,
        scene: &Scene,
        method: CallMethod,
        arguments: Map<String, Value>,
        step: Step<'_>,
    ) -> Result<InvokeToolResult, Error> {
        match self.call(scene, method, arguments, step).await {
            Err(error) if BEFORE_THE_DECISION.contains(&error.code()) => {
                Err(if_offered(scene, &self.toolset.name, &self.entry, error).await)
            }
            answer => self.told(scene, answer).await,
        }
    }

    /// The answer in the names that the caller sees. That a policy refuses this call, for the run that it names or for what
    /// that has touched, is told to those only who see the tool: to others it is not there.
    async fn told(
        &self,
        scene: &Scene,
        answer: Result<InvokeToolResult, Error>,
    ) -> Result<InvokeToolResult, Error> {
        match answer {
            Err(error) if error.code() == codes::POLICY_DENIED => {
                Err(if_offered(scene, &self.toolset.name, &self.entry, error).await)
            }
            answer => answer.map_err(|error| told(&self.entry, error)),
        }
    }

    /// The governed call as it is. What it came by is remembered for others.
    async fn call(
        &self,
        scene: &Scene,
        method: CallMethod,
        arguments: Map<String, Value>,
        step: Step<'_>,
    ) -> Result<InvokeToolResult, Error> {
        let call = InvokeMcpTool {
            server_id: self.entry.server_id.clone(),
            tool_id: self.entry.tool_id.clone(),
            arguments,
            run_id: step.run_id.cloned(),
            step_index: step.step_index,
        };
        let through = ThroughToolset {
            toolset: Arc::clone(&self.toolset),
            name: self.entry.name.clone(),
            definition_hash: self.tool.definition_hash.clone(),
            read_at: self.read_at,
        };
        let answer = invoke(scene.clone(), call, Some(method), Some(through)).await;
        scene.calls().remember_toolset(&self.toolset, self.read_at);
        answer
    }
}

/// What goes upstream, if the request says the same everywhere and names only what it can see.
fn arguments_of_call(
    entry: &ToolsetTool,
    tool: &McpTool,
    request: &CallOfferedTool,
) -> Result<Map<String, Value>, Error> {
    let shown = offered(entry, &tool.definition).ok_or_else(|| absent(entry.kind))?;
    if let Some(lines) = &request.mirrored {
        check_mirrored(&shown.definition, &request.arguments, lines)?;
    }
    call_arguments(entry, request.arguments.clone())
}

/// What is wrong with a request, for a caller who may know that there is such a tool.
async fn if_offered(scene: &Scene, toolset: &ToolsetName, entry: &ToolsetTool, error: Error) -> Error {
    let other = match is_offered(scene, toolset, entry).await {
        Ok(true) => return error,
        Ok(false) => absent(entry.kind),
        Err(unknown) => unknown,
    };
    match error.reference() {
        Some((name, id)) => other.with_reference(name, id),
        None => other,
    }
}

fn absent(kind: ItemKind) -> Error {
    Error::not_found(match kind {
        ItemKind::Tool => "tool",
        ItemKind::Prompt => "prompt",
        _ => "resource",
    })
}

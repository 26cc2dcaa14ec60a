//! What a server asks before it answers. It is shown to a person, or put before the agent's model, so that it is held to
//! what a result is held to, and to what the agent's client says that it can be asked for.

use std::fmt;

use portcullis_mcp::members::Members;
use portcullis_mcp::messages::{MAX_INPUT_REQUESTS, MAX_REQUEST_STATE};
use portcullis_mcp::scan::{JsonLimits, scan};
use portcullis_schemas::integrations::mcp::input::InputKind;
use portcullis_schemas::integrations::mcp::invocation::Sanitised;
use portcullis_schemas::json::RawJson;
use portcullis_schemas::text::is_hidden;
use serde_json::value::RawValue;

use super::blocks::{self, Verdict};
use super::{ContentProblem, hidden, judged, retain};

mod form;

/// Most bytes of all questions together.
const MAX_BYTES: usize = 64 * 1024;
/// Most bytes of a question's name.
const MAX_NAME: usize = 128;
const OF_A_REQUEST: [&str; 2] = ["method", "params"];
const OF_A_FORM: [&str; 3] = ["mode", "message", "requestedSchema"];
const OF_A_URL: [&str; 4] = ["mode", "message", "url", "elicitationId"];
const OF_SAMPLING: [&str; 10] = [
    "messages",
    "modelPreferences",
    "systemPrompt",
    "includeContext",
    "temperature",
    "maxTokens",
    "stopSequences",
    "metadata",
    "tools",
    "toolChoice",
];

/// Questions that may be handed on. Printed without what they say.
#[derive(Clone)]
pub struct Questions {
    /// By their names; byte for byte, but for what was taken out.
    pub requests: RawJson,
    /// Their names.
    pub names: Vec<String>,
    /// What they are for, each once, in order.
    pub kinds: Vec<InputKind>,
    /// The server's state, byte for byte.
    pub state: Option<RawJson>,
    /// What was taken out; without the hash of what was received.
    pub sanitised: Option<Sanitised>,
}

impl fmt::Debug for Questions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Questions({:?}, {} bytes)", self.kinds, self.requests.as_str().len())
    }
}

/// Why nothing of it is handed on, in our words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuestionProblem {
    /// It asks for what it may not, or too much.
    Refused(&'static str),
    /// It is not of the form that the specification gives it.
    Malformed(&'static str),
    /// It holds content that is not handed on.
    Content(ContentProblem),
}

use QuestionProblem::{Malformed, Refused};

impl From<ContentProblem> for QuestionProblem {
    fn from(problem: ContentProblem) -> Self {
        Self::Content(problem)
    }
}

/// Examines a result that asks for input.
///
/// # Errors
/// [`QuestionProblem`], for the whole of it: half of the questions are of no use to their server.
pub fn examine_questions(result: &RawJson, accepts: &[InputKind]) -> Result<Questions, QuestionProblem> {
    let members = Members::of(result.as_str()).ok_or(Malformed("no object"))?;
    let state: Option<Box<RawValue>> = members.value("requestState");
    if state.as_ref().is_some_and(|state| !state.get().starts_with('"')) {
        return Err(Malformed("a `requestState` that is no string"));
    }
    if state.as_ref().is_some_and(|state| state.get().len() > MAX_REQUEST_STATE) {
        return Err(Refused("over 16 KiB of state"));
    }
    let requests: Box<RawValue> = members.value("inputRequests").ok_or(Malformed("no questions"))?;
    if requests.get().len() > MAX_BYTES {
        return Err(Refused("over 64 KiB of questions"));
    }
    let mut counts = Sanitised::default();
    let names = names_of(&requests)?;
    let visible = hidden::without_hidden(requests.get(), &mut counts.hidden_characters);
    let text = visible.as_deref().unwrap_or(requests.get());
    let mut asked = Members::of(text).ok_or(Malformed("no questions"))?;
    let (mut kinds, mut is_changed) = (Vec::new(), visible.is_some());
    for name in &names {
        let request = asked.value::<Members>(name).ok_or(Malformed("a question that is no object"))?;
        let mut question = Question { request, accepts, counts: &mut counts, is_changed: false };
        kinds.push(question.judge()?);
        if question.is_changed {
            asked.put(name, &question.request);
            is_changed = true;
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    let state = state.map(RawJson::from);
    if !is_changed {
        return Ok(Questions { requests: requests.into(), names, kinds, state, sanitised: None });
    }
    let requests = asked.to_raw();
    // Two names may have become one, and two readers would see two questions.
    scan(requests.get().as_bytes(), &JsonLimits::STRICT).map_err(|_| {
        Refused("questions that cannot be read in one way once hidden characters are taken out")
    })?;
    Ok(Questions { requests: requests.into(), names, kinds, state, sanitised: Some(counts) })
}

/// The names, which a person or a program may be shown, and which the answers are given under.
fn names_of(requests: &RawValue) -> Result<Vec<String>, QuestionProblem> {
    let asked = Members::of(requests.get()).ok_or(Malformed("questions that are no object"))?;
    let names: Vec<String> = asked.names().map(str::to_owned).collect();
    if names.is_empty() {
        return Err(Malformed("no questions"));
    }
    if names.len() > MAX_INPUT_REQUESTS {
        return Err(Refused("over 32 questions"));
    }
    let is_plain = |name: &String| !name.is_empty() && name.len() <= MAX_NAME && !name.contains(is_hidden);
    if names.iter().all(is_plain) {
        Ok(names)
    } else {
        Err(Refused("a question with a name that hides or floods"))
    }
}

/// One question, while it is judged.
struct Question<'a> {
    request: Members,
    accepts: &'a [InputKind],
    counts: &'a mut Sanitised,
    is_changed: bool,
}

impl Question<'_> {
    fn judge(&mut self) -> Result<InputKind, QuestionProblem> {
        self.is_changed |= retain(&mut self.request, self.counts, |name| OF_A_REQUEST.contains(&name));
        let method =
            self.request.value::<String>("method").ok_or(Malformed("a question without a method"))?;
        let params = self.request.value::<Members>("params");
        let no_params = Malformed("a question without params");
        match method.as_str() {
            "elicitation/create" => self.elicitation(params.ok_or(no_params)?),
            "sampling/createMessage" => self.sampling(params.ok_or(no_params)?),
            "roots/list" => {
                self.require(InputKind::Roots)?;
                if self.request.has("params") && params.is_none() {
                    return Err(Malformed("a question whose params are no object"));
                }
                self.keep(params.unwrap_or_default(), &[]);
                Ok(InputKind::Roots)
            }
            _ => Err(Refused("a request of a method that is not relayed")),
        }
    }

    /// A form is filled in by a person who reads it; a URL is opened.
    fn elicitation(&mut self, mut params: Members) -> Result<InputKind, QuestionProblem> {
        if params.value::<String>("message").is_none() {
            return Err(Malformed("an elicitation without a message"));
        }
        let mode = if params.has("mode") { params.value::<String>("mode") } else { Some("form".to_owned()) };
        match mode.as_deref() {
            Some("form") => {
                self.require(InputKind::Elicitation)?;
                let schema = params.value::<Members>("requestedSchema");
                let schema = schema.ok_or(Malformed("a form without a schema"))?;
                if let Some(schema) = form::judge(schema, self.counts)? {
                    params.put("requestedSchema", &schema);
                    self.request.put("params", &params);
                    self.is_changed = true;
                }
                self.keep(params, &OF_A_FORM);
                Ok(InputKind::Elicitation)
            }
            Some("url") => {
                self.require(InputKind::UrlElicitation)?;
                if !params.value::<String>("url").is_some_and(|url| blocks::may_be_linked(&url)) {
                    return Err(Refused("a URL that does not lead to a public name over https"));
                }
                self.keep(params, &OF_A_URL);
                Ok(InputKind::UrlElicitation)
            }
            _ => Err(Refused("an elicitation of a mode that is not relayed")),
        }
    }

    fn sampling(&mut self, mut params: Members) -> Result<InputKind, QuestionProblem> {
        self.require(InputKind::Sampling)?;
        let context = params.value::<String>("includeContext");
        if params.has("includeContext") && context.as_deref() != Some("none") {
            return Err(Refused("the context of other servers"));
        }
        let messages =
            params.value::<Vec<Members>>("messages").ok_or(Malformed("sampling without messages"))?;
        let mut judged = Messages { counts: &mut *self.counts, is_changed: false, has_tools: false };
        let messages = messages.into_iter().map(|it| judged.message(it)).collect::<Result<Vec<_>, _>>()?;
        let (messages_changed, has_tools) = (judged.is_changed, judged.has_tools);
        if messages_changed {
            params.put("messages", &messages);
            self.request.put("params", &params);
            self.is_changed = true;
        }
        let kind = if has_tools || params.has("tools") || params.has("toolChoice") {
            InputKind::SamplingTools
        } else {
            InputKind::Sampling
        };
        self.require(kind)?;
        self.keep(params, &OF_SAMPLING);
        Ok(kind)
    }

    fn require(&self, kind: InputKind) -> Result<(), QuestionProblem> {
        let refused = Refused("what the agent's client does not say that it can be asked for");
        if self.accepts.contains(&kind) { Ok(()) } else { Err(refused) }
    }

    /// Params of these names alone: of others nobody here knows what a client does with them.
    fn keep(&mut self, mut params: Members, known: &[&str]) {
        if retain(&mut params, self.counts, |name| known.contains(&name)) {
            self.request.put("params", &params);
            self.is_changed = true;
        }
    }
}

/// Messages for a model, each with one block of content or several.
struct Messages<'a> {
    counts: &'a mut Sanitised,
    is_changed: bool,
    has_tools: bool,
}

impl Messages<'_> {
    fn message(&mut self, mut message: Members) -> Result<Members, QuestionProblem> {
        self.is_changed |= retain(&mut message, self.counts, |name| ["role", "content"].contains(&name));
        if !matches!(message.value::<String>("role").as_deref(), Some("user" | "assistant")) {
            return Err(Malformed("a message of a role that is none"));
        }
        let content: Box<RawValue> =
            message.value("content").ok_or(Malformed("a message without content"))?;
        let is_list = content.get().starts_with('[');
        let blocks = if is_list { message.value("content") } else { Some(vec![content]) };
        let blocks: Vec<Box<RawValue>> = blocks.ok_or(Malformed("a message whose content is no block"))?;
        let (mut kept, mut is_changed) = (Vec::with_capacity(blocks.len()), false);
        for block in blocks {
            let block = match self.block(&block)? {
                Verdict::Keep => block,
                verdict => {
                    is_changed = true;
                    let Verdict::Change(changed) = verdict else { continue };
                    changed.to_raw()
                }
            };
            kept.push(block);
        }
        if is_changed {
            match kept.first() {
                Some(only) if !is_list => message.put("content", only),
                _ => message.put("content", &kept),
            }
            self.is_changed = true;
        }
        Ok(message)
    }

    /// One block; what a tool has given is as good as its content, which is of the same blocks.
    fn block(&mut self, block: &RawValue) -> Result<Verdict, QuestionProblem> {
        let kind = kind_of(block);
        self.has_tools |= of_a_tool(kind.as_deref());
        let verdict = blocks::judge(block, self.counts)?;
        if kind.as_deref() != Some("tool_result") || matches!(verdict, Verdict::Drop) {
            return Ok(verdict);
        }
        let is_changed = matches!(verdict, Verdict::Change(_));
        let result =
            if let Verdict::Change(changed) = verdict { Some(changed) } else { Members::of(block.get()) };
        let mut result = result.ok_or(Malformed("a result of a tool that is no object"))?;
        if !result.has("content") {
            return Ok(if is_changed { Verdict::Change(result) } else { Verdict::Keep });
        }
        let content: Vec<Box<RawValue>> =
            result.value("content").ok_or(Malformed("a result of a tool whose content is no list"))?;
        if content.iter().any(|block| of_a_tool(kind_of(block).as_deref())) {
            return Err(Malformed("a result of a tool that holds another's"));
        }
        match judged(content, blocks::judge, self.counts)? {
            Some(content) => result.put("content", &content),
            None if !is_changed => return Ok(Verdict::Keep),
            None => {}
        }
        Ok(Verdict::Change(result))
    }
}

fn kind_of(block: &RawValue) -> Option<String> {
    Members::of(block.get()).and_then(|block| block.value("type"))
}

fn of_a_tool(kind: Option<&str>) -> bool {
    matches!(kind, Some("tool_use" | "tool_result"))
}

#[cfg(test)]
mod tests;

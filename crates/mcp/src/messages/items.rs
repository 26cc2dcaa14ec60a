//! `prompts/get` (whose parameters are those of `tools/call`), `resources/read` and `completion/complete`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{CallKind, CallResult, Retry, ViewError, complete, method};
use crate::jsonrpc::{object, to_raw};
use crate::members::Members;
use crate::meta::{Block, OutgoingMeta};

/// `params` of `resources/read`, or of its retry.
#[must_use]
pub fn read_params(uri: &str, retry: &Retry, meta: &OutgoingMeta) -> Box<RawValue> {
    to_raw(&ReadOut { uri, retry, meta: meta.block() })
}

/// `params` of a `resources/read` that we received.
#[derive(Clone, Debug)]
pub struct ReadParams<'a> {
    /// The resource.
    pub uri: Cow<'a, str>,
}

impl<'a> ReadParams<'a> {
    /// Reads the params.
    ///
    /// # Errors
    /// [`ViewError`] when there is no `uri`.
    pub fn parse(params: Option<&'a RawValue>) -> Result<Self, ViewError> {
        let error = ViewError { field: "params.uri", rule: "expected a string" };
        let wire: ReadIn<'_> = params.and_then(object).ok_or(error)?;
        Ok(Self { uri: wire.uri })
    }
}

/// What is completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completing<'a> {
    /// An argument of the prompt of this name.
    Prompt(Cow<'a, str>),
    /// A variable of this URI template.
    Template(Cow<'a, str>),
}

/// `params` of `completion/complete`. `argument` and `arguments`, those given so far, are objects that the caller has
/// judged.
#[must_use]
pub fn complete_params(
    of: &Completing<'_>,
    argument: &RawValue,
    arguments: Option<&RawValue>,
    meta: &OutgoingMeta,
) -> Box<RawValue> {
    let reference = match of {
        Completing::Prompt(name) => Reference { kind: PROMPT, name: Some(name), uri: None },
        Completing::Template(uri) => Reference { kind: TEMPLATE, name: None, uri: Some(uri) },
    };
    let context = arguments.map(|arguments| Context { arguments });
    to_raw(&CompleteOut { reference, argument, context, meta: meta.block() })
}

/// `params` of a `completion/complete` that we received.
#[derive(Clone, Debug)]
pub struct CompleteParams<'a> {
    /// Of what.
    pub of: Completing<'a>,
    /// The argument that is being written.
    pub name: Cow<'a, str>,
    /// What is there of its value.
    pub value: Cow<'a, str>,
    /// A JSON object; absent means none.
    pub arguments: Option<&'a RawValue>,
}

impl<'a> CompleteParams<'a> {
    /// Reads the params.
    ///
    /// # Errors
    /// [`ViewError`] when `ref` or `argument` is missing or of another form.
    pub fn parse(params: Option<&'a RawValue>) -> Result<Self, ViewError> {
        let error =
            ViewError { field: "params", rule: "expected `ref`, and `argument` with `name` and `value`" };
        let wire: CompleteIn<'_> = params.and_then(object).ok_or(error)?;
        let of = match (wire.reference.kind.as_ref(), wire.reference.name, wire.reference.uri) {
            (PROMPT, Some(name), _) => Completing::Prompt(name),
            (TEMPLATE, _, Some(uri)) => Completing::Template(uri),
            _ => {
                let rule = "expected `ref/prompt` with a `name`, or `ref/resource` with a `uri`";
                return Err(ViewError { field: "params.ref", rule });
            }
        };
        let arguments = wire.context.and_then(|context| context.arguments);
        if arguments.is_some_and(|raw| !raw.get().starts_with('{')) {
            return Err(ViewError { field: "params.context.arguments", rule: "expected an object" });
        }
        Ok(Self { of, name: wire.argument.name, value: wire.argument.value, arguments })
    }
}

/// Reads the result of a method: complete, or a request for input where the method may ask for it.
///
/// # Errors
/// [`ViewError`] for an unknown `resultType`, or when the member is missing that the method's result must have: see
/// [`CallResult::parse`] for `tools/call`; `messages` of `prompts/get`, `contents` of `resources/read`, `completion`.
pub fn parse_result(method: &str, raw: &RawValue) -> Result<CallResult, ViewError> {
    let (field, opens, rule) = match method {
        method::TOOLS_CALL => return CallResult::parse(raw),
        method::PROMPTS_GET => ("messages", '[', "expected an array"),
        method::RESOURCES_READ => ("contents", '[', "expected an array"),
        _ => ("completion", '{', "expected an object"),
    };
    let members = Members::of(raw.get()).ok_or(ViewError { field: "result", rule: "expected an object" })?;
    let kind = members.value::<String>("resultType");
    if kind.as_deref() == Some("input_required") && method != method::COMPLETE {
        return CallResult::parse(raw);
    }
    complete(kind.as_deref())?;
    let value = members.value::<Box<RawValue>>(field);
    if !value.is_some_and(|value| value.get().starts_with(opens)) {
        return Err(ViewError { field, rule });
    }
    Ok(CallResult { kind: CallKind::Complete { is_error: false }, raw: raw.to_owned() })
}

/// Whether a result is a task to ask about later, in the form of either era: a `resultType` of `task` (the extension for
/// tasks), or a `task` with an id and a status in place of content (2025-11-25). Only a client that has declared tasks may
/// be given one.
#[must_use]
pub fn is_task(raw: &RawValue) -> bool {
    let Some(members) = Members::of(raw.get()) else { return false };
    if members.value::<String>("resultType").as_deref() == Some("task") {
        return true;
    }
    let has_content = ["content", "structuredContent"].iter().any(|name| members.has(name));
    let task = members.value::<Members>("task").filter(|_| !has_content);
    task.is_some_and(|task| ["taskId", "status"].iter().all(|name| task.value::<String>(name).is_some()))
}

const PROMPT: &str = "ref/prompt";
const TEMPLATE: &str = "ref/resource";

#[derive(Serialize)]
struct ReadOut<'a> {
    uri: &'a str,
    #[serde(flatten)]
    retry: &'a Retry,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Block<'a>>,
}

#[derive(Deserialize)]
struct ReadIn<'a> {
    #[serde(borrow)]
    uri: Cow<'a, str>,
}

#[derive(Serialize)]
struct CompleteOut<'a> {
    #[serde(rename = "ref")]
    reference: Reference<'a>,
    argument: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Context<'a>>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Block<'a>>,
}

#[derive(Serialize)]
struct Reference<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
}

#[derive(Serialize)]
struct Context<'a> {
    arguments: &'a RawValue,
}

#[derive(Deserialize)]
struct CompleteIn<'a> {
    #[serde(borrow, rename = "ref")]
    reference: ReferenceIn<'a>,
    #[serde(borrow)]
    argument: ArgumentIn<'a>,
    #[serde(borrow, default)]
    context: Option<ContextIn<'a>>,
}

#[derive(Deserialize)]
struct ReferenceIn<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    uri: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct ArgumentIn<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    value: Cow<'a, str>,
}

#[derive(Deserialize)]
struct ContextIn<'a> {
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

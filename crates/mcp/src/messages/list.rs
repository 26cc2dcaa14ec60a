//! `tools/list`: pages of raw tools, each judged alone so that one bad tool does not hide the others.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{ViewError, complete};
use crate::jsonrpc::{UntrustedText, object, to_raw};
use crate::meta::{Block, OutgoingMeta, optional};
use crate::scan::{JsonLimits, ScanError, scan};

/// `params` of `tools/list`. The empty string is a valid cursor.
#[must_use]
pub fn list_params(cursor: Option<&str>, meta: &OutgoingMeta) -> Box<RawValue> {
    to_raw(&ListOut { cursor, meta: meta.block() })
}

/// The cursor of a `tools/list` that we received.
///
/// # Errors
/// [`ViewError`] when it is no string.
pub fn cursor_of(params: Option<&RawValue>) -> Result<Option<String>, ViewError> {
    let Some(params) = params else { return Ok(None) };
    let wire: ListIn =
        object(params).ok_or(ViewError { field: "params.cursor", rule: "expected a string" })?;
    Ok(wire.cursor)
}

/// One page of a server's list.
#[derive(Clone, Debug)]
pub struct ToolsPage {
    /// In the server's order.
    pub tools: Vec<Result<RawTool, ToolProblem>>,
    /// Ask again with it until it is absent. The empty string is a valid cursor. The caller caps pages and sees loops.
    pub next_cursor: Option<String>,
}

impl ToolsPage {
    /// Reads a page. `per_tool` limits each tool: pass limits that refuse duplicate keys.
    ///
    /// # Errors
    /// [`ViewError`] when the page itself is broken; a broken tool is a [`ToolProblem`] in its place.
    pub fn parse(raw: &RawValue, per_tool: &JsonLimits) -> Result<Self, ViewError> {
        let wire: PageWire<'_> = object(raw).ok_or(ViewError {
            field: "tools",
            rule: "expected an object with an array `tools` and perhaps a string `nextCursor`",
        })?;
        complete(wire.result_type.as_deref())?;
        let tools = wire.tools.iter().enumerate().map(|(index, raw)| tool(index, raw, per_tool)).collect();
        Ok(Self { tools, next_cursor: wire.next_cursor })
    }
}

/// A tool as its server defines it.
#[derive(Clone, Debug)]
pub struct RawTool {
    /// Not empty; else unchecked. See [`RawTool::has_plain_name`].
    pub name: String,
    /// The whole definition, byte for byte.
    pub raw: Box<RawValue>,
}

impl RawTool {
    /// Whether the name is 1 to 128 of `A-Z a-z 0-9 _ . -` (specification: tool names, a SHOULD there).
    #[must_use]
    pub fn has_plain_name(&self) -> bool {
        self.name.len() <= 128
            && self
                .name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
    }

    /// The raw `inputSchema`, which parsing has found to be an object.
    #[must_use]
    pub fn input_schema(&self) -> Option<&RawValue> {
        object::<ToolWire<'_>>(&self.raw).and_then(|wire| wire.input_schema)
    }
}

/// A tool that cannot be offered.
#[derive(Clone, Debug, thiserror::Error)]
#[error("tool {index} of the page: {fault}")]
pub struct ToolProblem {
    /// Place in the page, from 0.
    pub index: usize,
    /// Its name where one could be read.
    pub name: Option<UntrustedText>,
    /// What is wrong.
    pub fault: ToolFault,
}

/// What is wrong with a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToolFault {
    /// A limit or a duplicate key.
    #[error("{0}")]
    Scan(ScanError),
    /// A member.
    #[error("{0}")]
    Member(ViewError),
}

fn tool(index: usize, raw: &RawValue, limits: &JsonLimits) -> Result<RawTool, ToolProblem> {
    let problem =
        |name: Option<String>, fault| ToolProblem { index, name: name.map(UntrustedText::new), fault };
    let member = |field, rule| ToolFault::Member(ViewError { field, rule });
    let wire = object::<ToolWire<'_>>(raw);
    let name: Option<String> = optional(wire.as_ref().and_then(|wire| wire.name));
    if let Err(error) = scan(raw.get().as_bytes(), limits) {
        return Err(problem(name, ToolFault::Scan(error)));
    }
    let Some(wire) = wire else { return Err(problem(None, member("tool", "expected an object"))) };
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Err(problem(None, member("name", "expected a string that is not empty")));
    };
    if !wire.input_schema.is_some_and(|schema| schema.get().starts_with('{')) {
        return Err(problem(Some(name), member("inputSchema", "expected an object")));
    }
    Ok(RawTool { name, raw: raw.to_owned() })
}

#[derive(Serialize)]
struct ListOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Block<'a>>,
}

#[derive(Deserialize)]
struct ListIn {
    #[serde(default)]
    cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageWire<'a> {
    #[serde(borrow)]
    tools: Vec<&'a RawValue>,
    #[serde(default)]
    next_cursor: Option<String>,
    #[serde(default)]
    result_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolWire<'a> {
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input_schema: Option<&'a RawValue>,
}

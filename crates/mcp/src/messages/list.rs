//! `tools/list` and the other lists: pages of raw items, each judged alone so that a bad one does not hide the others.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{ViewError, complete, method};
use crate::jsonrpc::{UntrustedText, object, to_raw};
use crate::meta::{Block, OutgoingMeta, optional};
use crate::scan::{JsonLimits, ScanError, scan};

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// `tools/list`.
    Tools,
    /// `prompts/list`.
    Prompts,
    /// `resources/list`.
    Resources,
    /// `resources/templates/list`.
    Templates,
}

impl Listing {
    /// The method that lists them.
    #[must_use]
    pub fn method(self) -> &'static str {
        match self {
            Self::Tools => method::TOOLS_LIST,
            Self::Prompts => method::PROMPTS_LIST,
            Self::Resources => method::RESOURCES_LIST,
            Self::Templates => method::TEMPLATES_LIST,
        }
    }

    /// The capability whose servers have the method.
    #[must_use]
    pub fn capability(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources | Self::Templates => "resources",
        }
    }

    /// The member of the result that holds the list.
    #[must_use]
    pub fn member(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
            Self::Templates => "resourceTemplates",
        }
    }

    /// The member of an item by which it is asked for.
    #[must_use]
    pub fn name_member(self) -> &'static str {
        match self {
            Self::Tools | Self::Prompts => "name",
            Self::Resources => "uri",
            Self::Templates => "uriTemplate",
        }
    }
}

/// `params` of a list's method. The empty string is a valid cursor.
#[must_use]
pub fn list_params(cursor: Option<&str>, meta: &OutgoingMeta) -> Box<RawValue> {
    to_raw(&ListOut { cursor, meta: meta.block() })
}

/// The cursor of a list that we received a request for.
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
pub struct ListPage {
    /// In the server's order.
    pub items: Vec<Result<RawItem, ItemProblem>>,
    /// Ask again with it until it is absent. The empty string is a valid cursor. The caller caps pages and sees loops.
    pub next_cursor: Option<String>,
    /// Whether the server says that the page is the same for everybody (2026-07-28, caching: `cacheScope` is `public`).
    pub is_public: bool,
}

impl ListPage {
    /// Reads a page. `per_item` limits each item: pass limits that refuse duplicate keys.
    ///
    /// # Errors
    /// [`ViewError`] when the page itself is broken; a broken item is an [`ItemProblem`] in its place.
    pub fn parse(listing: Listing, raw: &RawValue, per_item: &JsonLimits) -> Result<Self, ViewError> {
        let rule =
            "expected an object with the array that the method lists, and perhaps a string `nextCursor`";
        let broken = ViewError { field: listing.member(), rule };
        let wire: PageWire<'_> = object(raw).ok_or(broken)?;
        complete(wire.result_type.as_deref())?;
        let items = match listing {
            Listing::Tools => wire.tools,
            Listing::Prompts => wire.prompts,
            Listing::Resources => wire.resources,
            Listing::Templates => wire.resource_templates,
        };
        let items = items.ok_or(broken)?;
        let items =
            items.iter().enumerate().map(|(index, raw)| item(listing, index, raw, per_item)).collect();
        let scope: Option<String> = optional(wire.cache_scope);
        let is_public = scope.as_deref() == Some("public");
        Ok(Self { items, next_cursor: wire.next_cursor, is_public })
    }
}

/// A tool, or what else is listed, as its server defines it.
#[derive(Clone, Debug)]
pub struct RawItem {
    /// Its [`Listing::name_member`]: not empty; else unchecked. See [`RawItem::has_plain_name`].
    pub name: String,
    /// The whole definition, byte for byte.
    pub raw: Box<RawValue>,
}

impl RawItem {
    /// Whether the name is 1 to 128 of `A-Z a-z 0-9 _ . -` (specification: tool names, a SHOULD there).
    #[must_use]
    pub fn has_plain_name(&self) -> bool {
        self.name.len() <= 128
            && self
                .name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
    }

    /// The raw `inputSchema`, which parsing has found to be an object if it is a tool.
    #[must_use]
    pub fn input_schema(&self) -> Option<&RawValue> {
        object::<ItemWire<'_>>(&self.raw).and_then(|wire| wire.input_schema)
    }
}

/// An item that cannot be offered.
#[derive(Clone, Debug, thiserror::Error)]
#[error("item {index} of the page: {fault}")]
pub struct ItemProblem {
    /// Place in the page, from 0.
    pub index: usize,
    /// Its name where one could be read.
    pub name: Option<UntrustedText>,
    /// What is wrong.
    pub fault: ItemFault,
}

/// What is wrong with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemFault {
    /// A limit or a duplicate key.
    #[error("{0}")]
    Scan(ScanError),
    /// A member.
    #[error("{0}")]
    Member(ViewError),
}

fn item(listing: Listing, index: usize, raw: &RawValue, limits: &JsonLimits) -> Result<RawItem, ItemProblem> {
    let problem =
        |name: Option<String>, fault| ItemProblem { index, name: name.map(UntrustedText::new), fault };
    let member = |field, rule| ItemFault::Member(ViewError { field, rule });
    let wire = object::<ItemWire<'_>>(raw);
    let named = wire.as_ref().and_then(|wire| match listing {
        Listing::Tools | Listing::Prompts => wire.name,
        Listing::Resources => wire.uri,
        Listing::Templates => wire.uri_template,
    });
    let name: Option<String> = optional(named);
    if let Err(error) = scan(raw.get().as_bytes(), limits) {
        return Err(problem(name, ItemFault::Scan(error)));
    }
    let Some(wire) = wire else { return Err(problem(None, member("item", "expected an object"))) };
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Err(problem(None, member(listing.name_member(), "expected a string that is not empty")));
    };
    let has_schema = wire.input_schema.is_some_and(|schema| schema.get().starts_with('{'));
    if listing == Listing::Tools && !has_schema {
        return Err(problem(Some(name), member("inputSchema", "expected an object")));
    }
    Ok(RawItem { name, raw: raw.to_owned() })
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
    #[serde(borrow, default)]
    tools: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    prompts: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    resources: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    resource_templates: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    next_cursor: Option<String>,
    #[serde(borrow, default)]
    cache_scope: Option<&'a RawValue>,
    #[serde(default)]
    result_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemWire<'a> {
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    uri: Option<&'a RawValue>,
    #[serde(borrow, default)]
    uri_template: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input_schema: Option<&'a RawValue>,
}

//! Results that a server sends, in the shape of the era of the request.
//!
//! A modern result carries `resultType`, and a list says how it may be cached: not at all and for nobody else, since
//! what is listed may depend on who asks.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Implementation, Listing};
use crate::jsonrpc::to_raw;
use crate::version::{Era, ProtocolVersion};

/// What a server declares. Tools it always has, and be it none just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `prompts/*`.
    pub prompts: bool,
    /// `resources/*`, without subscriptions.
    pub resources: bool,
    /// `completion/complete`.
    pub completions: bool,
    /// Whether `subscriptions/listen` tells when the lists may have changed.
    pub list_changed: bool,
}

/// Result of `server/discover`.
#[must_use]
pub fn discover_reply(
    versions: &[ProtocolVersion],
    server: &Implementation,
    capabilities: Capabilities,
    instructions: Option<&str>,
) -> Box<RawValue> {
    to_raw(&Discover {
        complete: Complete::NOW,
        supported_versions: versions,
        capabilities: Declared::of(capabilities),
        instructions,
        cache: Cache::NONE,
        meta: ServerMeta { server_info: server },
    })
}

/// Result of `initialize`; `version` is the server's choice.
#[must_use]
pub fn initialize_reply(
    version: ProtocolVersion,
    server: &Implementation,
    capabilities: Capabilities,
    instructions: Option<&str>,
) -> Box<RawValue> {
    to_raw(&Initialize {
        protocol_version: version,
        capabilities: Declared::of(capabilities),
        server_info: server,
        instructions,
    })
}

/// Result of a list's method. The items are copied byte for byte.
#[must_use]
pub fn list_reply(
    version: ProtocolVersion,
    listing: Listing,
    items: &[Box<RawValue>],
    next_cursor: Option<&str>,
) -> Box<RawValue> {
    let modern = version.era() == Era::Modern;
    let only = |wanted| (listing == wanted).then_some(items);
    to_raw(&Items {
        complete: modern.then_some(Complete::NOW),
        tools: only(Listing::Tools),
        prompts: only(Listing::Prompts),
        resources: only(Listing::Resources),
        resource_templates: only(Listing::Templates),
        next_cursor,
        cache: modern.then_some(Cache::NONE),
    })
}

/// Result of `tools/call` with one text.
#[must_use]
pub fn text_reply(version: ProtocolVersion, text: &str, is_error: bool) -> Box<RawValue> {
    to_raw(&Call { complete: complete(version), content: [Text { kind: "text", text }], is_error })
}

/// A result that says nothing: the answer to `ping`.
#[must_use]
pub fn empty_reply(version: ProtocolVersion) -> Box<RawValue> {
    to_raw(&Empty { complete: complete(version) })
}

fn complete(version: ProtocolVersion) -> Option<Complete> {
    (version.era() == Era::Modern).then_some(Complete::NOW)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Complete {
    result_type: &'static str,
}

impl Complete {
    const NOW: Self = Self { result_type: "complete" };
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cache {
    ttl_ms: u32,
    cache_scope: &'static str,
}

impl Cache {
    const NONE: Self = Self { ttl_ms: 0, cache_scope: "private" };
}

#[derive(Serialize)]
struct Declared {
    tools: Lists,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompts: Option<Lists>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Lists>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completions: Option<Empty>,
}

impl Declared {
    fn of(capabilities: Capabilities) -> Self {
        let lists = || Lists { list_changed: capabilities.list_changed.then_some(true) };
        Self {
            tools: lists(),
            prompts: capabilities.prompts.then(lists),
            resources: capabilities.resources.then(lists),
            completions: capabilities.completions.then(Empty::default),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Lists {
    #[serde(skip_serializing_if = "Option::is_none")]
    list_changed: Option<bool>,
}

#[derive(Default, Serialize)]
struct Empty {
    #[serde(flatten)]
    complete: Option<Complete>,
}

#[derive(Serialize)]
struct ServerMeta<'a> {
    #[serde(rename = "io.modelcontextprotocol/serverInfo")]
    server_info: &'a Implementation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Discover<'a> {
    #[serde(flatten)]
    complete: Complete,
    supported_versions: &'a [ProtocolVersion],
    capabilities: Declared,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a str>,
    #[serde(flatten)]
    cache: Cache,
    #[serde(rename = "_meta")]
    meta: ServerMeta<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Initialize<'a> {
    protocol_version: ProtocolVersion,
    capabilities: Declared,
    server_info: &'a Implementation,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Items<'a> {
    #[serde(flatten)]
    complete: Option<Complete>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<&'a [Box<RawValue>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompts: Option<&'a [Box<RawValue>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<&'a [Box<RawValue>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_templates: Option<&'a [Box<RawValue>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
    #[serde(flatten)]
    cache: Option<Cache>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Call<'a> {
    #[serde(flatten)]
    complete: Option<Complete>,
    content: [Text<'a>; 1],
    is_error: bool,
}

#[derive(Serialize)]
struct Text<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
}

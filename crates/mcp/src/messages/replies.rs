//! Results that a tools server sends, in the shape of the era of the request.
//!
//! A modern result carries `resultType`, and a list says how it may be cached: not at all and for nobody else, since
//! what is listed may depend on who asks.

use serde::Serialize;
use serde_json::value::RawValue;

use super::Implementation;
use crate::jsonrpc::to_raw;
use crate::version::{Era, ProtocolVersion};

/// Result of `server/discover` for a server of tools.
#[must_use]
pub fn discover_reply(
    versions: &[ProtocolVersion],
    server: &Implementation,
    instructions: Option<&str>,
) -> Box<RawValue> {
    to_raw(&Discover {
        complete: Complete::NOW,
        supported_versions: versions,
        capabilities: Capabilities::default(),
        instructions,
        cache: Cache::NONE,
        meta: ServerMeta { server_info: server },
    })
}

/// Result of `initialize` for a server of tools; `version` is the server's choice.
#[must_use]
pub fn initialize_reply(
    version: ProtocolVersion,
    server: &Implementation,
    instructions: Option<&str>,
) -> Box<RawValue> {
    to_raw(&Initialize {
        protocol_version: version,
        capabilities: Capabilities::default(),
        server_info: server,
        instructions,
    })
}

/// Result of `tools/list`. The tools are copied byte for byte.
#[must_use]
pub fn tools_reply(
    version: ProtocolVersion,
    tools: &[Box<RawValue>],
    next_cursor: Option<&str>,
) -> Box<RawValue> {
    let modern = version.era() == Era::Modern;
    to_raw(&Tools {
        complete: modern.then_some(Complete::NOW),
        tools,
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

#[derive(Default, Serialize)]
struct Capabilities {
    tools: Empty,
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
    capabilities: Capabilities,
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
    capabilities: Capabilities,
    server_info: &'a Implementation,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tools<'a> {
    #[serde(flatten)]
    complete: Option<Complete>,
    tools: &'a [Box<RawValue>],
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

//! `server/discover`, `initialize` and `ping`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Implementation, ViewError, complete};
use crate::capabilities::ClientCapabilities;
use crate::jsonrpc::{UntrustedText, object, to_raw};
use crate::meta::{Block, OutgoingMeta, optional};
use crate::version::ProtocolVersion;

/// `params` of `server/discover`.
#[must_use]
pub fn discover_params(meta: &OutgoingMeta) -> Box<RawValue> {
    to_raw(&OnlyMeta { meta: meta.block() })
}

/// `params` of `ping`; `None` when there is nothing to say.
#[must_use]
pub fn ping_params(meta: &OutgoingMeta) -> Option<Box<RawValue>> {
    meta.block().map(|block| to_raw(&OnlyMeta { meta: Some(block) }))
}

/// `params` of `initialize`: offers `version`, and says what the server may ask for.
#[must_use]
pub fn initialize_params(
    version: ProtocolVersion,
    client: &Implementation,
    capabilities: ClientCapabilities,
) -> Box<RawValue> {
    to_raw(&Initialize { protocol_version: version, capabilities, client_info: client })
}

/// Result of `server/discover`.
#[derive(Clone, Debug)]
pub struct DiscoverResult {
    /// As the server wrote them; [`crate::version::highest_mutual`] chooses.
    pub supported_versions: Vec<String>,
    /// A JSON object.
    pub capabilities: Option<Box<RawValue>>,
    /// From `_meta`, self-reported.
    pub server_info: Option<Implementation>,
    /// For a model, by the server.
    pub instructions: Option<UntrustedText>,
    /// The whole result.
    pub raw: Box<RawValue>,
}

impl DiscoverResult {
    /// Reads the result.
    ///
    /// # Errors
    /// [`ViewError`] when it is no discover result of a complete type.
    pub fn parse(raw: &RawValue) -> Result<Self, ViewError> {
        let wire: DiscoverWire<'_> = object(raw)
            .ok_or(ViewError { field: "supportedVersions", rule: "expected an array of strings" })?;
        complete(wire.result_type.as_deref())?;
        let meta: ServerMeta<'_> = optional(wire.meta).unwrap_or_default();
        Ok(Self {
            supported_versions: wire.supported_versions,
            capabilities: wire.capabilities.map(RawValue::to_owned),
            server_info: optional(meta.server_info),
            instructions: optional(wire.instructions),
            raw: raw.to_owned(),
        })
    }
}

/// `params` of an `initialize` that we received.
#[derive(Clone, Debug)]
pub struct InitializeParams {
    /// The version that the client offers, in its own words.
    pub protocol_version: String,
    /// Self-reported.
    pub client_info: Option<Implementation>,
}

impl InitializeParams {
    /// Reads the params.
    ///
    /// # Errors
    /// [`ViewError`] when there is no `protocolVersion`.
    pub fn parse(params: Option<&RawValue>) -> Result<Self, ViewError> {
        let error = ViewError { field: "params.protocolVersion", rule: "expected a string" };
        let wire: InitializeWire<'_> = params.and_then(object).ok_or(error)?;
        Ok(Self { protocol_version: wire.protocol_version, client_info: optional(wire.client_info) })
    }
}

/// Result of `initialize`.
#[derive(Clone, Debug)]
pub struct InitializeResult {
    /// The server's choice, in its own words; perhaps not the one that was offered.
    pub protocol_version: String,
    /// A JSON object.
    pub capabilities: Option<Box<RawValue>>,
    /// Self-reported.
    pub server_info: Option<Implementation>,
    /// For a model, by the server.
    pub instructions: Option<UntrustedText>,
    /// The whole result.
    pub raw: Box<RawValue>,
}

impl InitializeResult {
    /// Reads the result.
    ///
    /// # Errors
    /// [`ViewError`] when there is no `protocolVersion`.
    pub fn parse(raw: &RawValue) -> Result<Self, ViewError> {
        let wire: InitializeWire<'_> =
            object(raw).ok_or(ViewError { field: "protocolVersion", rule: "expected a string" })?;
        Ok(Self {
            protocol_version: wire.protocol_version,
            capabilities: wire.capabilities.map(RawValue::to_owned),
            server_info: optional(wire.server_info),
            instructions: optional(wire.instructions),
            raw: raw.to_owned(),
        })
    }
}

#[derive(Serialize)]
struct OnlyMeta<'a> {
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Block<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Initialize<'a> {
    protocol_version: ProtocolVersion,
    capabilities: ClientCapabilities,
    client_info: &'a Implementation,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DiscoverWire<'a> {
    supported_versions: Vec<String>,
    #[serde(default)]
    result_type: Option<String>,
    #[serde(borrow, default)]
    capabilities: Option<&'a RawValue>,
    #[serde(borrow, default)]
    instructions: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "_meta")]
    meta: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct ServerMeta<'a> {
    #[serde(borrow, default, rename = "io.modelcontextprotocol/serverInfo")]
    server_info: Option<&'a RawValue>,
}

/// Both directions of `initialize`: the client's info stands in `clientInfo`, the server's in `serverInfo`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InitializeWire<'a> {
    protocol_version: String,
    #[serde(borrow, default)]
    capabilities: Option<&'a RawValue>,
    #[serde(borrow, default)]
    client_info: Option<&'a RawValue>,
    #[serde(borrow, default)]
    server_info: Option<&'a RawValue>,
    #[serde(borrow, default)]
    instructions: Option<&'a RawValue>,
}

//! The `_meta` block: what the modern era puts into every request, and the keys that both eras share.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::capabilities::ClientCapabilities;
use crate::jsonrpc::{Id, object};
use crate::messages::{Implementation, ViewError};
use crate::version::{Era, ProtocolVersion};

/// Required in every modern request.
pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// Required in every modern request; `{}` declares none.
pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// Should be in every modern request.
pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// Should be in every modern result. Self-reported: never for routing or policy.
pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// Optional in a modern request.
pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// In each notification of a subscription: the id of its `subscriptions/listen` request.
pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
/// W3C Trace Context.
pub const TRACEPARENT: &str = "traceparent";
/// W3C Trace Context.
pub const TRACESTATE: &str = "tracestate";
/// W3C Baggage.
pub const BAGGAGE: &str = "baggage";
/// Asks for progress notifications that carry it.
pub const PROGRESS_TOKEN: &str = "progressToken";

/// Trace context, as it stands in `_meta` (and in HTTP headers of the same names).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TraceContext {
    /// `00-<32 hex>-<16 hex>-<2 hex>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// At most 512 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracestate: Option<String>,
    /// At most 8192 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baggage: Option<String>,
}

impl TraceContext {
    /// Keeps what is well-formed and drops the rest: a bad trace context never fails a call. Without a valid
    /// `traceparent` its `tracestate` goes too.
    #[must_use]
    pub fn checked(traceparent: Option<String>, tracestate: Option<String>, baggage: Option<String>) -> Self {
        let traceparent = traceparent.filter(|text| is_traceparent(text));
        let tracestate = tracestate.filter(|text| traceparent.is_some() && is_field_text(text, 512));
        Self { traceparent, tracestate, baggage: baggage.filter(|text| is_field_text(text, 8192)) }
    }
}

/// What we put into `_meta` of a request that we send.
///
/// A modern version writes all of it. A gateway declares nothing that it cannot answer: what its own caller declared, if
/// that is relayed. A legacy version writes only the progress token and the trace context.
#[derive(Clone, Debug)]
pub struct OutgoingMeta {
    /// The version that the request speaks; equals the `MCP-Protocol-Version` header.
    pub version: ProtocolVersion,
    /// Who we are.
    pub client: Implementation,
    /// What the server may ask for.
    pub capabilities: ClientCapabilities,
    /// Trace context of the call.
    pub trace: TraceContext,
    /// Minted by the caller for this request.
    pub progress_token: Option<String>,
}

impl OutgoingMeta {
    pub(crate) fn block(&self) -> Option<Block<'_>> {
        let modern = self.version.era() == Era::Modern;
        let quiet = self.trace == TraceContext::default() && self.progress_token.is_none();
        (modern || !quiet).then(|| Block {
            protocol_version: modern.then_some(self.version),
            client_info: modern.then_some(&self.client),
            client_capabilities: modern.then_some(self.capabilities),
            progress_token: self.progress_token.as_deref(),
            trace: &self.trace,
        })
    }
}

/// `{}`.
#[derive(Serialize)]
pub(crate) struct Nothing {}

/// The block as written.
#[derive(Serialize)]
pub(crate) struct Block<'a> {
    #[serde(rename = "io.modelcontextprotocol/protocolVersion", skip_serializing_if = "Option::is_none")]
    protocol_version: Option<ProtocolVersion>,
    #[serde(rename = "io.modelcontextprotocol/clientInfo", skip_serializing_if = "Option::is_none")]
    client_info: Option<&'a Implementation>,
    #[serde(rename = "io.modelcontextprotocol/clientCapabilities", skip_serializing_if = "Option::is_none")]
    client_capabilities: Option<ClientCapabilities>,
    #[serde(rename = "progressToken", skip_serializing_if = "Option::is_none")]
    progress_token: Option<&'a str>,
    #[serde(flatten)]
    trace: &'a TraceContext,
}

/// `_meta` of a request that we received. Which members are required is the ladder's business.
#[derive(Clone, Debug, Default)]
pub struct RequestMeta {
    /// As written by the client; perhaps a version that we do not know.
    pub protocol_version: Option<String>,
    /// A JSON object.
    pub client_capabilities: Option<Box<RawValue>>,
    /// Self-reported; dropped when malformed.
    pub client_info: Option<Implementation>,
    /// The token for progress notifications.
    pub progress_token: Option<Id>,
    /// Checked; malformed values are dropped.
    pub trace: TraceContext,
}

impl RequestMeta {
    /// Reads `_meta` of a request's `params`; absent or null is empty.
    ///
    /// # Errors
    /// [`ViewError`] when `_meta` is no object, or one of its protocol members has the wrong type.
    pub fn parse(params: Option<&RawValue>) -> Result<Self, ViewError> {
        let Some(params) = params else { return Ok(Self::default()) };
        let wrong = |field| ViewError { field, rule: "expected an object" };
        let params: Params<'_> = object(params).ok_or(wrong("params"))?;
        let Some(raw) = params.meta else { return Ok(Self::default()) };
        let wire: Wire<'_> = object(raw).ok_or(wrong("params._meta"))?;
        let client_capabilities = wire.client_capabilities.map(RawValue::to_owned);
        if client_capabilities.as_ref().is_some_and(|raw| !raw.get().starts_with('{')) {
            return Err(wrong(CLIENT_CAPABILITIES));
        }
        Ok(Self {
            protocol_version: required_type(wire.protocol_version, PROTOCOL_VERSION, "expected a string")?,
            client_capabilities,
            client_info: optional(wire.client_info),
            progress_token: required_type(
                wire.progress_token,
                PROGRESS_TOKEN,
                "expected a string or an integer",
            )?,
            trace: TraceContext::checked(
                optional(wire.traceparent),
                optional(wire.tracestate),
                optional(wire.baggage),
            ),
        })
    }
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow, default, rename = "_meta")]
    meta: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default, rename = "io.modelcontextprotocol/protocolVersion")]
    protocol_version: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/clientCapabilities")]
    client_capabilities: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/clientInfo")]
    client_info: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "progressToken")]
    progress_token: Option<&'a RawValue>,
    #[serde(borrow, default)]
    traceparent: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tracestate: Option<&'a RawValue>,
    #[serde(borrow, default)]
    baggage: Option<&'a RawValue>,
}

/// A member that may be absent, but must have its type when present.
fn required_type<'a, T: Deserialize<'a>>(
    raw: Option<&'a RawValue>,
    field: &'static str,
    rule: &'static str,
) -> Result<Option<T>, ViewError> {
    raw.map(|raw| serde_json::from_str(raw.get())).transpose().map_err(|_| ViewError { field, rule })
}

/// A member that informs and decides nothing: malformed is as good as absent.
pub(crate) fn optional<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
}

/// W3C Trace Context level 1, section 3.2.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, parent, flags] = parts[..] else { return false };
    let hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let named = |part: &str| part.bytes().any(|byte| byte != b'0');
    hex(version, 2)
        && version != "ff"
        && hex(trace, 32)
        && hex(parent, 16)
        && hex(flags, 2)
        && named(trace)
        && named(parent)
}

fn is_field_text(text: &str, limit: usize) -> bool {
    !text.is_empty() && text.len() <= limit && text.bytes().all(|byte| matches!(byte, 0x20..=0x7E))
}

#[cfg(test)]
mod tests;

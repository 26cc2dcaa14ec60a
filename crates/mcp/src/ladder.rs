//! The server's validation ladder: everything that must hold before a message is dispatched, as one pure function.
//!
//! Order of the rungs: Host and Origin, HTTP method, Accept, Content-Type, JSON-RPC, (notification: 202), then by era.
//! Modern: `_meta`, headers equal the body, version, method. Legacy: version header, session id, method. The rung of
//! mirrored tool parameters is [`judge_params`], for when the tool is known. What is dispatched is judged by the body;
//! headers are only compared with it.
//!
//! Source: specification 2026-07-28, streamable HTTP, server validation; 2025-11-25, transports.

mod front;
mod legacy;
mod modern;
mod refusal;

use serde_json::value::RawValue;

use crate::headers::{self, HeaderLines, ParamHeader, SessionId, check_param_headers};
use crate::jsonrpc::{Message, Notification, Request, parse};
use crate::messages::{CallParams, method};
use crate::meta::RequestMeta;
use crate::scan::JsonLimits;
use crate::version::{Era, ProtocolVersion};

pub use refusal::{Refusal, status_of};

/// What one endpoint serves.
#[derive(Clone, Debug)]
pub struct ServerProfile<'a> {
    /// The versions that it serves, of one era or of both.
    pub versions: &'a [ProtocolVersion],
    /// Methods of modern requests; `server/discover` must be among them.
    pub modern_methods: &'a [&'a str],
    /// Methods of legacy requests; `initialize` must be among them.
    pub legacy_methods: &'a [&'a str],
    /// Allowed `Host` values (name, and port where it is not the scheme's), compared without case. `None`: somebody in
    /// front has checked it.
    pub hosts: Option<&'a [String]>,
    /// Allowed `Origin` values, exactly. A request without `Origin` passes.
    pub origins: &'a [String],
    /// Limits of the body's JSON. Duplicate keys should be refused.
    pub limits: JsonLimits,
}

/// A message that passed.
#[derive(Clone, Debug)]
pub enum Accepted<'a> {
    /// Dispatch it.
    Request(Box<AcceptedRequest<'a>>),
    /// Act on it if it means something; answer 202 without a body.
    Notification {
        /// By the version header; absent means legacy.
        era: Era,
        /// The message.
        notification: Notification<'a>,
    },
}

/// A request that passed.
#[derive(Clone, Debug)]
pub struct AcceptedRequest<'a> {
    /// The era that it speaks.
    pub era: Era,
    /// The version that it speaks. For `initialize` the one to answer with: the client's where it is served here, else
    /// the newest legacy one.
    pub version: ProtocolVersion,
    /// The message.
    pub request: Request<'a>,
    /// Its `_meta`.
    pub meta: RequestMeta,
    /// Legacy: the session id that the client sent, unchecked but for its form. Modern: always `None`.
    pub session: Option<SessionId>,
}

/// Climbs the ladder. `body` must have been capped by the caller.
///
/// # Errors
/// The [`Refusal`] of the first rung that breaks.
pub fn judge<'a>(
    profile: &ServerProfile<'_>,
    http_method: &str,
    headers: &HeaderLines<'_>,
    body: &'a [u8],
) -> Result<Accepted<'a>, Refusal> {
    front::check(profile, http_method, headers)?;
    let message = parse(body, &profile.limits).map_err(Refusal::of_envelope)?;
    let header =
        front::version_header(headers).map_err(|rule| unreadable_version(profile, &message, rule))?;
    match message {
        Message::Response(_) => {
            Err(Refusal::invalid(None, "a posted response; this server sends no requests"))
        }
        Message::Notification(notification) => {
            let legacy = header.is_none_or(is_legacy);
            Ok(Accepted::Notification { era: if legacy { Era::Legacy } else { Era::Modern }, notification })
        }
        Message::Request(request) => {
            let meta = RequestMeta::parse(request.params)
                .map_err(|error| Refusal::of_params(&request.id, &error))?;
            let accepted = match era_of(profile, &request, &meta, header) {
                Era::Modern => modern::judge(profile, headers, header, request, meta)?,
                Era::Legacy => legacy::judge(profile, headers, header, request, meta)?,
            };
            Ok(Accepted::Request(Box::new(accepted)))
        }
    }
}

/// The rung of mirrored parameters for a `tools/call`, once the tool and so its annotations are known. Legacy requests
/// mirror nothing.
///
/// # Errors
/// 400 with -32020.
pub fn judge_params(
    accepted: &AcceptedRequest<'_>,
    declared: &[ParamHeader],
    headers: &HeaderLines<'_>,
) -> Result<(), Refusal> {
    if accepted.era == Era::Legacy {
        return Ok(());
    }
    let arguments: Option<&RawValue> =
        CallParams::parse(accepted.request.params).ok().and_then(|params| params.arguments);
    check_param_headers(declared, arguments, headers)
        .map_err(|mismatch| Refusal::header_mismatch(&accepted.request.id, mismatch.to_string()))
}

/// -32020 would tell a client that this is a modern server, so a legacy one says -32600.
fn unreadable_version(profile: &ServerProfile<'_>, message: &Message<'_>, rule: &str) -> Refusal {
    let text = format!("header MCP-Protocol-Version: {rule}");
    match message {
        Message::Request(request) if serves(profile, Era::Modern) => {
            Refusal::header_mismatch(&request.id, text)
        }
        Message::Request(request) => Refusal::invalid(Some(&request.id), &text),
        Message::Notification(_) | Message::Response(_) => Refusal::invalid(None, &text),
    }
}

fn serves(profile: &ServerProfile<'_>, era: Era) -> bool {
    profile.versions.iter().any(|version| version.era() == era)
}

/// A modern version in `_meta`, or a version header that is modern or unknown, makes a request modern; `initialize`, a
/// legacy header or none makes it legacy. A server of one era judges all by that era.
fn era_of(
    profile: &ServerProfile<'_>,
    request: &Request<'_>,
    meta: &RequestMeta,
    header: Option<&str>,
) -> Era {
    if !serves(profile, Era::Legacy) {
        return Era::Modern;
    }
    if !serves(profile, Era::Modern) {
        return Era::Legacy;
    }
    let modern_body = meta.protocol_version.as_deref().is_some_and(|version| !is_legacy(version));
    let modern_header = header.is_some_and(|version| !is_legacy(version));
    if modern_body || (modern_header && request.method != method::INITIALIZE) {
        Era::Modern
    } else {
        Era::Legacy
    }
}

fn is_legacy(version: &str) -> bool {
    ProtocolVersion::parse(version).is_some_and(|version| version.era() == Era::Legacy)
}

#[cfg(test)]
mod tests;

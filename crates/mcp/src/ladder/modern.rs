//! The modern half of the ladder.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    AcceptedRequest, Era, ProtocolVersion, Refusal, Request, RequestMeta, ServerProfile, headers, method,
};
use crate::headers::{HeaderLines, Line, decode_value, mirrored_member};
use crate::jsonrpc::object;
use crate::messages::{InitializeParams, ViewError};
use crate::meta;

pub(super) fn judge<'a>(
    profile: &ServerProfile<'_>,
    headers: &HeaderLines<'_>,
    header: Option<&str>,
    request: Request<'a>,
    meta: RequestMeta,
) -> Result<AcceptedRequest<'a>, Refusal> {
    if request.method == method::INITIALIZE && meta.protocol_version.is_none() {
        return Err(refuse_handshake(profile, &request));
    }
    let requested = pair(&meta).map_err(|error| Refusal::of_params(&request.id, &error))?;
    headers_agree(headers, header, requested, &request)
        .map_err(|message| Refusal::header_mismatch(&request.id, message))?;
    let version = ProtocolVersion::parse(requested)
        .filter(|version| version.era() == Era::Modern && profile.versions.contains(version))
        .ok_or_else(|| Refusal::unsupported_version(&request.id, requested, profile.versions))?;
    if !profile.modern_methods.contains(&&*request.method) {
        return Err(Refusal::unknown_method(&request.id, Era::Modern));
    }
    Ok(AcceptedRequest { era: Era::Modern, version, request, meta, session: None })
}

/// A legacy client has no way forward but this message: it names what is served (specification: versioning).
fn refuse_handshake(profile: &ServerProfile<'_>, request: &Request<'_>) -> Refusal {
    let offered =
        InitializeParams::parse(request.params).map(|params| params.protocol_version).unwrap_or_default();
    Refusal::unsupported_version(&request.id, &offered, profile.versions)
}

/// The two members that every modern request must carry.
fn pair(meta: &RequestMeta) -> Result<&str, ViewError> {
    let missing = |field| ViewError { field, rule: "required in params._meta" };
    let version = meta.protocol_version.as_deref().ok_or(missing(meta::PROTOCOL_VERSION))?;
    if meta.client_capabilities.is_none() {
        return Err(missing(meta::CLIENT_CAPABILITIES));
    }
    Ok(version)
}

fn headers_agree(
    headers: &HeaderLines<'_>,
    header: Option<&str>,
    requested: &str,
    request: &Request<'_>,
) -> Result<(), String> {
    match header {
        None => return Err("header MCP-Protocol-Version: missing".to_owned()),
        Some(version) if version != requested => {
            return Err("header MCP-Protocol-Version: differs from params._meta".to_owned());
        }
        Some(_) => {}
    }
    match headers.single(headers::METHOD) {
        Line::One(value) if value == request.method.as_bytes() => {}
        line => return Err(fault("Mcp-Method", line)),
    }
    let Some(member) = mirrored_member(&request.method) else { return Ok(()) };
    let line = headers.single(headers::NAME);
    let name = match line {
        Line::One(value) => decode_value(value).map_err(|_| "header Mcp-Name: malformed value".to_owned())?,
        line => return Err(fault("Mcp-Name", line)),
    };
    if request.params.and_then(|params| text_member(params, member)).as_deref() == Some(name.as_str()) {
        return Ok(());
    }
    Err(fault("Mcp-Name", line))
}

fn fault(name: &str, line: Line<'_>) -> String {
    let rule = match line {
        Line::Absent => "missing",
        Line::One(_) => "differs from the body",
        Line::Many => "occurs more than once",
    };
    format!("header {name}: {rule}")
}

fn text_member(params: &RawValue, member: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Names<'a> {
        #[serde(borrow, default)]
        name: Option<&'a RawValue>,
        #[serde(borrow, default)]
        uri: Option<&'a RawValue>,
        #[serde(borrow, default, rename = "taskId")]
        task_id: Option<&'a RawValue>,
    }
    let names: Names<'_> = object(params)?;
    let raw = match member {
        "name" => names.name,
        "uri" => names.uri,
        _ => names.task_id,
    };
    meta::optional(raw)
}

//! The legacy half of the ladder. Sessions are the caller's: what passes here has a well-formed id or none.

use super::{
    AcceptedRequest, Era, ProtocolVersion, Refusal, Request, RequestMeta, ServerProfile, headers, method,
};
use crate::headers::{HeaderLines, Line, SessionId};
use crate::messages::InitializeParams;

pub(super) fn judge<'a>(
    profile: &ServerProfile<'_>,
    headers: &HeaderLines<'_>,
    header: Option<&str>,
    request: Request<'a>,
    meta: RequestMeta,
) -> Result<AcceptedRequest<'a>, Refusal> {
    let session = session(headers).map_err(|message| Refusal::invalid(Some(&request.id), message))?;
    let version = if request.method == method::INITIALIZE {
        let offered = InitializeParams::parse(request.params)
            .map_err(|error| Refusal::of_params(&request.id, &error))?
            .protocol_version;
        answer_to(profile, &offered)
    } else {
        spoken(profile, header)
    };
    let Some(version) = version else {
        // Not -32022: that code is how clients know a modern server.
        return Err(Refusal::invalid(
            Some(&request.id),
            "header MCP-Protocol-Version: not a version of this server",
        ));
    };
    if !profile.legacy_methods.contains(&&*request.method) {
        return Err(Refusal::unknown_method(&request.id, Era::Legacy));
    }
    Ok(AcceptedRequest { era: Era::Legacy, version, request, meta, session })
}

/// The client's offer where it is served, else the newest legacy version that is.
fn answer_to(profile: &ServerProfile<'_>, offered: &str) -> Option<ProtocolVersion> {
    let legacy = || profile.versions.iter().copied().filter(|version| version.era() == Era::Legacy);
    legacy().find(|version| version.as_str() == offered).or_else(|| legacy().max())
}

fn spoken(profile: &ServerProfile<'_>, header: Option<&str>) -> Option<ProtocolVersion> {
    let version = header.map_or(Some(ProtocolVersion::ASSUMED_WITHOUT_HEADER), ProtocolVersion::parse)?;
    (version.era() == Era::Legacy && profile.versions.contains(&version)).then_some(version)
}

fn session(headers: &HeaderLines<'_>) -> Result<Option<SessionId>, &'static str> {
    let malformed = "header Mcp-Session-Id: expected 1 to 1024 visible ASCII characters, once";
    match headers.single(headers::SESSION_ID) {
        Line::Absent => Ok(None),
        Line::Many => Err(malformed),
        Line::One(value) => {
            std::str::from_utf8(value).ok().and_then(SessionId::parse).map(Some).ok_or(malformed)
        }
    }
}

//! Finds out what a server speaks: drives the era machine over the egress.

use std::sync::Arc;

use portcullis_mcp::era::{Action, EraProbe, ProbeAnswer, TransportFailure, Unavailable, Verdict};
use portcullis_mcp::jsonrpc::Id;
use portcullis_mcp::messages::{discover_params, initialize_params, method};
use portcullis_mcp::version::{Era, Pin, ProtocolVersion};
use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::server::ProtocolPin;
use portcullis_schemas::integrations::mcp::wire::McpFailure;
use portcullis_schemas::json::RawJson;
use serde_json::value::RawValue;

use super::failure::{NotAnswered, incompatible, status_failure, unsent};
use super::link::{Ask, Link, Reply};
use super::session::{Spoken, UpstreamSession};

/// What a probe has found.
pub(super) struct Found<S> {
    pub(super) spoken: S,
    /// Declared capabilities, raw; `{}` if none are.
    pub(super) capabilities: RawJson,
}

impl<S> Found<S> {
    pub(super) fn map<T>(self, change: impl FnOnce(S) -> T) -> Found<T> {
        Found { spoken: change(self.spoken), capabilities: self.capabilities }
    }
}

/// The version of a modern pin: it needs no probe, since a modern server has no handshake.
pub(super) fn pinned_modern(pin: ProtocolPin) -> Option<ProtocolVersion> {
    ProtocolVersion::parse(pin.as_str()).filter(|version| version.era() == Era::Modern)
}

/// Probes. Nothing that it sends makes a tool act, so its failures never say that one may have.
pub(super) async fn probe(link: &Link<'_>) -> Result<Found<Spoken>, McpFailure> {
    drive(link, machine_pin(link.target.pin)?).await
}

/// Begins a session at a server that others have one of this version with.
///
/// # Errors
/// `upstream_incompatible` when it speaks something else by now.
pub(super) async fn begin(link: &Link<'_>, version: ProtocolVersion) -> Result<Found<Spoken>, McpFailure> {
    drive(link, Pin::Version(version)).await
}

async fn drive(link: &Link<'_>, pin: Pin) -> Result<Found<Spoken>, McpFailure> {
    let (mut machine, mut action) = EraProbe::start(pin);
    loop {
        let answer = match action {
            Action::SendDiscover(version) => discover(link, version).await,
            Action::SendInitialize(version) => initialize(link, version).await,
            Action::Decided(verdict) => return settle(link, verdict).await,
            Action::Unavailable { why } => return Err(unavailable(why)),
            Action::AuthRequired { status } => {
                return Err(status_failure(status));
            }
            Action::Incompatible { why } => return Err(incompatible(why)),
        };
        action = match answer {
            Ok(reply) => machine.on_answer(&ProbeAnswer {
                status: reply.status,
                session_id: reply.session_id.clone(),
                answered: reply.answered().ok().map(|(answered, _)| answered),
            }),
            Err(problem) => {
                // The machine has no better words for it than the transport.
                let failure = problem.into_failure();
                let Action::Incompatible { why } = machine.on_failure(transport_failure(&failure)) else {
                    return Err(McpFailure { may_have_acted: false, ..failure });
                };
                return Err(incompatible(why));
            }
        };
    }
}

async fn discover(link: &Link<'_>, version: ProtocolVersion) -> Result<Reply, NotAnswered> {
    let params = discover_params(&link.meta(version));
    send(link, method::DISCOVER, version, &params).await
}

async fn initialize(link: &Link<'_>, version: ProtocolVersion) -> Result<Reply, NotAnswered> {
    let params = initialize_params(version, &Link::client_info(), link.declared);
    send(link, method::INITIALIZE, version, &params).await
}

async fn send(
    link: &Link<'_>,
    method: &'static str,
    version: ProtocolVersion,
    params: &RawValue,
) -> Result<Reply, NotAnswered> {
    let id: Id = link.new_id()?;
    link.ask(&Ask::before_session(&id, method, version, Some(params))).await
}

/// Completes the handshake of a legacy server.
async fn settle(link: &Link<'_>, verdict: Verdict) -> Result<Found<Spoken>, McpFailure> {
    match verdict {
        Verdict::Modern { version, discover } => {
            Ok(Found { spoken: Spoken::Modern { version }, capabilities: declared(discover.capabilities) })
        }
        Verdict::Legacy { version, session, initialize } => {
            let session = session.map(|id| {
                let (egress, tenant) = (Arc::clone(link.egress), link.tenant.clone());
                UpstreamSession::new(id, version, egress, tenant, link.target.url.clone())
            });
            let spoken = Spoken::Legacy { version, session };
            let status = link.notify(&spoken, method::INITIALIZED).await;
            match status.map_err(|problem| McpFailure { may_have_acted: false, ..problem.into_failure() })? {
                200..300 => Ok(Found { spoken, capabilities: declared(initialize.capabilities) }),
                status @ (401 | 403) => {
                    let detail = format!("http status {status} to notifications/initialized");
                    Err(McpFailure { detail, ..status_failure(status) })
                }
                status => {
                    let detail = format!("http status {status} to notifications/initialized; expected 202");
                    Err(unsent(codes::UPSTREAM_PROTOCOL, detail))
                }
            }
        }
    }
}

fn declared(capabilities: Option<Box<RawValue>>) -> RawJson {
    capabilities.unwrap_or_else(|| serde_json::from_str("{}").expect("`{}` is JSON")).into()
}

fn unavailable(why: Unavailable) -> McpFailure {
    let code = match why {
        Unavailable::Transport(TransportFailure::Timeout) => codes::UPSTREAM_TIMEOUT,
        Unavailable::Transport(_) => codes::UPSTREAM_UNREACHABLE,
        Unavailable::Status(_) => codes::UPSTREAM_ERROR,
    };
    unsent(code, why.to_string())
}

fn transport_failure(failure: &McpFailure) -> TransportFailure {
    match failure.code {
        codes::UPSTREAM_TIMEOUT => TransportFailure::Timeout,
        codes::UPSTREAM_UNREACHABLE => TransportFailure::Connect,
        _ => TransportFailure::Other,
    }
}

fn machine_pin(pin: ProtocolPin) -> Result<Pin, McpFailure> {
    pin.as_str().parse().map_err(|_| {
        unsent(codes::UPSTREAM_INCOMPATIBLE, format!("pinned to {pin}, which is not spoken here"))
    })
}

//! Which era an upstream speaks: the client's detection as a state machine without I/O.
//!
//! The transport asks [`EraProbe::start`] what to send, sends it, hands the answer to [`EraProbe::on_answer`], and goes
//! on until an action is no send. Probing belongs to registration, discovery and health, not to the call path; the
//! verdict is cached per tenant, server and origin.
//!
//! The rules:
//! 1. `server/discover` in the newest modern version goes first. It is safe, where a first `tools/call` might run.
//! 2. A discover result: the highest common modern version; only legacy ones named: `initialize`.
//! 3. -32022 at any status: once more with a modern version that it names, else as in 2.
//! 4. -32020, -32021: a modern server that refuses us. Never a fallback.
//! 5. 401, 403: authentication first. 408, 429, 5xx, no answer: no verdict. Only 500 and 501 try `initialize` once,
//!    because some old servers fail that way on an unknown method; if it fails too, no verdict.
//! 6. Anything else is a legacy server: `initialize`.
//! 7. `initialize` offers 2025-11-25; a legacy counter-offer is taken from 2025-06-18 on. -32022 to it: discover once more.
//! 8. 400, 404, 405 to `initialize`: perhaps HTTP+SSE of 2024-11-05, which is not spoken here.
//!
//! A pin narrows this: modern never falls back, legacy starts at rule 7 and takes no counter-offer. Redirects are never
//! followed.
//!
//! Source: specification 2026-07-28, versioning and streamable HTTP (backward compatibility).

mod rules;

use crate::answer::Answered;
use crate::headers::SessionId;
use crate::messages::{DiscoverResult, InitializeResult};
use crate::version::{Era, Pin, ProtocolVersion};

/// No probe sends more messages than this.
pub const MAX_SENDS: usize = 5;

/// What the transport does next.
#[derive(Clone, Debug)]
pub enum Action {
    /// POST `server/discover` in this version, with all modern headers and `_meta`.
    SendDiscover(ProtocolVersion),
    /// POST `initialize` offering this version.
    SendInitialize(ProtocolVersion),
    /// Done. For [`Verdict::Legacy`]: now POST `notifications/initialized`.
    Decided(Verdict),
    /// No verdict now; try again later with backoff.
    Unavailable {
        /// Why.
        why: Unavailable,
    },
    /// No verdict before the server accepts our credentials.
    AuthRequired {
        /// 401 or 403.
        status: u16,
    },
    /// No verdict, and trying again will not help: somebody must change something.
    Incompatible {
        /// Why.
        why: Incompatible,
    },
}

/// The era and version to speak with a server.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Stateless.
    Modern {
        /// The highest version that both sides speak.
        version: ProtocolVersion,
        /// What the server said of itself.
        discover: DiscoverResult,
    },
    /// With a handshake that has just been made.
    Legacy {
        /// The server's choice.
        version: ProtocolVersion,
        /// Sent on every later request; scoped to one tenant, server and credential.
        session: Option<SessionId>,
        /// What the server said of itself.
        initialize: InitializeResult,
    },
}

/// Why there is no verdict for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// 408, 429 or 5xx.
    #[error("the server answered HTTP {0}")]
    Status(u16),
    /// No HTTP answer.
    #[error("no answer from the server: {0}")]
    Transport(TransportFailure),
}

/// Why no HTTP answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportFailure {
    /// The deadline passed.
    #[error("deadline passed")]
    Timeout,
    /// Name resolution or connect failed.
    #[error("could not connect")]
    Connect,
    /// The TLS handshake failed.
    #[error("TLS handshake failed")]
    Tls,
    /// The exchange broke off.
    #[error("connection broke off")]
    Other,
}

/// Why a server cannot be used as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incompatible {
    /// It speaks none of our versions, or none that the pin allows.
    #[error("no common protocol version; this gateway speaks 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28")]
    NoCommonVersion,
    /// A modern server refused our request for another reason (-32020, -32021).
    #[error("the server refused the request with JSON-RPC error {0}")]
    ModernRefusal(i64),
    /// Pinned to a modern version, and the server does not answer as a modern one.
    #[error("pinned to {0}, but the server does not answer server/discover as a modern server does")]
    NotModern(ProtocolVersion),
    /// It answered `initialize` with a version that we did not offer and do not accept.
    #[error(
        "the server answered initialize with a protocol version that is not accepted here: expected 2025-06-18 or later, \
         or the one that the server is pinned to"
    )]
    CounterOffer,
    /// It refused `initialize` with this JSON-RPC error.
    #[error("the server refused initialize with JSON-RPC error {0}")]
    InitializeRefused(i64),
    /// 400, 404 or 405 without JSON-RPC: perhaps the transport of 2024-11-05.
    #[error(
        "HTTP {0} to initialize: no MCP endpoint here, or the HTTP+SSE transport of 2024-11-05, which is not supported"
    )]
    NoStreamableHttp(u16),
    /// An answer to `initialize` that is no MCP.
    #[error("the server's answer to initialize (HTTP {0}) is no MCP message")]
    NotMcp(u16),
    /// An `Mcp-Session-Id` that is not 1 to 1024 bytes of visible ASCII.
    #[error("Mcp-Session-Id: expected 1 to 1024 visible ASCII characters")]
    SessionId,
    /// A redirect. It is not followed: register the final URL.
    #[error("the server redirects (HTTP {0}); register the final URL")]
    Redirect(u16),
    /// The transport went on after the end.
    #[error("the probe has ended")]
    Ended,
}

/// What the transport saw.
#[derive(Clone, Debug)]
pub struct ProbeAnswer {
    /// HTTP status.
    pub status: u16,
    /// The `Mcp-Session-Id` header as it came.
    pub session_id: Option<String>,
    /// What [`crate::answer::Collector`] made of the body; `None` for any of its errors, empty bodies and other content
    /// types included.
    pub answered: Option<Answered>,
}

/// One detection, from the first message to the verdict.
#[derive(Clone, Debug)]
pub struct EraProbe {
    pin: Pin,
    state: State,
    /// Rule 3: another modern version was tried once.
    retried: bool,
    /// Rule 7: discover was sent again after -32022 to `initialize`.
    reprobed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// `server/discover` is on its way.
    Discovering,
    /// `initialize` is on its way. `after` is the 500 or 501 that brought us here.
    Initializing {
        offered: ProtocolVersion,
        after: Option<u16>,
    },
    Ended,
}

impl EraProbe {
    /// Begins: a legacy pin with `initialize`, all else with `server/discover` (rule 1).
    #[must_use]
    pub fn start(pin: Pin) -> (Self, Action) {
        let mut probe = Self { pin, state: State::Ended, retried: false, reprobed: false };
        let action = match pin {
            Pin::Auto => probe.discover(ProtocolVersion::LATEST_MODERN),
            Pin::Version(version) if version.era() == Era::Modern => probe.discover(version),
            Pin::Version(version) => probe.initialize(version, None),
        };
        (probe, action)
    }

    /// Judges an answer to what was sent last.
    pub fn on_answer(&mut self, answer: &ProbeAnswer) -> Action {
        match self.state {
            State::Ended => Action::Incompatible { why: Incompatible::Ended },
            _ if matches!(answer.status, 401 | 403) => {
                self.state = State::Ended;
                Action::AuthRequired { status: answer.status }
            }
            State::Discovering => self.on_discover(answer),
            State::Initializing { offered, after } => self.on_initialize(answer, offered, after),
        }
    }

    /// No answer came (rule 5).
    pub fn on_failure(&mut self, failure: TransportFailure) -> Action {
        self.unavailable(Unavailable::Transport(failure))
    }

    fn discover(&mut self, version: ProtocolVersion) -> Action {
        self.state = State::Discovering;
        Action::SendDiscover(version)
    }

    fn initialize(&mut self, offered: ProtocolVersion, after: Option<u16>) -> Action {
        self.state = State::Initializing { offered, after };
        Action::SendInitialize(offered)
    }

    fn decided(&mut self, verdict: Verdict) -> Action {
        self.state = State::Ended;
        Action::Decided(verdict)
    }

    fn unavailable(&mut self, why: Unavailable) -> Action {
        self.state = State::Ended;
        Action::Unavailable { why }
    }

    fn incompatible(&mut self, why: Incompatible) -> Action {
        self.state = State::Ended;
        Action::Incompatible { why }
    }
}

#[cfg(test)]
mod tests;

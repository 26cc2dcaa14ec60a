//! Calls that go on after their server has asked something (MCP 2026-07-28, multi round-trip requests).
//!
//! The agent carries the state from one round to the next, so that any replica serves any of them. It is sealed, and good
//! for the request that it was given out for, for [`LIFETIME`], and once: its first use is claimed in the ledger.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_mcp::members::Members;
use portcullis_schemas::codes;
use portcullis_schemas::context::CallContext;
use portcullis_schemas::ids::{ApprovalId, InvocationId};
use portcullis_schemas::integrations::mcp::input::{AgentAnswers, InputKind};
use portcullis_schemas::integrations::mcp::invocation::{CallMethod, CalledThrough};
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::json::RawJson;
use portcullis_schemas::logs::ports::AnswerSeal;
use portcullis_schemas::text::RunId;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, ErrorKind, PortError, PortErrorKind};
use serde::{Deserialize, Serialize};

use crate::framed;

#[cfg(test)]
mod tests;

/// How long a state is good for: as long as a person may take for an answer.
pub const LIFETIME: Duration = Duration::from_secs(600);
/// Most rounds of one call: the first, and those that answer its server's questions.
pub const MOST_ROUNDS: u32 = 3;
/// The operation in whose name the ledger is asked whether a state was used.
pub const CLAIMED_AS: &str = "integrations.mcp_servers.continue_call";

/// What an agent carries from one round to the next. Printed without the server's state.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundState {
    /// The round that it leads to; 2 is the first.
    pub number: u32,
    /// The call whose server asked.
    pub invocation_id: InvocationId,
    /// What it is good for.
    pub binding: Binding,
    /// From then on it is worth nothing.
    pub expires_at: Timestamp,
    /// Names of what was asked.
    pub asked: Vec<String>,
    /// The server's own state, byte for byte; of a legacy server what the client finds the held call by.
    pub server_state: Option<RawJson>,
    /// The approval that the call was made on.
    pub approval_id: Option<ApprovalId>,
}

impl fmt::Debug for RoundState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.server_state.as_ref().map_or(0, |state| state.as_str().len());
        write!(f, "RoundState({} after {}, {bytes} bytes)", self.number, self.invocation_id)
    }
}

/// Why a state leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundProblem {
    /// Nobody gave it out, or to another tenant, or something of it was changed.
    Unreadable,
    /// It names a key that is not at hand here, so that nobody can say whose it is.
    NoKey,
    /// It was given out for another request: another key, tool, arguments, toolset or run.
    OtherRequest,
    /// What the request rests on was changed meanwhile: the tool's pin, the server's URL, or what the server may ask.
    Changed,
    /// Its time is over.
    Expired,
    /// It was used, with other answers.
    Used,
}

impl RoundProblem {
    /// For the record.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unreadable => "`requestState` was not given out here, or was changed: make the call anew",
            Self::NoKey => {
                "the key of `requestState` is not at hand: send it again, and make the call anew if that does not help"
            }
            Self::OtherRequest => "`requestState` was given out for another request: make the call anew",
            Self::Changed => {
                "the tool or its server was changed since `requestState` was given out: make the call anew"
            }
            Self::Expired => "`requestState` is older than ten minutes: make the call anew",
            Self::Used => "`requestState` was used already, with other answers: make the call anew",
        }
    }

    /// Whether nobody comes to it who keeps to the protocol.
    #[must_use]
    pub fn is_forgery(self) -> bool {
        matches!(self, Self::Unreadable | Self::OtherRequest)
    }

    /// For a caller who gets to know of it from the ledger alone.
    #[must_use]
    pub fn to_error(self) -> Error {
        Error::new(ErrorKind::Invalid, codes::REQUEST_STATE_REFUSED, self.reason()).with_field("requestState")
    }
}

/// What a call brings for its server besides the arguments, and what a further round of it is bound to.
#[derive(Clone, Debug, Default)]
pub struct Rounds {
    /// What the server may ask for.
    pub accepts: Vec<InputKind>,
    /// The request that it is, and what it rests on.
    pub binding: Binding,
    /// The round before, if this goes on from one.
    pub continued: Option<Continued>,
}

/// The round that a call goes on from. Printed without the answers.
#[derive(Clone)]
pub struct Continued {
    /// Its state, opened.
    pub state: RoundState,
    /// The answers to what was asked, and to nothing else.
    pub responses: Option<RawJson>,
}

impl fmt::Debug for Continued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.responses.as_ref().map_or(0, |responses| responses.as_str().len());
        write!(f, "Continued({:?}, {bytes} bytes)", self.state)
    }
}

impl Continued {
    /// Opens a state, and takes the answers to what it asks. Whether it belongs to the request is [`judge`]d apart. The limits
    /// of [`AgentAnswers`] hold for whoever brings them.
    ///
    /// # Errors
    /// [`RoundProblem::Unreadable`], [`RoundProblem::NoKey`].
    pub fn open(
        seal: &dyn AnswerSeal,
        ctx: &CallContext,
        answers: &AgentAnswers,
    ) -> Result<Self, RoundProblem> {
        let unreadable = RoundProblem::Unreadable;
        let length = answers.responses.as_ref().map_or(0, |responses| responses.as_str().len());
        if answers.state.len() > AgentAnswers::MAX_STATE || length > AgentAnswers::MAX_RESPONSES {
            return Err(unreadable);
        }
        let sealed = URL_SAFE_NO_PAD.decode(&answers.state).map_err(|_| unreadable)?;
        let opened =
            seal.open_round(ctx.principal.tenant(), &sealed).map_err(|error| match error.kind() {
                PortErrorKind::Unavailable => RoundProblem::NoKey,
                _ => unreadable,
            })?;
        let state: RoundState = serde_json::from_slice(&opened).map_err(|_| unreadable)?;
        let responses = answers.responses.as_ref().and_then(|all| answers_to(&state.asked, all));
        Ok(Self { state, responses })
    }
}

impl RoundState {
    /// The text that the agent carries.
    ///
    /// # Errors
    /// `key_unavailable`.
    pub fn seal(&self, seal: &dyn AnswerSeal, ctx: &CallContext) -> Result<String, PortError> {
        let bytes = serde_json::to_vec(self)
            .map_err(|_| PortError::corrupt("the state of a round cannot be written"))?;
        seal.seal_round(ctx.principal.tenant(), &bytes).map(|sealed| URL_SAFE_NO_PAD.encode(sealed))
    }
}

/// Whether a state leads on from its round to this request, at this time. Whether it was used, the ledger knows.
///
/// # Errors
/// Why not.
pub fn judge(state: &RoundState, binding: &Binding, now: Timestamp) -> Result<(), RoundProblem> {
    if state.binding.request != binding.request {
        return Err(RoundProblem::OtherRequest);
    }
    if state.binding.configuration != binding.configuration {
        return Err(RoundProblem::Changed);
    }
    if state.expires_at <= now { Err(RoundProblem::Expired) } else { Ok(()) }
}

/// A request, as far as a state goes on from it.
#[derive(Clone, Copy, Debug)]
pub struct Bound<'a> {
    /// Who calls.
    pub ctx: &'a CallContext,
    /// The server; at another URL it is another, and one that may ask for something else goes on with nothing.
    pub server: &'a McpServer,
    /// What is asked of the tool, prompt or resource.
    pub method: CallMethod,
    /// It, with its pin.
    pub tool: &'a McpTool,
    /// The arguments in canonical form (RFC 8785).
    pub arguments: &'a [u8],
    /// The toolset, and its name there.
    pub through: Option<&'a CalledThrough>,
    /// The agent's run.
    pub run_id: Option<&'a RunId>,
}

/// Two keyed hashes, 64 hex digits each. The tenant is in the key of the hashes, and in that of the seal.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// Of what the agent asks: it makes the same request again.
    pub request: String,
    /// Of what an admin may change meanwhile.
    pub configuration: String,
}

impl Binding {
    /// The binding of a request.
    #[must_use]
    pub fn of(bound: &Bound<'_>, keyed_hash: impl Fn(&[u8]) -> String) -> Self {
        let toolset = bound.through.map_or("", |through| through.toolset_id.as_str());
        let name = bound.through.map_or("", |through| through.name.as_str());
        let asked = [
            bound.ctx.principal.key().as_str().as_bytes(),
            bound.ctx.principal.actor().as_bytes(),
            bound.method.as_str().as_bytes(),
            bound.tool.server_id.as_str().as_bytes(),
            bound.tool.tool_id.as_str().as_bytes(),
            toolset.as_bytes(),
            name.as_bytes(),
            bound.run_id.map_or("", RunId::as_str).as_bytes(),
            bound.arguments,
        ];
        let may_ask: Vec<_> = bound.server.agent_input.iter().map(|kind| kind.as_str()).collect();
        let may_ask = may_ask.join(",");
        let rests_on = [
            bound.server.url.as_str().as_bytes(),
            may_ask.as_bytes(),
            bound.tool.pinned_hash.as_deref().unwrap_or_default().as_bytes(),
        ];
        Self { request: keyed_hash(&framed(&asked)), configuration: keyed_hash(&framed(&rests_on)) }
    }
}

/// The answers to these questions, byte for byte; `None` if there are none. What nobody asked for is left out.
fn answers_to(asked: &[String], responses: &RawJson) -> Option<RawJson> {
    let mut answers = Members::of(responses.as_str())?;
    answers.retain(|name| asked.iter().any(|asked| asked == name));
    answers.names().next()?;
    Some(answers.to_raw().into())
}

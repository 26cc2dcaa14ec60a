//! What a server asks of its caller before it answers (MCP 2026-07-28, multi round-trip requests), and what the caller
//! says to it.
//!
//! Consumers: api, drivers, engines, spine

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::codes::{self, Code};
use crate::ids::InvocationId;
use crate::json::RawJson;

string_enum!(
    /// What a server may ask for, if the caller's client declares that it can be asked.
    InputKind {
        /// A form that a person fills in.
        Elicitation = "elicitation",
        /// A URL that a person opens.
        UrlElicitation = "url_elicitation",
        /// A text by the client's model.
        Sampling = "sampling",
        /// The same, with tools for the model.
        SamplingTools = "sampling_tools",
        /// The folders that the client works in.
        Roots = "roots",
    }
);

impl InputKind {
    /// What a call fails with whose server needs a client that can be asked for this, and whose client cannot.
    #[must_use]
    pub fn required_code(self) -> Code {
        match self {
            Self::Elicitation => codes::ELICITATION_REQUIRED,
            Self::UrlElicitation => codes::URL_ELICITATION_REQUIRED,
            Self::Sampling => codes::SAMPLING_REQUIRED,
            Self::SamplingTools => codes::SAMPLING_TOOLS_REQUIRED,
            Self::Roots => codes::ROOTS_REQUIRED,
        }
    }

    /// The kind that a call with this code lacks, if it is one of these codes.
    #[must_use]
    pub fn required_by(code: Code) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.required_code() == code)
    }
}

/// What an agent's request brings for the server besides its arguments: what its client can be asked for, and what it goes on
/// from. REST callers bring nothing.
#[derive(Clone, Debug, Default)]
pub struct AgentInput {
    /// What its client declares, as far as it is relayed.
    pub accepts: Vec<InputKind>,
    /// An earlier round that it goes on from.
    pub continues: Option<AgentAnswers>,
}

/// The answers to what a server has asked. Printed without their content: they may be a person's secrets.
#[derive(Clone)]
pub struct AgentAnswers {
    /// The state that was given out with the questions, as it came back: nothing of it is to be trusted.
    pub state: String,
    /// An object by the names of the questions.
    pub responses: Option<RawJson>,
}

impl AgentAnswers {
    /// Most bytes of a state.
    pub const MAX_STATE: usize = 64 * 1024;
    /// Most bytes of all answers together.
    pub const MAX_RESPONSES: usize = 256 * 1024;
}

impl fmt::Debug for AgentAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.responses.as_ref().map_or(0, |responses| responses.as_str().len());
        write!(f, "AgentAnswers({bytes} bytes)")
    }
}

/// What goes to the server with a call. The default is that of a caller whom nobody can ask. Printed without the answers.
#[derive(Clone, Default)]
pub struct ServerInput {
    /// What the server may ask for.
    pub accepts: Vec<InputKind>,
    /// The answers to what it has asked, byte for byte.
    pub responses: Option<RawJson>,
    /// The state that it gave out with the questions, byte for byte.
    pub state: Option<RawJson>,
}

impl fmt::Debug for ServerInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.responses.as_ref().map_or(0, |responses| responses.as_str().len());
        write!(f, "ServerInput({:?}, {bytes} bytes)", self.accepts)
    }
}

impl ServerInput {
    /// Whether the call goes on from an earlier round.
    #[must_use]
    pub fn continues(&self) -> bool {
        self.responses.is_some() || self.state.is_some()
    }
}

/// A call that goes on from another, as its record tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallRound {
    /// 2 for the first that goes on.
    pub number: u32,
    /// The call whose questions it answers.
    pub continues: InvocationId,
    /// Keyed hash of the answers as they go to the server, 64 hex digits; absent if there are none.
    pub responses_hash: Option<String>,
}

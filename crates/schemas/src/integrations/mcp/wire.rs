//! What the engines and an MCP client exchange: targets, catalogues, calls and their failures.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::input::{InputKind, ServerInput};
use super::invocation::CallMethod;
use super::oauth::OauthScope;
use super::progress::ProgressSink;
use super::server::ProtocolPin;
use super::tool::ItemKind;
use crate::codes::Code;
use crate::context::TraceContext;
use crate::ids::ServerId;
use crate::json::RawJson;
use crate::logs::ledger::IntentReceipt;
use crate::secret::Secret;

/// Whom to talk to, and as whom.
#[derive(Clone, Debug)]
pub struct McpTarget {
    /// Server; with the tenant the key of cached verdicts.
    pub server_id: ServerId,
    /// Endpoint.
    pub url: String,
    /// Version pin.
    pub pin: ProtocolPin,
    /// What an admin lets it ask agents for. Legacy servers show some of their tools to clients that can be asked alone, so
    /// that discovery declares it; a call declares what its caller accepts of it.
    pub agent_input: Vec<InputKind>,
    /// Authentication header, if any.
    pub auth: Option<AuthHeader>,
    /// A digest of the caller, the credential and its version, or of the caller's own secret, which nobody can read out of it.
    /// Upstream sessions are never shared between different identities.
    pub identity: String,
}

/// The header that carries our credential upstream.
#[derive(Clone, Debug)]
pub struct AuthHeader {
    /// Name.
    pub name: String,
    /// Value, visible ASCII.
    pub value: Secret,
}

/// Permission to send one thing upstream: the receipt of the intent that was recorded for it.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Proof that the intent is durable.
    pub receipt: IntentReceipt,
    /// The longest that the exchange may take.
    pub deadline: Duration,
    /// Passed on upstream.
    pub trace: TraceContext,
    /// Where progress goes, if somebody wants to hear of it. The upstream is asked for it only then.
    pub progress: Option<ProgressSink>,
}

/// What a server offers.
#[derive(Clone, Debug)]
pub struct McpCatalogue {
    /// The version spoken.
    pub protocol_version: String,
    /// Declared capabilities, raw.
    pub capabilities: RawJson,
    /// Tools, prompts, resources and templates; those of a kind in the server's order. Kinds whose capability the server
    /// does not declare are not asked for.
    pub tools: Vec<ListedTool>,
    /// Whether the server says that its list of tools is the same for everybody. The gate shares no list, whatever it says.
    pub is_public: bool,
}

/// One entry of `tools/list`, or of another list.
#[derive(Clone, Debug)]
pub enum ListedTool {
    /// An object with a name.
    Readable {
        /// Of which list.
        kind: ItemKind,
        /// The name as given; of a resource its URI, of a template its URI template.
        name: String,
        /// The definition, byte for byte.
        definition: RawJson,
    },
    /// Not an object with a name; its place in the list and what is wrong, in our words.
    Unreadable {
        /// Of which list.
        kind: ItemKind,
        /// From zero.
        position: usize,
        /// Our words.
        problem: String,
    },
    /// The server does not give the list of this kind out. What is known of it stays as it is.
    Unlisted {
        /// Which list; never that of tools.
        kind: ItemKind,
        /// Our words.
        problem: String,
    },
}

/// A call of a tool, or what else is asked of a server. Printed without the values of its arguments, which are nobody's business but the tool's.
#[derive(Clone)]
pub struct ToolCall {
    /// What is called.
    pub kind: ItemKind,
    /// What is asked.
    pub method: CallMethod,
    /// Name on the server.
    pub name: String,
    /// Arguments, as judged. For a template `uri`; to complete, `argument` and perhaps `arguments`, those given so far.
    pub arguments: Map<String, Value>,
    /// The definition under which the call was judged; for `x-mcp-header` of its input schema.
    pub definition: RawJson,
    /// What the server may ask for, and what it gets of what it has asked. If it asks for what it may, its question is the
    /// reply, whose `resultType` is then `input_required`, also of a legacy server; else it is told that nobody is there.
    pub input: ServerInput,
}

impl fmt::Debug for ToolCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolCall({} {}, {} arguments)", self.method, self.name, self.arguments.len())
    }
}

/// How a server behaved beside what it answered or failed to answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conduct {
    /// As servers do, broken and slow ones included.
    #[default]
    Fair,
    /// It broke the protocol as no correct server does by mistake.
    Breach,
    /// It reached for what is not its own: the agent's model or people, another session, another request.
    Overreach,
}

/// The answer to a call. Printed without its content.
#[derive(Clone)]
pub struct ToolReply {
    /// The result, byte for byte.
    pub result: RawJson,
    /// Its `isError`; only tools have one.
    pub is_error: bool,
    /// The version spoken.
    pub protocol_version: Cow<'static, str>,
    /// Whether our own credential was in it and was taken out. A client says false.
    pub redacted: bool,
    /// What the server did besides.
    pub conduct: Conduct,
}

impl fmt::Debug for ToolReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolReply({} bytes, error {})", self.result.as_str().len(), self.is_error)
    }
}

/// A server that answered a health check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpHealth {
    /// The version spoken.
    pub protocol_version: String,
}

/// Why an exchange with an MCP server failed. Holds no upstream text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct McpFailure {
    /// One of the codes of egress and upstream, `outcome_unknown` or `cancelled`.
    pub code: Code,
    /// Our words; a JSON-RPC code or an HTTP status as a number at most.
    pub detail: String,
    /// Whether the upstream may have acted on the request.
    pub may_have_acted: bool,
    /// What kind of failure it is of the server.
    pub conduct: Conduct,
    /// With `scope_required`: the scopes that the server asks for, a stranger's words in the form of scopes. They are for
    /// admins: no model is to read them.
    pub scope: Option<OauthScope>,
    /// Whether the credential stood in what the server said with its refusal. It was taken out.
    pub is_credential_echoed: bool,
    /// Whether the server does not know us by what it was sent (HTTP 401). Who is known and may not (403) would get no
    /// further with another token.
    pub is_unauthenticated: bool,
}

impl McpFailure {
    /// A failure of a server that behaved fairly.
    pub fn new(code: Code, detail: impl Into<String>, may_have_acted: bool) -> Self {
        Self {
            code,
            detail: detail.into(),
            may_have_acted,
            conduct: Conduct::Fair,
            scope: None,
            is_credential_echoed: false,
            is_unauthenticated: false,
        }
    }
}

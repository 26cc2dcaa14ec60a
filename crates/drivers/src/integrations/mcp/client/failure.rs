//! Failures in our words: a code, and at most a number of the upstream's.

use portcullis_mcp::answer::{AnswerError, Oddities};
use portcullis_mcp::authorization::Challenge;
use portcullis_mcp::capabilities::ClientCapabilities;
use portcullis_mcp::era::Incompatible;
use portcullis_mcp::jsonrpc::{EnvelopeError, EnvelopeProblem, ErrorCode, ErrorObject, received};
use portcullis_mcp::members::Members;
use portcullis_mcp::messages::ViewError;
use portcullis_mcp::scan::ScanError;
use portcullis_mcp::sse::SseError;
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::egress::{EgressError, EgressResponse, EgressStage};
use portcullis_schemas::integrations::mcp::input::InputKind;
use portcullis_schemas::integrations::mcp::oauth::OauthScope;
use portcullis_schemas::integrations::mcp::wire::{Conduct, McpFailure};
use serde_json::value::RawValue;

/// Why a request has no usable answer.
#[derive(Debug)]
pub(super) enum NotAnswered {
    /// A legacy server does not know the session. The request was not processed.
    SessionGone,
    /// A JSON-RPC error.
    Refused {
        /// Its code.
        code: i64,
        /// What the server says that it needs of the client.
        needs: ClientCapabilities,
    },
    /// An HTTP status of 300 and above without a JSON-RPC answer.
    Status(u16),
    /// An answer that breaks protocol or caps; bytes have come, so the request was acted on.
    Broken(AnswerError),
    /// A result that is not what the method returns.
    Result(ViewError),
    /// All was sent, and the connection ended without a byte of an answer.
    Unanswered(EgressError),
    /// Anything else, ready for the caller.
    Failed(McpFailure),
}

impl NotAnswered {
    /// Whether another probe could not do better: the network failed, or the credential is refused.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Failed(_) | Self::Unanswered(_) => true,
            Self::Status(status) => matches!(status, 401 | 403 | 429 | 502..=504),
            _ => false,
        }
    }

    /// Whether the server is done with the request, or has never got it; and speaks what it spoke.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::Result(_) => !self.doubts_verdict(),
            Self::Failed(failure) => !failure.may_have_acted,
            _ => false,
        }
    }

    /// Whether the server may speak something else by now.
    pub(super) fn doubts_verdict(&self) -> bool {
        match self {
            Self::SessionGone => true,
            Self::Status(status) => matches!(status, 400 | 404..=406 | 415),
            Self::Refused { code, .. } => {
                *code == ErrorCode::UNSUPPORTED_PROTOCOL_VERSION.value() || *code == LEGACY_NOT_INITIALIZED
            }
            _ => false,
        }
    }

    /// Whether a list that was asked for is to blame, and not the way to its server: others may still be given out.
    pub(super) fn is_of_one_list(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::Result(_) | Self::Broken(_) => true,
            Self::Failed(failure) => {
                [codes::UPSTREAM_TOO_LARGE, codes::UPSTREAM_PROTOCOL].contains(&failure.code)
            }
            Self::SessionGone | Self::Status(_) | Self::Unanswered(_) => false,
        }
    }

    pub(super) fn into_failure(self) -> McpFailure {
        let fail = |code, detail: String, may_have_acted| McpFailure::new(code, detail, may_have_acted);
        match self {
            Self::SessionGone => fail(
                codes::UPSTREAM_PROTOCOL,
                "the server refuses the session that it has just given".into(),
                false,
            ),
            Self::Refused { code: received::URL_ELICITATION_REQUIRED_LEGACY, .. } => {
                fail(codes::INPUT_REFUSED, "the server wants a person to open a URL".into(), true)
            }
            Self::Refused { code, .. } if code == ErrorCode::HEADER_MISMATCH.value() => {
                let detail = format!("json-rpc error {code}: the server refuses the headers of the request");
                fail(codes::HEADERS_REFUSED, detail, false)
            }
            Self::Refused { code, .. } => {
                fail(codes::UPSTREAM_ERROR, format!("json-rpc error {code}"), !is_refusal(code))
            }
            Self::Status(status) => status_failure(status),
            Self::Broken(error) => {
                let conduct = conduct_of(&error);
                McpFailure { conduct, ..fail(code_of(&error), error.to_string(), true) }
            }
            Self::Unanswered(error) => egress_failure(error),
            Self::Result(error) => fail(codes::UPSTREAM_PROTOCOL, format!("result: {error}"), true),
            Self::Failed(failure) => failure,
        }
    }
}

impl From<EgressError> for NotAnswered {
    fn from(error: EgressError) -> Self {
        if error.stage == EgressStage::Unanswered {
            return Self::Unanswered(error);
        }
        Self::Failed(egress_failure(error))
    }
}

impl From<McpFailure> for NotAnswered {
    fn from(failure: McpFailure) -> Self {
        Self::Failed(failure)
    }
}

/// A JSON-RPC error. What it needs of the client only a call is told of, which may be made anew by one that declares more.
/// Servers of both eras say so in one way; to those of the legacy era alone the code means nothing.
pub(super) fn refused(error: &ErrorObject) -> NotAnswered {
    let is_lack = error.code == ErrorCode::MISSING_CLIENT_CAPABILITY.value();
    let needs = error.data.as_deref().filter(|_| is_lack).and_then(|data| {
        let required: Box<RawValue> = Members::of(data.get())?.value("requiredCapabilities")?;
        Some(ClientCapabilities::parse(&required))
    });
    NotAnswered::Refused { code: error.code, needs: needs.unwrap_or_default() }
}

/// A call that a server refuses before it does anything, for what was not declared to it. A server that needs what
/// it was told of, or what is not relayed, has failed as any other.
pub(super) fn lacking(problem: NotAnswered, declared: ClientCapabilities) -> NotAnswered {
    let NotAnswered::Refused { needs, .. } = &problem else { return problem };
    let ClientCapabilities { form, url, sampling, sampling_tools, roots } = needs.without(declared);
    let table = [
        (url, InputKind::UrlElicitation, "`elicitation.url`"),
        (form, InputKind::Elicitation, "`elicitation.form`"),
        (sampling, InputKind::Sampling, "`sampling`"),
        (sampling_tools, InputKind::SamplingTools, "`sampling.tools`"),
        (roots, InputKind::Roots, "`roots`"),
    ];
    let lacks: Vec<_> = table.into_iter().filter(|(is_lacking, ..)| *is_lacking).collect();
    let Some((_, first, _)) = lacks.first() else { return problem };
    let names: Vec<_> = lacks.iter().map(|(.., name)| *name).collect();
    let detail = format!("the server needs a client that declares {}", names.join(", "));
    unsent(first.required_code(), detail).into()
}

/// What the SDKs of the legacy era answer to a session that they do not know, with HTTP 400.
const LEGACY_NOT_INITIALIZED: i64 = -32000;

/// The codes by which a server says that it did not dispatch the request.
fn is_refusal(code: i64) -> bool {
    [
        ErrorCode::PARSE_ERROR,
        ErrorCode::INVALID_REQUEST,
        ErrorCode::METHOD_NOT_FOUND,
        ErrorCode::INVALID_PARAMS,
        ErrorCode::HEADER_MISMATCH,
        ErrorCode::MISSING_CLIENT_CAPABILITY,
        ErrorCode::UNSUPPORTED_PROTOCOL_VERSION,
    ]
    .iter()
    .any(|refusal| refusal.value() == code)
}

pub(super) fn status_failure(status: u16) -> McpFailure {
    let (code, detail) = match status {
        401 | 403 => (codes::UPSTREAM_UNAUTHORIZED, format!("http status {status}")),
        300..=399 => (codes::UPSTREAM_REDIRECT, format!("http status {status}; redirects are not followed")),
        _ => (codes::UPSTREAM_ERROR, format!("http status {status}")),
    };
    // The client errors that a server answers before it looks into the message.
    let may_have_acted =
        !matches!(status, 300..=308 | 400 | 401 | 403..=406 | 411 | 413 | 415 | 421 | 429 | 431);
    McpFailure { is_unauthenticated: status == 401, ..McpFailure::new(code, detail, may_have_acted) }
}

/// What a refusal of our credential says besides: that a token with more scopes would do (MCP authorization, "Scope
/// Challenge Handling"), or that one of somewhere else would, which no honest server says. Nobody follows it in a call.
pub(super) fn challenged(response: &EgressResponse, server: &str) -> Option<McpFailure> {
    if !matches!(response.status, 401 | 403) {
        return None;
    }
    let challenges = response.headers.iter().filter(|(name, _)| name == "www-authenticate");
    let challenge = Challenge::bearer(challenges.map(|(_, value)| value.as_str()))?;
    if challenge.strays_from(server) {
        return Some(McpFailure { conduct: Conduct::Overreach, ..status_failure(response.status) });
    }
    let failure = unsent(codes::SCOPE_REQUIRED, "the server wants more scopes than the token has");
    let scope = challenge.scope.as_deref().and_then(|scope| OauthScope::new(scope).ok());
    (response.status == 403 && challenge.wants_scope()).then_some(McpFailure { scope, ..failure })
}

fn code_of(error: &AnswerError) -> Code {
    match error {
        AnswerError::BodyTooLarge { .. }
        | AnswerError::TooManyNotifications { .. }
        | AnswerError::Sse(SseError::EventTooLarge { .. } | SseError::StreamTooLarge { .. }) => {
            codes::UPSTREAM_TOO_LARGE
        }
        AnswerError::IdMismatch => codes::ID_MISMATCH,
        AnswerError::StateTooLarge { .. } => codes::STATE_REFUSED,
        AnswerError::Sse(SseError::NotUtf8) => codes::JSON_TEXT,
        AnswerError::Envelope(EnvelopeError { problem: EnvelopeProblem::Limit(limit), .. }) => match limit {
            ScanError::TooDeep { .. } => codes::JSON_DEPTH,
            ScanError::TooManyNodes { .. } => codes::JSON_NODES,
            limit if limit.is_of_text() => codes::JSON_TEXT,
            _ => codes::UPSTREAM_PROTOCOL,
        },
        _ => codes::UPSTREAM_PROTOCOL,
    }
}

/// A batch, a member twice, a result that belongs to no request: two readers of such a message see two messages. Requests
/// where there may be none, and answers for others, reach for what is not the server's.
fn conduct_of(error: &AnswerError) -> Conduct {
    let problem = match error {
        AnswerError::ServerRequest
        | AnswerError::IdMismatch
        | AnswerError::ForeignEvents
        | AnswerError::StateTooLarge { .. } => return Conduct::Overreach,
        AnswerError::Envelope(error) => error.problem,
        _ => return Conduct::Fair,
    };
    match problem {
        EnvelopeProblem::Batch
        | EnvelopeProblem::Duplicate(_)
        | EnvelopeProblem::Limit(ScanError::DuplicateKey { .. })
        | EnvelopeProblem::Member { member: "id" | "result", .. } => Conduct::Breach,
        _ => Conduct::Fair,
    }
}

/// What a server did besides answering.
pub(super) fn conduct_beside(oddities: Oddities) -> Conduct {
    if oddities.foreign_answers > 0 || oddities.refused_requests > 0 {
        Conduct::Overreach
    } else if oddities.answered_twice || oddities.case_variants {
        Conduct::Breach
    } else {
        Conduct::Fair
    }
}

pub(super) fn egress_failure(error: EgressError) -> McpFailure {
    let may_have_acted = error.may_have_acted();
    let conduct = if error.is_breach { Conduct::Breach } else { Conduct::Fair };
    McpFailure { conduct, ..McpFailure::new(error.code, error.detail, may_have_acted) }
}

pub(super) fn incompatible(why: Incompatible) -> McpFailure {
    let code = match why {
        Incompatible::Redirect(_) => codes::UPSTREAM_REDIRECT,
        Incompatible::NotMcp(_) | Incompatible::SessionId => codes::UPSTREAM_PROTOCOL,
        _ => codes::UPSTREAM_INCOMPATIBLE,
    };
    unsent(code, why.to_string())
}

/// The deadline passed before anything that matters was sent.
pub(super) fn timed_out() -> McpFailure {
    unsent(codes::UPSTREAM_TIMEOUT, "the deadline passed before the request was sent")
}

/// A failure before the request itself was sent.
pub(super) fn unsent(code: Code, detail: impl Into<String>) -> McpFailure {
    McpFailure::new(code, detail, false)
}

/// An answer that breaks the protocol.
pub(super) fn protocol(detail: impl Into<String>) -> McpFailure {
    McpFailure::new(codes::UPSTREAM_PROTOCOL, detail, true)
}

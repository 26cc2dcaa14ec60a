//! How a call ended, before it is recorded.

use std::mem;

use portcullis_mcp::members::Members;
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::integrations::mcp::input::InputKind;
use portcullis_schemas::integrations::mcp::invocation::{CallMethod, InvocationOutcome, Sanitised};
use portcullis_schemas::integrations::mcp::oauth::OauthScope;
use portcullis_schemas::integrations::mcp::wire::{AuthHeader, Conduct, McpFailure, ToolReply};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, ErrorKind};

use crate::integrations::mcp::incident_rules::OutcomeFacts;
use crate::redaction::Redactor;
use crate::results::{ContentProblem, Examined, QuestionProblem, Questions, examine, examine_questions};

/// The end of a call that has an intent.
pub(super) struct Ended {
    pub(super) outcome: InvocationOutcome,
    pub(super) started_at: Option<Timestamp>,
    /// The tool's answer; its result counts as one even when it reports an error.
    pub(super) reply: Option<ToolReply>,
    /// What was taken out of it.
    pub(super) sanitised: Option<Sanitised>,
    pub(super) failure: Option<Failure>,
    /// What the server asks its caller for, where that is its answer.
    pub(super) asked: Option<Questions>,
    /// Until when it can be answered, once it is handed out.
    pub(super) good_until: Option<Timestamp>,
    /// How the server behaved.
    pub(super) conduct: Conduct,
    /// Of a server that wants more scopes: those that it would have to be asked with. For the trail alone, since a stranger
    /// wrote them.
    pub(super) scope: Option<OauthScope>,
    /// Whether the server put our credential into an answer that is not handed on.
    pub(super) is_echoed: bool,
}

/// What an answer is read by.
pub(super) struct Reading<'a> {
    pub(super) started_at: Timestamp,
    /// The credential that was sent: it may have been written with hidden characters in it, and be whole once they are
    /// taken out.
    pub(super) auth: Option<&'a AuthHeader>,
    pub(super) method: CallMethod,
    /// What the server may ask its caller for.
    pub(super) accepts: &'a [InputKind],
    /// Whether the call goes on from a round, whose state is used up.
    pub(super) goes_on: bool,
}

/// A failure, for the record and for the caller.
pub(super) struct Failure {
    pub(super) code: Code,
    /// Our words.
    pub(super) message: String,
    /// For the log.
    pub(super) cause: Option<Error>,
}

impl Ended {
    /// Nothing was sent: the credential or the emitter failed after the intent was recorded. What goes on from a round has
    /// used its state up.
    pub(super) fn unsent(error: Error, goes_on: bool) -> Self {
        let advice = if goes_on { "; make the call anew" } else { "" };
        let message = format!("{}{advice}", error.public());
        let failure = Failure { code: error.code(), message, cause: Some(error) };
        Self::failed(failure, InvocationOutcome::Failure, Conduct::Fair, None)
    }

    /// It broke on our side, perhaps after the request was sent.
    pub(super) fn broken() -> Self {
        let message = format!("the call broke on our side; {MAY_HAVE_ACTED}");
        let failure = Failure { code: codes::OPERATION_PANICKED, message, cause: None };
        Self::failed(failure, InvocationOutcome::Failure, Conduct::Fair, None)
    }

    /// The client came back. `hash` is the keyed hash of a result as the client gave it.
    pub(super) fn answered(
        answer: Result<ToolReply, McpFailure>,
        reading: Reading<'_>,
        hash: impl FnOnce(&[u8]) -> String,
    ) -> Self {
        let started_at = Some(reading.started_at);
        let reply = match answer {
            Ok(reply) => reply,
            Err(failure) => {
                let (outcome, conduct) = (outcome_of(&failure), failure.conduct);
                let (scope, is_echoed) = (failure.scope.clone(), failure.is_credential_echoed);
                let failed = Self::failed(describe(failure, reading.goes_on), outcome, conduct, started_at);
                return Self { scope, is_echoed, ..failed };
            }
        };
        let conduct = reply.conduct;
        let looked_at = match look_at(&reply.result, &reading) {
            Ok(looked_at) => looked_at,
            Err(failure) => {
                let failed = Self::failed(failure, InvocationOutcome::Failure, conduct, started_at);
                return Self { is_echoed: reply.redacted, ..failed };
            }
        };
        let (reply, sanitised, asked) = looked_at.of(reply, reading.auth, hash);
        let (outcome, failure) = if reply.is_error {
            let message = "the tool reports an error in its result".to_owned();
            let failure = Failure { code: codes::TOOL_ERROR, message, cause: None };
            (InvocationOutcome::Failure, Some(failure))
        } else {
            (InvocationOutcome::Success, None)
        };
        let bare = Self::bare(outcome, conduct, started_at);
        Self { reply: Some(reply), sanitised, failure, asked, ..bare }
    }

    /// There is no answer to hand on.
    pub(super) fn failed(
        failure: Failure,
        outcome: InvocationOutcome,
        conduct: Conduct,
        started_at: Option<Timestamp>,
    ) -> Self {
        Self { failure: Some(failure), ..Self::bare(outcome, conduct, started_at) }
    }

    fn bare(outcome: InvocationOutcome, conduct: Conduct, started_at: Option<Timestamp>) -> Self {
        Self {
            outcome,
            started_at,
            reply: None,
            sanitised: None,
            failure: None,
            asked: None,
            good_until: None,
            conduct,
            scope: None,
            is_echoed: false,
        }
    }

    /// The caller granted less time than the operation has, and it is over: that is the caller's deadline, not the
    /// server's slowness.
    pub(super) fn by_callers_deadline(mut self) -> Self {
        if let Some(failure) = &mut self.failure
            && failure.code == codes::UPSTREAM_TIMEOUT
        {
            failure.code = codes::DEADLINE_EXCEEDED;
        }
        self
    }

    /// What the rules of incidents ask.
    pub(super) fn told(&self) -> OutcomeFacts {
        OutcomeFacts {
            code: self.code(),
            conduct: self.conduct,
            is_sanitised: self.sanitised.is_some(),
            is_credential_echoed: self.is_echoed
                || self.sanitised.as_ref().is_some_and(|sanitised| sanitised.credential),
        }
    }

    /// Whether the same request may be made once more under its key and on its approval: nothing was sent, and its caller is
    /// told how to have it go through. What a server answers frees neither, whatever it says: it may have acted.
    pub(super) fn may_be_made_again(&self) -> bool {
        self.code() == Some(codes::CONNECTION_REQUIRED) && self.started_at.is_none()
    }

    pub(super) fn code(&self) -> Option<Code> {
        self.failure.as_ref().map(|failure| failure.code)
    }
}

/// A result that may be handed on.
struct LookedAt {
    /// A result; of questions, these alone.
    result: RawJson,
    sanitised: Option<Sanitised>,
    asked: Option<Questions>,
}

impl LookedAt {
    /// The reply with this result, without the credential that may have come together as hidden characters went.
    fn of(
        self,
        mut reply: ToolReply,
        auth: Option<&AuthHeader>,
        hash: impl FnOnce(&[u8]) -> String,
    ) -> (ToolReply, Option<Sanitised>, Option<Questions>) {
        let received = mem::replace(&mut reply.result, self.result);
        if self.sanitised.is_some()
            && let Some(redactor) = auth.and_then(Redactor::of)
        {
            reply = redactor.reply(reply);
        }
        let taken = self.sanitised.or_else(|| reply.redacted.then(Sanitised::default));
        let sanitised = taken.map(|taken| Sanitised {
            credential: reply.redacted,
            received_hash: hash(received.as_str().as_bytes()),
            ..taken
        });
        (reply, sanitised, self.asked)
    }
}

/// Looks at a result: a question is held to what its caller can be asked for, besides what all results are held to.
fn look_at(result: &RawJson, reading: &Reading<'_>) -> Result<LookedAt, Failure> {
    let fails = |code, what: &str| {
        let message = format!("{what}; {MAY_HAVE_ACTED}");
        Failure { code, message, cause: None }
    };
    let withheld = |ContentProblem(what)| {
        fails(codes::CONTENT_REFUSED, &format!("the tool's result is withheld: {what}"))
    };
    if !is_question(result) {
        let Examined { result, sanitised } = examine(result).map_err(withheld)?;
        // Without hidden characters a name may be `resultType` that was none.
        if sanitised.is_some() && is_question(&result) {
            return Err(fails(codes::UPSTREAM_PROTOCOL, "the server asks for input where nobody sees it"));
        }
        return Ok(LookedAt { result, sanitised, asked: None });
    }
    if reading.method == CallMethod::Complete {
        return Err(fails(codes::UPSTREAM_PROTOCOL, "the server asks for input where it may ask for none"));
    }
    match examine_questions(result, reading.accepts) {
        Ok(asked) => {
            let (result, sanitised) = (asked.requests.clone(), asked.sanitised.clone());
            Ok(LookedAt { result, sanitised, asked: Some(asked) })
        }
        Err(QuestionProblem::Content(problem)) => Err(withheld(problem)),
        Err(QuestionProblem::Refused(what)) => Err(fails(
            codes::INPUT_REFUSED,
            &format!("the server asks for input that is not relayed: {what}"),
        )),
        Err(QuestionProblem::Malformed(what)) => Err(fails(
            codes::UPSTREAM_PROTOCOL,
            &format!("the server asks for input in a form that is none: {what}"),
        )),
    }
}

/// Whether the server asks before it answers: by the value that a reader decodes, however it is written.
fn is_question(result: &RawJson) -> bool {
    let members = Members::of(result.as_str());
    members.and_then(|members| members.value::<String>("resultType")).as_deref() == Some("input_required")
}

const MAY_HAVE_ACTED: &str = "the upstream may have acted: look there before you repeat it";

/// `timeout` and `cancelled` say that the upstream may have acted; where nothing left us it is a plain failure.
fn outcome_of(failure: &McpFailure) -> InvocationOutcome {
    match failure.code {
        codes::CANCELLED => InvocationOutcome::Cancelled,
        codes::OUTCOME_UNKNOWN => InvocationOutcome::Unknown,
        codes::UPSTREAM_TIMEOUT if failure.may_have_acted => InvocationOutcome::Timeout,
        _ => InvocationOutcome::Failure,
    }
}

fn describe(failure: McpFailure, goes_on: bool) -> Failure {
    let advice = if failure.may_have_acted {
        MAY_HAVE_ACTED
    } else if failure.code == codes::SCOPE_REQUIRED {
        "nothing was done: an admin must decide whether it is asked for, and the trail names which"
    } else if failure.code == codes::UPSTREAM_UNAUTHORIZED {
        "nothing was done: the server refused our credential, so an admin must check or rotate it"
    } else if goes_on {
        "nothing was done: make the call anew"
    } else if failure.code == codes::HEADERS_REFUSED {
        "the tool may have changed, so its list is looked at: make the call anew, and an admin must approve the tool again \
         if it has"
    } else {
        "nothing was done: it may be repeated"
    };
    Failure { code: failure.code, message: format!("{}; {advice}", failure.detail), cause: None }
}

/// What kind of failure a code is, for the caller's status. Fixed by the code, so that a repeat gets the same.
pub(super) fn kind_of(code: Code) -> ErrorKind {
    match code {
        codes::UPSTREAM_TIMEOUT | codes::DEADLINE_EXCEEDED => ErrorKind::Timeout,
        codes::UPSTREAM_UNREACHABLE
        | codes::UPSTREAM_UNAUTHORIZED
        | codes::UPSTREAM_PROTOCOL
        | codes::UPSTREAM_TOO_LARGE
        | codes::UPSTREAM_ERROR
        | codes::UPSTREAM_INCOMPATIBLE
        | codes::UPSTREAM_TLS
        | codes::UPSTREAM_REDIRECT
        | codes::ID_MISMATCH
        | codes::JSON_DEPTH
        | codes::JSON_NODES
        | codes::JSON_TEXT
        | codes::CONTENT_REFUSED
        | codes::INPUT_REFUSED
        | codes::STATE_REFUSED
        | codes::HEADERS_REFUSED
        | codes::ELICITATION_REQUIRED
        | codes::URL_ELICITATION_REQUIRED
        | codes::SAMPLING_REQUIRED
        | codes::SAMPLING_TOOLS_REQUIRED
        | codes::ROOTS_REQUIRED
        | codes::OUTCOME_UNKNOWN
        | codes::EGRESS_REFUSED => ErrorKind::Upstream,
        codes::CREDENTIAL_DENIED
        | codes::CREDENTIAL_UNAVAILABLE
        | codes::UPSTREAM_TOKEN_REFUSED
        | codes::UPSTREAM_TOKEN_UNUSABLE => ErrorKind::Denied,
        codes::CREDENTIAL_REFERENCE
        | codes::CREDENTIAL_UNUSABLE
        | codes::CONNECTION_REQUIRED
        | codes::ACCESS_TOKEN_REQUIRED
        | codes::QUESTION_LAPSED
        | codes::SCOPE_REQUIRED => ErrorKind::Conflict,
        codes::ARGUMENTS_INVALID => ErrorKind::Invalid,
        codes::INTERNAL | codes::OPERATION_PANICKED | codes::STORE_CORRUPT => ErrorKind::Internal,
        _ => ErrorKind::Unavailable,
    }
}

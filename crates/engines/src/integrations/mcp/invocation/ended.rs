//! How a call ended, before it is recorded.

use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::integrations::mcp::invocation::InvocationOutcome;
use portcullis_schemas::integrations::mcp::wire::{McpFailure, ToolReply};
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, ErrorKind};

/// The end of a call that has an intent.
pub(super) struct Ended {
    pub(super) outcome: InvocationOutcome,
    pub(super) started_at: Option<Timestamp>,
    /// The tool's answer; its result counts as one even when it reports an error.
    pub(super) reply: Option<ToolReply>,
    pub(super) failure: Option<Failure>,
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
    /// Nothing was sent: the credential or the emitter failed after the intent was recorded.
    pub(super) fn unsent(error: Error) -> Self {
        let failure = Failure { code: error.code(), message: error.public().to_owned(), cause: Some(error) };
        Self { outcome: InvocationOutcome::Failure, started_at: None, reply: None, failure: Some(failure) }
    }

    /// The client came back.
    pub(super) fn answered(answer: Result<ToolReply, McpFailure>, started_at: Timestamp) -> Self {
        let (outcome, reply, failure) = match answer {
            Ok(reply) if reply.is_error => {
                let message = "the tool reports an error in its result".to_owned();
                let failure = Failure { code: codes::TOOL_ERROR, message, cause: None };
                (InvocationOutcome::Failure, Some(reply), Some(failure))
            }
            Ok(reply) => (InvocationOutcome::Success, Some(reply), None),
            Err(failure) => (outcome_of(&failure), None, Some(describe(failure))),
        };
        Self { outcome, started_at: Some(started_at), reply, failure }
    }

    pub(super) fn code(&self) -> Option<Code> {
        self.failure.as_ref().map(|failure| failure.code)
    }
}

/// `timeout` and `cancelled` say that the upstream may have acted; where nothing left us it is a plain failure.
fn outcome_of(failure: &McpFailure) -> InvocationOutcome {
    match failure.code {
        codes::CANCELLED => InvocationOutcome::Cancelled,
        codes::UPSTREAM_TIMEOUT if failure.may_have_acted => InvocationOutcome::Timeout,
        _ => InvocationOutcome::Failure,
    }
}

fn describe(failure: McpFailure) -> Failure {
    let advice = if failure.may_have_acted {
        "the upstream may have acted: look there before you repeat it"
    } else if failure.code == codes::UPSTREAM_UNAUTHORIZED {
        "nothing was done: the server refused our credential, so an admin must check or rotate it"
    } else {
        "nothing was done: it may be repeated"
    };
    Failure { code: failure.code, message: format!("{}; {advice}", failure.detail), cause: None }
}

/// What kind of failure a code is, for the caller's status. Fixed by the code, so that a repeat gets the same.
pub(super) fn kind_of(code: Code) -> ErrorKind {
    match code {
        codes::UPSTREAM_TIMEOUT => ErrorKind::Timeout,
        codes::UPSTREAM_UNREACHABLE
        | codes::UPSTREAM_UNAUTHORIZED
        | codes::UPSTREAM_PROTOCOL
        | codes::UPSTREAM_TOO_LARGE
        | codes::UPSTREAM_ERROR
        | codes::UPSTREAM_INCOMPATIBLE
        | codes::EGRESS_REFUSED => ErrorKind::Upstream,
        codes::CREDENTIAL_DENIED | codes::CREDENTIAL_UNAVAILABLE | codes::UPSTREAM_TOKEN_REFUSED => {
            ErrorKind::Denied
        }
        codes::CREDENTIAL_REFERENCE | codes::CREDENTIAL_UNUSABLE | codes::CONNECTION_REQUIRED => {
            ErrorKind::Conflict
        }
        codes::ARGUMENTS_INVALID => ErrorKind::Invalid,
        codes::INTERNAL | codes::OPERATION_PANICKED | codes::STORE_CORRUPT => ErrorKind::Internal,
        _ => ErrorKind::Unavailable,
    }
}

//! What a repeat of a request gets: the first one's answer or failure, sealed while it is kept.

use portcullis_schemas::codes;
use portcullis_schemas::ids::{InvocationId, TenantId};
use portcullis_schemas::integrations::mcp::invocation::InvokeToolResult;
use portcullis_schemas::logs::ledger::{Repeated, SealedAnswer};
use portcullis_schemas::logs::ports::AnswerSeal;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, ErrorKind, PortError};
use serde::{Deserialize, Serialize};

use super::McpToolInvocationEngine;
use super::ended::{Failure, kind_of};
use super::opened::Opened;
use crate::integrations::mcp::rounds::RoundProblem;

/// Larger answers are not kept: all tenants' calls wait for the transaction that holds them.
const MOST_KEPT: usize = 256 * 1024;

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeptAnswer {
    /// In place of a result that is too large.
    Large {
        invocation_id: InvocationId,
    },
    Result(InvokeToolResult),
    /// What the server asks, and until when that can be answered.
    Question {
        result: InvokeToolResult,
        good_until: Timestamp,
    },
    Failure {
        invocation_id: InvocationId,
        code: String,
        message: String,
    },
}

/// Seals a result; of one over 256 KiB, that there was one; of questions, also until when they can be answered. `None` when it
/// cannot be sealed: a repeat learns then that the outcome is not known. It is not run again either way.
pub(super) fn keep_result(
    seal: &dyn AnswerSeal,
    tenant: &TenantId,
    result: &InvokeToolResult,
    good_until: Option<Timestamp>,
) -> Option<SealedAnswer> {
    let kept = match good_until {
        _ if result.result.as_str().len() > MOST_KEPT => {
            KeptAnswer::Large { invocation_id: result.invocation_id.clone() }
        }
        Some(good_until) => KeptAnswer::Question { result: result.clone(), good_until },
        None => KeptAnswer::Result(result.clone()),
    };
    keep(seal, tenant, &kept)
}

/// Seals a failure, likewise.
pub(super) fn keep_failure(
    seal: &dyn AnswerSeal,
    tenant: &TenantId,
    invocation: &InvocationId,
    failure: &Failure,
) -> Option<SealedAnswer> {
    let kept = KeptAnswer::Failure {
        invocation_id: invocation.clone(),
        code: failure.code.to_string(),
        message: failure.message.clone(),
    };
    keep(seal, tenant, &kept)
}

fn keep(seal: &dyn AnswerSeal, tenant: &TenantId, answer: &KeptAnswer) -> Option<SealedAnswer> {
    let bytes = serde_json::to_vec(answer).ok()?;
    seal.seal_answer(tenant, &bytes).ok()
}

impl McpToolInvocationEngine {
    /// The answer to a repeated request.
    ///
    /// # Errors
    /// The first request's failure, or why it has no answer.
    pub(super) fn repeat(&self, opened: &Opened, repeated: Repeated) -> Result<InvokeToolResult, Error> {
        // What a round is claimed under is its state, not a key of the caller's.
        match (repeated, opened.goes_on()) {
            (Repeated::Ended(sealed), goes_on) => {
                let bytes = self.ports.answers.open_answer(opened.tenant(), &sealed)?;
                let kept = serde_json::from_slice(&bytes)
                    .map_err(|_| PortError::corrupt("a kept answer does not read"))?;
                answer_of(kept, goes_on, self.ports.clock.now())
            }
            (Repeated::Mismatch, true) => Err(RoundProblem::Used.to_error()),
            (Repeated::InFlight, true) => Err(Error::new(
                ErrorKind::Conflict,
                codes::IDEMPOTENCY_IN_FLIGHT,
                "the first request with this `requestState` has not ended: send it again later",
            )),
            (_, true) => Err(Error::new(
                ErrorKind::Conflict,
                codes::OUTCOME_UNKNOWN,
                "the first request with this `requestState` left no answer and is not run again: look at its invocation",
            )),
            (repeated, false) => Err(unanswered(&repeated)),
        }
    }
}

/// Why a repeat has no answer.
pub(in crate::integrations::mcp) fn unanswered(repeated: &Repeated) -> Error {
    let (kind, code, message) = match repeated {
        Repeated::InFlight => (
            ErrorKind::Conflict,
            codes::IDEMPOTENCY_IN_FLIGHT,
            "the first request with this idempotency key has not ended: ask again later",
        ),
        Repeated::Mismatch => (
            ErrorKind::Unprocessable,
            codes::IDEMPOTENCY_MISMATCH,
            "this idempotency key was used for another request: use a new one",
        ),
        _ => (
            ErrorKind::Conflict,
            codes::OUTCOME_UNKNOWN,
            "the first request with this idempotency key left no answer and is not run again: look at its invocation",
        ),
    };
    Error::new(kind, code, message)
}

/// What was kept, to who asks again at `now`.
fn answer_of(kept: KeptAnswer, goes_on: bool, now: Timestamp) -> Result<InvokeToolResult, Error> {
    let first = if goes_on {
        "the first request with this `requestState`"
    } else {
        "the first request with this idempotency key"
    };
    let not_kept = |what: &str, invocation_id: InvocationId| {
        let error = Error::new(ErrorKind::Conflict, codes::ANSWER_NOT_KEPT, format!("{first} {what}"));
        Err(error.with_reference("invocation_id", invocation_id))
    };
    match kept {
        KeptAnswer::Result(result) => Ok(result),
        KeptAnswer::Question { result, good_until } if now < good_until => Ok(result),
        KeptAnswer::Question { result, .. } if goes_on => {
            not_kept("was answered by questions whose time is over: make the call anew", result.invocation_id)
        }
        KeptAnswer::Question { result, .. } => not_kept(
            "was answered by questions whose time is over: make the call anew, with a new key",
            result.invocation_id,
        ),
        KeptAnswer::Large { invocation_id } => not_kept(
            "has ended, with an answer over 256 KiB, which is not kept and not fetched again: look at its invocation",
            invocation_id,
        ),
        KeptAnswer::Failure { invocation_id, code, message } => {
            let code = codes::by_text(&code).unwrap_or(codes::INTERNAL);
            Err(Error::new(kind_of(code), code, message).with_reference("invocation_id", invocation_id))
        }
    }
}

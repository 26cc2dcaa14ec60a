//! What a repeat of a request gets: the first one's answer or failure, sealed while it is kept.

use portcullis_schemas::codes;
use portcullis_schemas::ids::{InvocationId, TenantId};
use portcullis_schemas::integrations::mcp::invocation::InvokeToolResult;
use portcullis_schemas::logs::ledger::{Repeated, SealedAnswer};
use portcullis_schemas::logs::ports::AnswerSeal;
use portcullis_schemas::{Error, ErrorKind, PortError};
use serde::{Deserialize, Serialize};

use super::ended::{Failure, kind_of};
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
    Failure {
        invocation_id: InvocationId,
        code: String,
        message: String,
    },
}

/// Seals a result, or of one over 256 KiB that there was one. `None` when that fails: a repeat then learns that the
/// outcome is not known. Neither is run again.
pub(super) fn keep_result(
    seal: &dyn AnswerSeal,
    tenant: &TenantId,
    result: &InvokeToolResult,
) -> Option<SealedAnswer> {
    let kept = if result.result.as_str().len() > MOST_KEPT {
        KeptAnswer::Large { invocation_id: result.invocation_id.clone() }
    } else {
        KeptAnswer::Result(result.clone())
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

/// The answer to a repeated request; `goes_on` says that it is a further round of a call.
///
/// # Errors
/// The first request's failure, or why it has no answer.
pub(super) fn repeat(
    seal: &dyn AnswerSeal,
    tenant: &TenantId,
    repeated: Repeated,
    goes_on: bool,
) -> Result<InvokeToolResult, Error> {
    match repeated {
        Repeated::Ended(sealed) => open(seal, tenant, &sealed),
        // What a round is claimed under is its state, not a key of the caller's.
        Repeated::Mismatch if goes_on => Err(RoundProblem::Used.to_error()),
        other => Err(unanswered(&other)),
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

fn open(seal: &dyn AnswerSeal, tenant: &TenantId, sealed: &SealedAnswer) -> Result<InvokeToolResult, Error> {
    let bytes = seal.open_answer(tenant, sealed)?;
    let kept =
        serde_json::from_slice(&bytes).map_err(|_| PortError::corrupt("a kept answer does not read"))?;
    match kept {
        KeptAnswer::Result(result) => Ok(result),
        KeptAnswer::Large { invocation_id } => {
            let message = "the first request with this idempotency key has ended, with an answer over 256 KiB, which is \
                           not kept and not fetched again: look at its invocation";
            let error = Error::new(ErrorKind::Conflict, codes::ANSWER_NOT_KEPT, message);
            Err(error.with_reference("invocation_id", invocation_id))
        }
        KeptAnswer::Failure { invocation_id, code, message } => {
            let code = codes::by_text(&code).unwrap_or(codes::INTERNAL);
            Err(Error::new(kind_of(code), code, message).with_reference("invocation_id", invocation_id))
        }
    }
}

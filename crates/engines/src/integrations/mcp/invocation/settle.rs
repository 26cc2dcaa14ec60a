//! The end of a call: its row, its event, its incident and its answer, in one settlement.

use portcullis_schemas::ids::ApprovalId;
use portcullis_schemas::integrations::mcp::invocation::{
    ContentTrust, InvocationOutcome, InvokeToolResult, McpToolInvocation,
};
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType};
use portcullis_schemas::logs::ledger::{IntentReceipt, SealedAnswer, Settlement};
use portcullis_schemas::{Error, ErrorKind, PortError, codes};
use serde_json::json;

use super::ended::{Ended, Failure, kind_of};
use super::opened::Opened;
use super::{McpToolInvocationEngine, answer};
use crate::caught;
use crate::integrations::mcp::events::EventStamp;
use crate::integrations::mcp::incident_rules;

/// What the record of a call has used up.
pub(super) struct UsedUp {
    /// An idempotency key of the caller's.
    pub(super) key: bool,
    /// A person's approval.
    pub(super) approval: Option<ApprovalId>,
}

impl McpToolInvocationEngine {
    /// Records the end, and only then gives it out.
    pub(super) async fn settle(
        &self,
        opened: &Opened,
        receipt: &IntentReceipt,
        mut ended: Ended,
        used: UsedUp,
    ) -> Result<InvokeToolResult, Error> {
        let now = self.ports.clock.now();
        let (ids, facts) = (&*self.ports.ids, opened.facts());
        let incident = incident_rules::for_outcome(ids, now, facts, &ended.told());
        let hashed = self.hash_of(opened, &ended).await;
        let mut row = self.row(opened, &ended);
        let unhashed = hashed.is_none().then(|| panicked("the hasher"));
        row.output_hash = hashed.flatten();
        row.completed_at = now;
        row.incident_id = incident.as_ref().map(|incident| incident.incident_id.clone());
        let answered = ended.reply.is_some();
        let closing = caught(self.closing_event(opened, &row, answered)).await;
        let (mut event, emitter_error) = closing.unwrap_or_else(|| {
            (plain_event(&self.stamp(opened), &row, answered), Some(panicked("the emitter")))
        });
        if let Some(scope) = &ended.scope {
            event.facts.insert("scope_wanted".to_owned(), json!(scope));
        }
        if let Some(error) = emitter_error.or(unhashed) {
            // The trail has the outcome, but somebody whom the embedder relies on does not, or it lacks what proves the
            // result: withhold that.
            ended = Ended { reply: None, failure: Some(unrecorded_failure(error)), ..ended };
        }
        let may_be_made_again = ended.may_be_made_again();
        // An answer that cannot be sealed is not kept: a repeat is told `outcome_unknown`.
        let answer = match used.key && !may_be_made_again {
            true => caught(async { self.kept(opened, &row, &ended) }).await.flatten(),
            false => None,
        };
        let result = finish(opened, row.duration_ms, ended);
        let settlement = Settlement {
            intent_id: receipt.intent().clone(),
            events: vec![event],
            invocation: Some(row),
            incident,
            answer,
            frees_key: used.key && may_be_made_again,
            frees_approval: used.approval.filter(|_| may_be_made_again),
        };
        match self.ports.ledger.settle(receipt, settlement).await {
            Ok(()) => result,
            Err(error) => Err(failed(opened, unrecorded_failure(error))),
        }
    }

    /// The keyed hash of the result, if there is one; the outer `None` says that it could not be made.
    async fn hash_of(&self, opened: &Opened, ended: &Ended) -> Option<Option<String>> {
        let Some(reply) = &ended.reply else { return Some(None) };
        caught(async { self.hash(opened, reply.result.as_str().as_bytes()) }).await.map(Some)
    }

    /// The row that the ledger inserts, but for the hash.
    fn row(&self, opened: &Opened, ended: &Ended) -> McpToolInvocation {
        let bytes = ended.reply.as_ref().map(|reply| reply.result.as_str().as_bytes());
        McpToolInvocation {
            tenant_id: opened.tenant().clone(),
            facts: opened.facts().clone(),
            outcome: ended.outcome,
            output_hash: None,
            output_bytes: bytes.map(|bytes| bytes.len() as u64),
            sanitised: ended.sanitised.clone(),
            asked: ended.asked.as_ref().map(|asked| asked.kinds.clone()),
            error_code: ended.code().map(|code| code.to_string()),
            error_message: ended.failure.as_ref().map(|failure| failure.message.clone()),
            duration_ms: opened.elapsed_ms(&*self.ports.clock),
            started_at: ended.started_at,
            completed_at: opened.facts().invoked_at,
            incident_id: None,
        }
    }

    /// The event of the end. When the emitter fails, a plain one of ours takes its place: the intent must be closed
    /// with an event, or the trail would not say what became of the call.
    async fn closing_event(
        &self,
        opened: &Opened,
        row: &McpToolInvocation,
        answered: bool,
    ) -> (AuditEventDraft, Option<PortError>) {
        let emitter = &self.ports.emitter;
        let made = if answered {
            emitter.emit_tool_completed(opened.tenant(), opened.event(), row).await
        } else {
            emitter.emit_tool_failed(opened.tenant(), opened.event(), row).await
        };
        match made {
            Ok(event) => (event, None),
            Err(error) => (plain_event(&self.stamp(opened), row, answered), Some(error)),
        }
    }

    fn kept(&self, opened: &Opened, row: &McpToolInvocation, ended: &Ended) -> Option<SealedAnswer> {
        let seal = &*self.ports.answers;
        match (result_of(opened, row.duration_ms, ended), &ended.failure) {
            (Some(result), _) => answer::keep_result(seal, opened.tenant(), &result, ended.good_until),
            (None, Some(failure)) => {
                answer::keep_failure(seal, opened.tenant(), &opened.facts().invocation_id, failure)
            }
            (None, None) => None,
        }
    }
}

/// An event made without the emitter.
pub(super) fn plain_event(
    stamp: &EventStamp<'_>,
    row: &McpToolInvocation,
    answered: bool,
) -> AuditEventDraft {
    let event_type = match row.outcome {
        InvocationOutcome::Unknown => AuditEventType::ToolInvocationUnknown,
        _ if answered => AuditEventType::ToolInvocationCompleted,
        _ => AuditEventType::ToolInvocationFailed,
    };
    let subject = vec![
        ("invocation_id", row.facts.invocation_id.to_string()),
        ("server_id", row.facts.server_id.to_string()),
        ("tool_id", row.facts.tool_id.to_string()),
    ];
    let facts = json!({
        "outcome": row.outcome,
        "error_code": row.error_code,
        "input_hash": row.facts.input_hash,
        "output_hash": row.output_hash,
        "sanitised": row.sanitised,
        "asked": row.asked,
        "started_at": row.started_at,
        "duration_ms": row.duration_ms,
        "emitter_failed": true,
    });
    stamp.draft(event_type, subject, facts)
}

fn result_of(opened: &Opened, duration_ms: u64, ended: &Ended) -> Option<InvokeToolResult> {
    let reply = ended.reply.as_ref()?;
    let facts = opened.facts();
    Some(InvokeToolResult {
        invocation_id: facts.invocation_id.clone(),
        server_id: facts.server_id.clone(),
        tool_id: facts.tool_id.clone(),
        status: ended.outcome,
        result: reply.result.clone(),
        trust: ContentTrust::Untrusted,
        sanitised: ended.sanitised.clone(),
        error_code: ended.code().map(|code| code.to_string()),
        duration_ms,
        policy_decision: facts.policy_decision,
        policy_ids: facts.policy_ids.clone(),
        policy_version: facts.policy_version,
    })
}

fn finish(opened: &Opened, duration_ms: u64, ended: Ended) -> Result<InvokeToolResult, Error> {
    match (result_of(opened, duration_ms, &ended), ended.failure) {
        (Some(result), _) => Ok(result),
        (None, Some(failure)) => Err(failed(opened, failure)),
        (None, None) => {
            Err(Error::new(ErrorKind::Internal, codes::INTERNAL, "the call ended without an outcome"))
        }
    }
}

fn failed(opened: &Opened, failure: Failure) -> Error {
    let error = Error::new(kind_of(failure.code), failure.code, failure.message)
        .with_reference("invocation_id", &opened.facts().invocation_id);
    match failure.cause {
        Some(cause) => error.with_source(cause),
        None => error,
    }
}

/// The tool may have acted, and what it answered is withheld.
fn unrecorded_failure(cause: PortError) -> Failure {
    let message = "the call may have been made but its outcome could not be recorded, so the result is withheld: \
        look at the upstream before you repeat it";
    Failure { code: codes::OUTCOME_UNRECORDED, message: message.to_owned(), cause: Some(cause.into()) }
}

fn panicked(who: &str) -> PortError {
    PortError::corrupt(format!("{who} panicked"))
}

//! Ports of the trail.

use async_trait::async_trait;

use super::checkpoint::{ChainCoverage, CheckpointSpan, KeptCheckpoint, StoredCheckpoint};
use super::event::{AuditEvent, AuditEventDraft, EventActor};
use super::ledger::{
    AbandonedIntent, FailureFacts, Intent, IntentReceipt, Recorded, Refusal, SealedAnswer, Settlement,
};
use crate::PortError;
use crate::ids::{InstanceId, TenantId};
use crate::integrations::mcp::invocation::{InvocationFacts, McpToolInvocation};
use crate::operation::{Authority, Effect};
use crate::paging::{Page, PageRequest};
use crate::timestamp::Timestamp;

/// Write-ahead record of effects. Every method is one durable transaction: when it returns `Ok`, a power cut does
/// not lose it; when it returns `Err`, nothing of it is there. Implementations group callers' values into one commit.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Records what is about to be done, if the configuration that it was decided on still holds, nothing is frozen,
    /// it was not done before, its run stands as it was judged, and its approval can be used: looked at in this order, in
    /// the transaction of the record, which uses the approval up.
    ///
    /// # Errors
    /// `Unavailable` or `Timeout`; the caller must not act.
    async fn record(&self, tenant: &TenantId, intent: Intent) -> Result<Recorded, PortError>;

    /// Records how it ended. Refused with code `intent_closed` if it was settled already, by recovery for example.
    ///
    /// # Errors
    /// Any; the caller must withhold the result.
    async fn settle(&self, receipt: &IntentReceipt, settlement: Settlement) -> Result<(), PortError>;

    /// Records a refusal, with the approval that it asks for.
    ///
    /// # Errors
    /// Any; the refusal stands all the same.
    async fn refuse(&self, tenant: &TenantId, refusal: Refusal) -> Result<(), PortError>;

    /// Says that this instance is alive until `until`. Not tenant-scoped: an instance serves all tenants.
    async fn renew_lease(&self, instance: &InstanceId, until: Timestamp) -> Result<(), PortError>;

    /// Open intents of all tenants whose instance's lease ran out before `now`, or that are open for longer than
    /// [`LONGEST_OPEN`](super::ledger::LONGEST_OPEN); oldest first, at most `limit`.
    async fn abandoned(&self, now: Timestamp, limit: u16) -> Result<Vec<AbandonedIntent>, PortError>;

    /// The receipt of an abandoned intent, so that recovery can settle it.
    async fn take_over(
        &self,
        tenant: &TenantId,
        intent: &AbandonedIntent,
    ) -> Result<IntentReceipt, PortError>;

    /// Forgets idempotency keys of all tenants that were first used before `before`, oldest first, at most `limit`; never
    /// one whose first request has not ended. A request under a forgotten key is a new one. What runs have touched whose
    /// last call is older is forgotten with them, at most `limit` runs. Says how many keys or runs these were, whichever
    /// is more: at `limit` there may be others, and doing it again goes on where it stopped.
    async fn forget_keys(&self, before: Timestamp, limit: u16) -> Result<u64, PortError>;

    /// Whether a write would succeed now; for readiness.
    async fn ready(&self) -> Result<(), PortError>;
}

/// Seals the answers that are kept for repeats of a request, and the states that agents carry from one round of a call to the
/// next, under a key of the tenant. Neither opens as the other. Implemented by the vault.
pub trait AnswerSeal: Send + Sync {
    /// Seals an answer.
    ///
    /// # Errors
    /// `Unavailable` with code `key_unavailable`.
    fn seal_answer(&self, tenant: &TenantId, answer: &[u8]) -> Result<SealedAnswer, PortError>;

    /// Opens one that was sealed for the same tenant.
    ///
    /// # Errors
    /// `Corrupt` when it was not.
    fn open_answer(&self, tenant: &TenantId, sealed: &SealedAnswer) -> Result<Vec<u8>, PortError>;

    /// Seals the state of a round.
    ///
    /// # Errors
    /// `Unavailable` with code `key_unavailable`.
    fn seal_round(&self, tenant: &TenantId, state: &[u8]) -> Result<Vec<u8>, PortError>;

    /// Opens one that was sealed for the same tenant.
    ///
    /// # Errors
    /// `Corrupt` when it was not; `Unavailable` with code `key_unavailable` when the key that it names is not at hand, as it
    /// is for a moment when the keys of several replicas are changed.
    fn open_round(&self, tenant: &TenantId, sealed: &[u8]) -> Result<Vec<u8>, PortError>;
}

/// Which events to list; all conditions hold together.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Of these types; of all when empty.
    pub types: Vec<super::event::AuditEventType>,
    /// About this id (any member of `subject`).
    pub subject: Option<String>,
}

/// A tenant's trail, within a unit of work.
#[async_trait]
pub trait AuditLog: Send {
    /// Appends events in order, at the end of the tenant's chain, in this unit of work's transaction.
    async fn append(&mut self, tenant: &TenantId, events: &[AuditEventDraft]) -> Result<(), PortError>;

    /// A page, newest first.
    async fn list(
        &mut self,
        tenant: &TenantId,
        filter: &EventFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEvent>, PortError>;

    /// Events from a sequence number on, oldest first, at most `limit`; each the text that is stored, byte for byte, so that
    /// a verifier sees what is really there.
    async fn texts(&mut self, tenant: &TenantId, from: u64, limit: u16) -> Result<Vec<String>, PortError>;
}

/// The checkpoints of the trail of all tenants, within a unit of work. They are added, never changed.
#[async_trait]
pub trait CheckpointStore: Send {
    /// The one with the highest number.
    async fn newest(&mut self) -> Result<Option<StoredCheckpoint>, PortError>;

    /// From a number on, in order, at most `limit`.
    async fn list(&mut self, from: u64, limit: u16) -> Result<Vec<StoredCheckpoint>, PortError>;

    /// The spans whose first index is `from_index` or higher, in the order of the tree, at most `limit`.
    async fn spans(&mut self, from_index: u64, limit: u16) -> Result<Vec<CheckpointSpan>, PortError>;

    /// Every chain that has records, in order of tenants.
    async fn coverage(&mut self) -> Result<Vec<ChainCoverage>, PortError>;

    /// The newest span of the tenant's records.
    async fn covered(&mut self, tenant: &TenantId) -> Result<Option<CheckpointSpan>, PortError>;

    /// Adds a checkpoint with the spans that it covers beyond the one before.
    ///
    /// # Errors
    /// `Conflict` with code `already_exists` when the number, the size, a first index or a first sequence is taken:
    /// another replica was faster, and nothing may be committed.
    async fn append(
        &mut self,
        checkpoint: &StoredCheckpoint,
        spans: &[CheckpointSpan],
    ) -> Result<(), PortError>;
}

/// Keeps checkpoints outside of the database, where its owner cannot undo them. One that an embedder brings should be
/// under somebody else's control.
#[async_trait]
pub trait CheckpointSink: Send + Sync {
    /// Keeps a note under its number, durably. Keeping the same one again is harmless.
    ///
    /// # Errors
    /// `Conflict` with code `state_conflict` when another note is kept under this number; that one stays.
    async fn keep(&self, checkpoint: &KeptCheckpoint) -> Result<(), PortError>;

    /// The one with the highest number that is kept.
    async fn newest(&self) -> Result<Option<KeptCheckpoint>, PortError>;
}

/// Signs checkpoints with Ed25519 (RFC 8032). Implemented by the vault; an embedder's own may ask a signing device.
#[async_trait]
pub trait CheckpointSigner: Send + Sync {
    /// The public keys, oldest first. The last one signs; earlier ones have signed, and are believed still.
    fn public_keys(&self) -> Vec<[u8; 32]>;

    /// The signature of this message by the last key.
    ///
    /// # Errors
    /// `Unavailable`; there is no checkpoint then.
    async fn sign(&self, message: &[u8]) -> Result<[u8; 64], PortError>;
}

/// The call that an audit event speaks of.
#[derive(Clone, Copy, Debug)]
pub struct ToolEventContext<'a> {
    /// Who.
    pub actor: &'a EventActor,
    /// What is known beforehand.
    pub facts: &'a InvocationFacts,
    /// The caller's `traceparent`.
    pub traceparent: Option<&'a str>,
}

/// Makes the events of tool calls (the seed's port of this name). What it returns is written by the ledger, in the
/// transaction of the intent or the settlement. An embedder's own emitter may ship the event elsewhere as well; if it
/// fails before the call, the call is refused. When a call is judged again because the configuration has changed, its
/// first events are made again, and only the last ones are written.
#[async_trait]
pub trait MCPAuditEmitterPort: Send + Sync {
    /// The call was asked for.
    async fn emit_tool_requested(
        &self,
        tenant: &TenantId,
        call: ToolEventContext<'_>,
    ) -> Result<AuditEventDraft, PortError>;

    /// The call was let through.
    async fn emit_tool_allowed(
        &self,
        tenant: &TenantId,
        call: ToolEventContext<'_>,
    ) -> Result<AuditEventDraft, PortError>;

    /// The call was refused.
    async fn emit_tool_denied(
        &self,
        tenant: &TenantId,
        call: ToolEventContext<'_>,
        failure: &FailureFacts,
    ) -> Result<AuditEventDraft, PortError>;

    /// The call goes upstream now. It makes no event of its own: the time stands in the event that ends the call.
    async fn emit_tool_started(
        &self,
        tenant: &TenantId,
        call: ToolEventContext<'_>,
        started_at: Timestamp,
    ) -> Result<(), PortError>;

    /// The tool answered.
    async fn emit_tool_completed(
        &self,
        tenant: &TenantId,
        call: ToolEventContext<'_>,
        invocation: &McpToolInvocation,
    ) -> Result<AuditEventDraft, PortError>;

    /// The call failed, timed out, was cancelled, or was cut off (`invocation.outcome` tells).
    async fn emit_tool_failed(
        &self,
        tenant: &TenantId,
        call: ToolEventContext<'_>,
        invocation: &McpToolInvocation,
    ) -> Result<AuditEventDraft, PortError>;
}

/// One dispatch of an operation, however it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct DispatchRecord {
    /// The name that was asked for.
    pub operation: String,
    /// What the operation asks for; absent if there is no such operation.
    pub authority: Option<Authority>,
    /// What it does; absent if there is no such operation.
    pub effect: Option<Effect>,
    /// Who.
    pub actor: EventActor,
    /// Request.
    pub request_id: String,
    /// Stable code of the failure; absent on success.
    pub error_code: Option<String>,
    /// Microseconds from dispatch to answer.
    pub duration_micros: u64,
    /// Those of them that were spent waiting for upstreams; absent if none was asked. The difference is what the gate
    /// added.
    pub upstream_micros: Option<u64>,
}

/// Hears of every dispatch, on every path: success, failure, unknown operation, missing authority, panic.
#[async_trait]
pub trait DispatchAudit: Send + Sync {
    /// Takes a record. It must not fail the dispatch; what it does with errors is its own affair.
    async fn record(&self, tenant: &TenantId, record: &DispatchRecord);
}

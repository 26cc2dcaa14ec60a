//! The values that the ledger writes: an intent before an effect, a settlement after it, a refusal instead of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::AuditEventDraft;
use crate::codes::Code;
use crate::controls::FreezeTarget;
use crate::ids::{ApprovalId, InstanceId, IntentId, KeyId, ServerId, TenantId};
use crate::incidents::NewIncident;
use crate::integrations::approvals::StoredApproval;
use crate::integrations::flows::FlowChange;
use crate::integrations::mcp::invocation::{InvocationFacts, McpToolInvocation};
use crate::tenants::ConfigVersion;
use crate::text::IdempotencyKey;
use crate::timestamp::Timestamp;

string_enum!(
    /// What an intent is about to do.
    IntentKind {
        /// Call a tool.
        InvokeTool = "invoke_tool",
        /// Discover a server's tools.
        DiscoverTools = "discover_tools",
        /// Check a server's health.
        HealthCheck = "health_check",
        /// Find a server's authorization server, and become known there.
        DiscoverAuthorization = "discover_authorization",
        /// Listen for changes of a server's lists.
        ListenForChanges = "listen_for_changes",
        /// Exchanging the code that a caller's browser brought for tokens of their account.
        ConnectAccount = "connect_account",
    }
);

/// The facts of an intent that recovery needs to close it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum IntentSubject {
    /// A tool call.
    Invocation(Box<InvocationFacts>),
    /// Whatever else reaches out to a server.
    Exchange {
        /// Any but `invoke_tool`.
        purpose: IntentKind,
        /// Server.
        server_id: ServerId,
        /// Request.
        request_id: Option<String>,
    },
}

/// What is about to be done. Written in one transaction, durable before the first byte goes upstream.
#[derive(Clone, Debug)]
pub struct Intent {
    /// Id.
    pub intent_id: IntentId,
    /// The instance that will do it; recovery takes over when the instance's lease has run out.
    pub instance: InstanceId,
    /// What.
    pub subject: IntentSubject,
    /// When.
    pub recorded_at: Timestamp,
    /// Events to append, in order: requested, allowed, credential accessed.
    pub events: Vec<AuditEventDraft>,
    /// What it was decided on. If the tenant's configuration has another version by now, the writer answers
    /// [`Recorded::Stale`]. `None` skips that: only for what rests on no configuration.
    pub decided_on: Option<ConfigVersion>,
    /// Frozen in the meantime? The writer looks again at each of these; where `decided_on` holds, none can be.
    pub freeze_targets: Vec<FreezeTarget>,
    /// Done already? The writer looks and claims.
    pub idempotency: Option<IdempotencyClaim>,
    /// The approval that it is made on. The writer looks whether it is granted, not run out and not used, and uses it.
    pub approval: Option<ApprovalId>,
    /// What it makes of its run, if the policies look at that. If the run does not stand as it was judged, the writer
    /// answers [`Recorded::Stale`].
    pub flows: Option<FlowChange>,
}

/// A claim on an idempotency key, scoped to tenant, key and operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyClaim {
    /// The API key that presented it.
    pub key_id: KeyId,
    /// The operation's name.
    pub operation: String,
    /// The caller's key.
    pub idempotency_key: IdempotencyKey,
    /// Keyed hash over the request in canonical form, 64 hex digits.
    pub request_hash: String,
}

/// What the writer answered to an intent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Recorded {
    /// Durable. Go on.
    Receipt(IntentReceipt),
    /// The configuration, or what the run has touched, has changed since it was judged; nothing was written. Load, judge
    /// and record again.
    Stale,
    /// Frozen since it was judged; nothing was written.
    Frozen(FreezeTarget),
    /// The idempotency key was used before; nothing was written.
    Repeated(Repeated),
    /// The approval was used, has run out, or was never granted; nothing was written.
    NotApproved,
}

/// Proof that an intent is durable. Only a [`Ledger`](super::ports::Ledger) issues it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentReceipt {
    tenant: TenantId,
    intent: IntentId,
}

impl IntentReceipt {
    /// For implementations of the ledger, after the commit.
    pub fn issued_by_ledger(tenant: TenantId, intent: IntentId) -> Self {
        Self { tenant, intent }
    }

    /// Whose.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Which.
    pub fn intent(&self) -> &IntentId {
        &self.intent
    }
}

/// What became of the first request with an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeated {
    /// It ended; its sealed answer.
    Ended(SealedAnswer),
    /// It has not ended.
    InFlight,
    /// It was cut off; nobody knows whether the upstream acted.
    OutcomeUnknown,
    /// It was another request.
    Mismatch,
}

/// The answer to a request, sealed by the vault, so that a repeat can have it and the database cannot be read for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedAnswer(pub Vec<u8>);

/// How an intent ended. Written in one transaction, fenced on the intent being open, durable before the caller
/// gets the answer.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Which intent.
    pub intent_id: IntentId,
    /// Events to append, in order.
    pub events: Vec<AuditEventDraft>,
    /// The invocation's row, for a tool call. Its counters are raised with it.
    pub invocation: Option<McpToolInvocation>,
    /// The incident that the rules ask for.
    pub incident: Option<NewIncident>,
    /// What a repeat of the request gets; `None` with a claimed key means `OutcomeUnknown`.
    pub answer: Option<SealedAnswer>,
    /// Whether a claimed key is free again, as if it had not been used: nothing was sent, and what was missing a person can
    /// bring. Then `answer` does not count.
    pub frees_key: bool,
    /// The approval that the intent used up and that is granted again, for the same reason.
    pub frees_approval: Option<ApprovalId>,
}

/// A call that was refused: no intent, nothing was sent.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Events to append, in order: requested, denied.
    pub events: Vec<AuditEventDraft>,
    /// The invocation's row, `blocked`.
    pub invocation: Option<McpToolInvocation>,
    /// The incident that the rules ask for.
    pub incident: Option<NewIncident>,
    /// The approval that the call waits for, if it is a new one.
    pub approval: Option<Box<StoredApproval>>,
}

/// An intent whose instance has stopped renewing its lease, or that is open for longer than [`LONGEST_OPEN`].
#[derive(Clone, Debug, PartialEq)]
pub struct AbandonedIntent {
    /// Owner.
    pub tenant: TenantId,
    /// Id.
    pub intent_id: IntentId,
    /// What it was about to do.
    pub subject: IntentSubject,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// How long a lease lasts and how often it is renewed: a dead instance is noticed within 3 s.
pub const LEASE: Duration = Duration::from_secs(3);
/// Renewal interval.
pub const LEASE_RENEWAL: Duration = Duration::from_secs(1);
/// No exchange may last longer than 300 s, so an intent that is open for longer than this belongs to nobody any more,
/// even if its instance lives: its task has panicked, or was ended.
pub const LONGEST_OPEN: Duration = Duration::from_secs(360);
/// How long the ledger may take before a call is refused with `audit_unavailable`: less than the second within which the
/// caller is promised to hear of it.
pub const WRITE_DEADLINE: Duration = Duration::from_millis(900);

/// The outcome of a failed call in a word, for events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureFacts {
    /// Stable code.
    pub code: Code,
    /// Our words.
    pub message: String,
}

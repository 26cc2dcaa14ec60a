//! Ports that write down what is asked of them, in order, and fail where they are told to.

use std::collections::HashSet;
use std::sync::Mutex;

use async_trait::async_trait;
use portcullis_schemas::ids::{CredentialId, EventId, ServerId, TenantId};
use portcullis_schemas::integrations::credentials::ports::ReferenceTarget;
use portcullis_schemas::integrations::credentials::{CredentialAccess, CredentialGrant, SealedSecret};
use portcullis_schemas::integrations::mcp::listening::ListWatch;
use portcullis_schemas::integrations::mcp::wire::{Conduct, McpCatalogue, McpFailure, McpHealth, ToolReply};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::logs::event::AuditEventType;
use portcullis_schemas::logs::ledger::{AbandonedIntent, SealedAnswer, Settlement};
use portcullis_schemas::logs::ports::ToolEventContext;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_testkit::fixtures;
use portcullis_testkit::hashing::TestKeyedHash;
use portcullis_testkit::ids::SequentialIds;
use portcullis_testkit::time::TestClock;

use super::super::*;

/// What the vault opens.
pub(super) const SECRET: &str = "hunter2-hunter2";

/// Everything at once: each port is a face of it.
pub(super) struct Bench {
    pub(super) clock: Arc<TestClock>,
    pub(super) failing: Mutex<HashSet<&'static str>>,
    pub(super) steps: Mutex<Vec<&'static str>>,
    /// What the ledger answers instead of a receipt.
    pub(super) recorded: Mutex<Option<Recorded>>,
    pub(super) reply: Mutex<Option<Result<ToolReply, McpFailure>>>,
    pub(super) intents: Mutex<Vec<Intent>>,
    pub(super) settlements: Mutex<Vec<Settlement>>,
    pub(super) refusals: Mutex<Vec<Refusal>>,
    pub(super) targets: Mutex<Vec<McpTarget>>,
    pub(super) dispatches: Mutex<Vec<Dispatch>>,
    ids: SequentialIds,
}

pub(super) fn reply(text: &str, is_error: bool) -> ToolReply {
    ToolReply {
        result: RawJson::from_text(text.to_owned()).unwrap(),
        is_error,
        protocol_version: "2026-07-28".into(),
        redacted: false,
        conduct: Conduct::Fair,
    }
}

impl Bench {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            clock: Arc::new(TestClock::at(fixtures::time(100))),
            failing: Mutex::default(),
            steps: Mutex::default(),
            recorded: Mutex::default(),
            reply: Mutex::default(),
            intents: Mutex::default(),
            settlements: Mutex::default(),
            refusals: Mutex::default(),
            targets: Mutex::default(),
            dispatches: Mutex::default(),
            ids: SequentialIds::new(),
        })
    }

    pub(super) fn failing_at(step: &'static str) -> Arc<Self> {
        let bench = Self::new();
        bench.failing.lock().unwrap().insert(step);
        bench
    }

    pub(super) fn engine(self: &Arc<Self>) -> McpToolInvocationEngine {
        McpToolInvocationEngine::new(InvocationPorts {
            ledger: self.clone(),
            client: self.clone(),
            vault: self.clone(),
            emitter: self.clone(),
            hasher: Arc::new(TestKeyedHash),
            answers: self.clone(),
            clock: self.clock.clone(),
            ids: Arc::new(SequentialIds::new()),
            instance: InstanceId::generate(&SequentialIds::new()),
        })
    }

    pub(super) fn count(&self, step: &str) -> usize {
        self.steps.lock().unwrap().iter().filter(|taken| **taken == step).count()
    }

    fn step(&self, name: &'static str) -> Result<(), PortError> {
        self.steps.lock().unwrap().push(name);
        if self.failing.lock().unwrap().contains(name) {
            return Err(PortError::unavailable("the bench was told to fail here"));
        }
        Ok(())
    }

    fn event(&self, event_type: AuditEventType, call: ToolEventContext<'_>) -> AuditEventDraft {
        AuditEventDraft {
            event_id: EventId::generate(&self.ids),
            event_type,
            occurred_at: self.clock.now(),
            actor: call.actor.clone(),
            request_id: None,
            subject: Vec::new(),
            facts: serde_json::Map::new(),
        }
    }
}

#[async_trait]
impl Ledger for Bench {
    async fn record(&self, tenant: &TenantId, intent: Intent) -> Result<Recorded, PortError> {
        self.step("ledger:record")?;
        if let Some(recorded) = self.recorded.lock().unwrap().take() {
            return Ok(recorded);
        }
        let receipt = IntentReceipt::issued_by_ledger(tenant.clone(), intent.intent_id.clone());
        self.intents.lock().unwrap().push(intent);
        Ok(Recorded::Receipt(receipt))
    }

    async fn settle(&self, _: &IntentReceipt, settlement: Settlement) -> Result<(), PortError> {
        self.step("ledger:settle")?;
        self.settlements.lock().unwrap().push(settlement);
        Ok(())
    }

    async fn refuse(&self, _: &TenantId, refusal: Refusal) -> Result<(), PortError> {
        self.step("ledger:refuse")?;
        self.refusals.lock().unwrap().push(refusal);
        Ok(())
    }

    async fn renew_lease(&self, _: &InstanceId, _: Timestamp) -> Result<(), PortError> {
        Ok(())
    }

    async fn abandoned(&self, _: Timestamp, _: u16) -> Result<Vec<AbandonedIntent>, PortError> {
        Ok(Vec::new())
    }

    async fn take_over(&self, _: &TenantId, _: &AbandonedIntent) -> Result<IntentReceipt, PortError> {
        Err(PortError::unavailable("not asked for here"))
    }

    async fn forget_keys(&self, _: Timestamp, _: u16) -> Result<u64, PortError> {
        Ok(0)
    }

    async fn ready(&self) -> Result<(), PortError> {
        Ok(())
    }
}

#[async_trait]
impl McpClient for Bench {
    async fn discover(&self, _: &TenantId, _: &McpTarget, _: &Dispatch) -> Result<McpCatalogue, McpFailure> {
        panic!("a call discovers nothing")
    }

    async fn check_health(&self, _: &TenantId, _: &McpTarget, _: &Dispatch) -> Result<McpHealth, McpFailure> {
        panic!("a call checks no health")
    }

    async fn call_tool(
        &self,
        _: &TenantId,
        target: &McpTarget,
        _: &ToolCall,
        dispatch: &Dispatch,
    ) -> Result<ToolReply, McpFailure> {
        self.targets.lock().unwrap().push(target.clone());
        self.dispatches.lock().unwrap().push(dispatch.clone());
        self.clock.advance(Duration::from_millis(40));
        let unreachable = |_| McpFailure::new(codes::UPSTREAM_UNREACHABLE, "connection refused", false);
        self.step("client:call").map_err(unreachable)?;
        self.reply.lock().unwrap().take().unwrap_or_else(|| Ok(reply(r#"{"content":[], "n":1.10}"#, false)))
    }

    async fn listen(
        &self,
        _: &TenantId,
        _: &McpTarget,
        _: &ListWatch,
        _: &Dispatch,
    ) -> Result<(), McpFailure> {
        panic!("a call listens to nothing")
    }

    async fn forget(&self, _: &TenantId, _: &ServerId) {}
}

#[async_trait]
impl CredentialVault for Bench {
    fn check_reference(&self, _: &TenantId, _: &str) -> Result<ReferenceTarget, PortError> {
        Ok(ReferenceTarget::Encrypted)
    }

    fn may_use(
        &self,
        _: &TenantId,
        _: &ReferenceTarget,
        _: &[CredentialGrant],
        _: &CredentialAccess,
    ) -> bool {
        true
    }

    async fn open(&self, _: &TenantId, _: &str, _: &CredentialAccess) -> Result<Secret, PortError> {
        self.step("vault:open")?;
        Ok(Secret::new(SECRET.to_owned()))
    }

    async fn seal(
        &self,
        _: &TenantId,
        _: &CredentialId,
        _: u64,
        _: &Secret,
    ) -> Result<SealedSecret, PortError> {
        panic!("a call seals no secret")
    }

    async fn encrypt(&self, _: &TenantId, _: &ServerId, _: &Secret) -> Result<String, PortError> {
        panic!("a call encrypts nothing")
    }
}

impl AnswerSeal for Bench {
    fn seal_answer(&self, _: &TenantId, answer: &[u8]) -> Result<SealedAnswer, PortError> {
        self.step("seal")?;
        Ok(SealedAnswer(answer.iter().rev().copied().collect()))
    }

    fn open_answer(&self, _: &TenantId, sealed: &SealedAnswer) -> Result<Vec<u8>, PortError> {
        Ok(sealed.0.iter().rev().copied().collect())
    }

    fn seal_round(&self, _: &TenantId, state: &[u8]) -> Result<Vec<u8>, PortError> {
        self.step("seal:round")?;
        Ok(state.iter().rev().copied().collect())
    }

    fn open_round(&self, _: &TenantId, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        Ok(sealed.iter().rev().copied().collect())
    }
}

#[async_trait]
impl MCPAuditEmitterPort for Bench {
    async fn emit_tool_requested(
        &self,
        _: &TenantId,
        call: ToolEventContext<'_>,
    ) -> Result<AuditEventDraft, PortError> {
        self.step("emit:requested")?;
        Ok(self.event(AuditEventType::ToolInvocationRequested, call))
    }

    async fn emit_tool_allowed(
        &self,
        _: &TenantId,
        call: ToolEventContext<'_>,
    ) -> Result<AuditEventDraft, PortError> {
        self.step("emit:allowed")?;
        Ok(self.event(AuditEventType::ToolInvocationAllowed, call))
    }

    async fn emit_tool_denied(
        &self,
        _: &TenantId,
        call: ToolEventContext<'_>,
        _: &FailureFacts,
    ) -> Result<AuditEventDraft, PortError> {
        self.step("emit:denied")?;
        Ok(self.event(AuditEventType::ToolInvocationDenied, call))
    }

    async fn emit_tool_started(
        &self,
        _: &TenantId,
        _: ToolEventContext<'_>,
        _: Timestamp,
    ) -> Result<(), PortError> {
        self.step("emit:started")
    }

    async fn emit_tool_completed(
        &self,
        _: &TenantId,
        call: ToolEventContext<'_>,
        _: &McpToolInvocation,
    ) -> Result<AuditEventDraft, PortError> {
        self.step("emit:completed")?;
        Ok(self.event(AuditEventType::ToolInvocationCompleted, call))
    }

    async fn emit_tool_failed(
        &self,
        _: &TenantId,
        call: ToolEventContext<'_>,
        row: &McpToolInvocation,
    ) -> Result<AuditEventDraft, PortError> {
        self.step("emit:failed")?;
        let unknown = row.outcome == InvocationOutcome::Unknown;
        let event_type = if unknown {
            AuditEventType::ToolInvocationUnknown
        } else {
            AuditEventType::ToolInvocationFailed
        };
        Ok(self.event(event_type, call))
    }
}

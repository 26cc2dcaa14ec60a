//! The ledger in memory: the same rows, the same turn, no durability.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::ids::{InstanceId, IntentId, KeyId, TenantId};
use portcullis_schemas::incidents::NewIncident;
use portcullis_schemas::integrations::mcp::invocation::McpToolInvocation;
use portcullis_schemas::logs::ledger::{
    AbandonedIntent, IdempotencyClaim, Intent, IntentReceipt, IntentSubject, LEASE, LONGEST_OPEN, Recorded,
    Refusal, Repeated, SealedAnswer, Settlement,
};
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::tenants::ConfigVersion;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{PortError, PortErrorKind, codes};

use super::MemoryStore;
use super::rules::taken;
use super::state::State;

/// A [`Ledger`] over a [`MemoryStore`]'s rows.
#[derive(Clone, Debug)]
pub struct MemoryLedger {
    store: MemoryStore,
}

/// An intent as kept.
#[derive(Clone, Debug)]
pub(crate) struct IntentRow {
    tenant: TenantId,
    intent_id: IntentId,
    instance: InstanceId,
    subject: IntentSubject,
    recorded_at: Timestamp,
    open: bool,
}

/// Scope of an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClaimKey {
    tenant: TenantId,
    key_id: KeyId,
    operation: String,
    idempotency_key: String,
}

/// What became of a claim.
#[derive(Clone, Debug)]
pub(crate) struct ClaimRow {
    intent_id: IntentId,
    request_hash: String,
    created_at: Timestamp,
    /// `None` while the intent is open; then the answer, if there is one.
    ended: Option<Option<SealedAnswer>>,
}

impl MemoryLedger {
    pub(crate) fn new(store: MemoryStore) -> Self {
        Self { store }
    }

    /// Runs `write` as one transaction: all of it or nothing.
    async fn transact<T>(
        &self,
        write: impl FnOnce(&mut State) -> Result<T, PortError> + Send,
    ) -> Result<T, PortError> {
        let mut unit = self.store.writing().await;
        let answer = write(unit.change()?)?;
        unit.publish();
        Ok(answer)
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn record(&self, tenant: &TenantId, intent: Intent) -> Result<Recorded, PortError> {
        self.transact(|state| state.record(tenant, intent)).await
    }

    async fn settle(&self, receipt: &IntentReceipt, settlement: Settlement) -> Result<(), PortError> {
        self.transact(|state| state.settle(receipt, settlement)).await
    }

    async fn refuse(&self, tenant: &TenantId, refusal: Refusal) -> Result<(), PortError> {
        self.transact(|state| {
            state.append_events(tenant, &refusal.events)?;
            if let Some(asked) = &refusal.approval {
                state.ask_approval(tenant, asked)?;
            }
            state.write_outcome(tenant, refusal.invocation, refusal.incident).map(|_| ())
        })
        .await
    }

    async fn renew_lease(&self, instance: &InstanceId, until: Timestamp) -> Result<(), PortError> {
        self.transact(|state| {
            state.leases.insert(instance.clone(), until);
            Ok(())
        })
        .await
    }

    async fn abandoned(&self, now: Timestamp, limit: u16) -> Result<Vec<AbandonedIntent>, PortError> {
        let state = self.store.snapshot();
        let is_left =
            |row: &&Arc<IntentRow>| state.lease_of(row) < now || row.recorded_at.plus(LONGEST_OPEN) < now;
        let mut rows: Vec<_> = state.intents.iter().filter(|row| row.open).filter(is_left).collect();
        rows.sort_by_key(|row| row.recorded_at);
        Ok(rows.into_iter().take(usize::from(limit)).map(|row| abandoned(row)).collect())
    }

    async fn take_over(
        &self,
        tenant: &TenantId,
        intent: &AbandonedIntent,
    ) -> Result<IntentReceipt, PortError> {
        let state = self.store.snapshot();
        let is_it =
            |row: &&Arc<IntentRow>| row.intent_id == intent.intent_id && row.tenant == *tenant && row.open;
        let row = state.intents.iter().find(is_it).ok_or_else(intent_closed)?;
        Ok(IntentReceipt::issued_by_ledger(row.tenant.clone(), row.intent_id.clone()))
    }

    async fn forget_keys(&self, before: Timestamp, limit: u16) -> Result<u64, PortError> {
        self.transact(|state| {
            let is_old = |row: &ClaimRow| row.ended.is_some() && row.created_at < before;
            let mut old: Vec<_> = state.claims.iter().filter(|(_, row)| is_old(row)).collect();
            old.sort_by_key(|(_, row)| row.created_at);
            let old: Vec<_> = old.into_iter().take(usize::from(limit)).map(|(key, _)| key.clone()).collect();
            for key in &old {
                state.claims.remove(key);
            }
            let rested = state.runs.iter().filter(|(_, run)| run.updated_at < before);
            let mut rested: Vec<_> = rested.map(|(key, run)| (run.updated_at, key.clone())).collect();
            rested.sort();
            rested.truncate(usize::from(limit));
            for (_, key) in &rested {
                state.runs.remove(key);
            }
            Ok(old.len().max(rested.len()) as u64)
        })
        .await
    }

    async fn ready(&self) -> Result<(), PortError> {
        Ok(())
    }
}

impl State {
    fn record(&mut self, tenant: &TenantId, intent: Intent) -> Result<Recorded, PortError> {
        let version = ConfigVersion(self.config_versions.get(tenant).copied().unwrap_or_default());
        if intent.decided_on.is_some_and(|decided_on| decided_on != version) {
            return Ok(Recorded::Stale);
        }
        if let Some(target) =
            intent.freeze_targets.iter().find(|target| self.freeze_of(tenant, target).is_some())
        {
            return Ok(Recorded::Frozen(target.clone()));
        }
        if self.intents.iter().any(|row| row.intent_id == intent.intent_id) {
            return Err(taken("intent id"));
        }
        if let Some(claim) = &intent.idempotency
            && let Some(repeated) = self.repeated(tenant, claim)
        {
            return Ok(Recorded::Repeated(repeated));
        }
        if intent.flows.as_ref().is_some_and(|change| !self.stands(tenant, change)) {
            return Ok(Recorded::Stale);
        }
        if let Some(approval) = &intent.approval
            && !self.use_approval(tenant, approval, &intent.intent_id, intent.recorded_at)
        {
            return Ok(Recorded::NotApproved);
        }
        if let Some(claim) = &intent.idempotency {
            self.claim(tenant, claim, &intent);
        }
        if let Some(change) = &intent.flows {
            self.touch(tenant, change, intent.recorded_at);
        }
        self.append_events(tenant, &intent.events)?;
        let receipt = IntentReceipt::issued_by_ledger(tenant.clone(), intent.intent_id.clone());
        self.intents.push(Arc::new(IntentRow {
            tenant: tenant.clone(),
            intent_id: intent.intent_id,
            instance: intent.instance,
            subject: intent.subject,
            recorded_at: intent.recorded_at,
            open: true,
        }));
        Ok(Recorded::Receipt(receipt))
    }

    fn settle(&mut self, receipt: &IntentReceipt, settlement: Settlement) -> Result<(), PortError> {
        if settlement.intent_id != *receipt.intent() {
            let detail = "the settlement's intent_id is not the receipt's";
            return Err(PortError::new(PortErrorKind::Invalid, codes::INVALID_FIELD, detail));
        }
        let (tenant, filter) = (receipt.tenant(), self.filter);
        let is_it = |row: &&mut Arc<IntentRow>| {
            row.intent_id == *receipt.intent() && row.open && filter.reaches(tenant, &row.tenant)
        };
        let row = self.intents.iter_mut().find(is_it).ok_or_else(intent_closed)?;
        Arc::make_mut(row).open = false;
        self.append_events(tenant, &settlement.events)?;
        if let Some(invocation) = self.write_outcome(tenant, settlement.invocation, settlement.incident)? {
            self.count_call(tenant, &invocation);
        }
        if settlement.frees_key {
            self.claims.retain(|_, claim| claim.intent_id != *receipt.intent());
        }
        if let Some(approval) = &settlement.frees_approval {
            self.give_back_approval(tenant, approval, receipt.intent());
        }
        for claim in self.claims.values_mut().filter(|claim| claim.intent_id == *receipt.intent()) {
            claim.ended = Some(settlement.answer.clone());
        }
        Ok(())
    }

    /// Opens the incident and adds the row, which then names it.
    fn write_outcome(
        &mut self,
        tenant: &TenantId,
        invocation: Option<McpToolInvocation>,
        incident: Option<NewIncident>,
    ) -> Result<Option<McpToolInvocation>, PortError> {
        let incident_id = incident.map(|incident| self.open_incident(tenant, &incident));
        let Some(mut invocation) = invocation else { return Ok(None) };
        invocation.incident_id = incident_id.or(invocation.incident_id);
        self.insert_invocation(tenant, invocation.clone())?;
        Ok(Some(invocation))
    }

    fn repeated(&self, tenant: &TenantId, claim: &IdempotencyClaim) -> Option<Repeated> {
        let row = self.claims.get(&claim_key(tenant, claim))?;
        if row.request_hash != claim.request_hash {
            return Some(Repeated::Mismatch);
        }
        Some(match &row.ended {
            None => Repeated::InFlight,
            Some(None) => Repeated::OutcomeUnknown,
            Some(Some(answer)) => Repeated::Ended(answer.clone()),
        })
    }

    fn claim(&mut self, tenant: &TenantId, claim: &IdempotencyClaim, intent: &Intent) {
        let row = ClaimRow {
            intent_id: intent.intent_id.clone(),
            request_hash: claim.request_hash.clone(),
            created_at: intent.recorded_at,
            ended: None,
        };
        self.claims.insert(claim_key(tenant, claim), row);
    }

    /// Until when the intent's instance is taken to be alive. One that has never renewed has one lease from the
    /// intent on.
    fn lease_of(&self, row: &IntentRow) -> Timestamp {
        self.leases.get(&row.instance).copied().unwrap_or_else(|| row.recorded_at.plus(LEASE))
    }
}

fn claim_key(tenant: &TenantId, claim: &IdempotencyClaim) -> ClaimKey {
    ClaimKey {
        tenant: tenant.clone(),
        key_id: claim.key_id.clone(),
        operation: claim.operation.clone(),
        idempotency_key: claim.idempotency_key.as_str().to_owned(),
    }
}

fn abandoned(row: &IntentRow) -> AbandonedIntent {
    AbandonedIntent {
        tenant: row.tenant.clone(),
        intent_id: row.intent_id.clone(),
        subject: row.subject.clone(),
        recorded_at: row.recorded_at,
    }
}

fn intent_closed() -> PortError {
    PortError::new(
        PortErrorKind::Conflict,
        codes::INTENT_CLOSED,
        "there is no open intent of this id in this tenant",
    )
}

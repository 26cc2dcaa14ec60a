//! Whether an intent may be recorded and a settlement written, by what the transaction has read. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use portcullis_schemas::controls::FreezeTarget;
use portcullis_schemas::ids::{IntentId, TenantId};
use portcullis_schemas::integrations::flows::{DataFlows, FlowChange};
use portcullis_schemas::logs::ledger::{
    IdempotencyClaim, Intent, IntentReceipt, Recorded, Repeated, SealedAnswer,
};
use portcullis_schemas::tenants::ConfigVersion;
use portcullis_schemas::timestamp::Timestamp;

use crate::integrations::approvals::Usable;
use crate::integrations::flows::{StoredRun, stored_run};
use crate::tenants::UNCONFIGURED;

/// What a transaction has read, and what its earlier values have changed.
#[derive(Debug, Default)]
pub(super) struct Known {
    versions: BTreeMap<TenantId, ConfigVersion>,
    frozen: HashSet<(String, String, String)>,
    claims: HashMap<ClaimKey, FirstRequest>,
    open: HashMap<String, OpenIntent>,
    /// Granted and unused approvals, by tenant and id, and when they run out.
    granted: HashMap<(String, String), Timestamp>,
    /// What runs have touched.
    runs: HashMap<StoredRun, DataFlows>,
}

/// The scope of an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ClaimKey {
    pub(super) tenant: String,
    pub(super) key: String,
    pub(super) operation: String,
    pub(super) idempotency_key: String,
}

/// The request that first had an idempotency key.
#[derive(Clone, Debug)]
pub(super) struct FirstRequest {
    pub(super) request_hash: String,
    pub(super) end: End,
}

/// How that request stands.
#[derive(Clone, Debug)]
pub(super) enum End {
    InFlight,
    Ended(SealedAnswer),
    Unknown,
}

/// An intent that nobody has settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenIntent {
    pub(super) tenant: String,
    /// Whether an idempotency key waits for its end.
    pub(super) claimed: bool,
}

impl Known {
    pub(super) fn set_version(&mut self, tenant: TenantId, version: ConfigVersion) {
        self.versions.insert(tenant, version);
    }

    pub(super) fn add_frozen(&mut self, tenant: String, kind: String, id: String) {
        self.frozen.insert((tenant, kind, id));
    }

    pub(super) fn add_claim(&mut self, key: ClaimKey, first: FirstRequest) {
        self.claims.insert(key, first);
    }

    pub(super) fn add_open(&mut self, intent: String, open: OpenIntent) {
        self.open.insert(intent, open);
    }

    pub(super) fn add_granted(&mut self, usable: Usable) {
        self.granted.insert((usable.tenant, usable.approval), usable.expires_at);
    }

    pub(super) fn add_run(&mut self, run: StoredRun, flows: DataFlows) {
        self.runs.insert(run, flows);
    }

    /// Configuration and freezes first: what may not be called gets no stored answer either. A repeat needs no approval:
    /// it does nothing. A receipt is worth something after the commit only.
    pub(super) fn judge_intent(&mut self, tenant: &TenantId, intent: &Intent) -> Recorded {
        if intent.decided_on.is_some_and(|decided_on| decided_on != self.version_of(tenant)) {
            return Recorded::Stale;
        }
        if let Some(target) = intent.freeze_targets.iter().find(|target| self.is_frozen(tenant, target)) {
            return Recorded::Frozen(target.clone());
        }
        let claimed = intent.idempotency.as_ref().map(|claim| (ClaimKey::of(tenant, claim), claim));
        if let Some((key, claim)) = &claimed
            && let Some(first) = self.claims.get(key)
        {
            return Recorded::Repeated(first.repeated_by(claim));
        }
        if let Some(change) = &intent.flows {
            let run = run_of(tenant, change);
            if self.runs.get(&run).copied() != change.seen {
                return Recorded::Stale;
            }
        }
        if let Some(approval) = &intent.approval {
            let granted = self.granted.remove(&(tenant.as_str().to_owned(), approval.to_string()));
            if granted.is_none_or(|expires_at| expires_at <= intent.recorded_at) {
                return Recorded::NotApproved;
            }
        }
        if let Some(change) = &intent.flows {
            self.runs.insert(run_of(tenant, change), change.becomes);
        }
        if let Some((key, claim)) = claimed {
            self.claims
                .insert(key, FirstRequest { request_hash: claim.request_hash.clone(), end: End::InFlight });
        }
        Recorded::Receipt(IntentReceipt::issued_by_ledger(tenant.clone(), intent.intent_id.clone()))
    }

    /// Closes an open intent of this tenant; `None` if there is none, or an earlier value has closed it.
    pub(super) fn close(&mut self, tenant: &TenantId, intent: &IntentId) -> Option<OpenIntent> {
        if self.open.get(intent.as_str())?.tenant != tenant.as_str() {
            return None;
        }
        self.open.remove(intent.as_str())
    }

    fn version_of(&self, tenant: &TenantId) -> ConfigVersion {
        self.versions.get(tenant).copied().unwrap_or(UNCONFIGURED)
    }

    fn is_frozen(&self, tenant: &TenantId, target: &FreezeTarget) -> bool {
        !self.frozen.is_empty()
            && self.frozen.contains(&(
                tenant.as_str().to_owned(),
                target.kind().to_owned(),
                target.id().to_owned(),
            ))
    }
}

/// A run by the columns of its row.
pub(super) fn run_of(tenant: &TenantId, change: &FlowChange) -> StoredRun {
    let run = &change.run;
    (tenant.as_str().to_owned(), run.key_id.to_string(), stored_run(run).to_owned())
}

impl ClaimKey {
    fn of(tenant: &TenantId, claim: &IdempotencyClaim) -> Self {
        Self {
            tenant: tenant.as_str().to_owned(),
            key: claim.key_id.to_string(),
            operation: claim.operation.clone(),
            idempotency_key: claim.idempotency_key.as_str().to_owned(),
        }
    }
}

impl FirstRequest {
    fn repeated_by(&self, claim: &IdempotencyClaim) -> Repeated {
        if self.request_hash != claim.request_hash {
            return Repeated::Mismatch;
        }
        match &self.end {
            End::InFlight => Repeated::InFlight,
            End::Ended(answer) => Repeated::Ended(answer.clone()),
            End::Unknown => Repeated::OutcomeUnknown,
        }
    }
}

#[cfg(test)]
mod tests;

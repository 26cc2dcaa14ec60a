//! All rows of a store, copied whole for each unit of work that writes.

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis_schemas::api_keys::StoredApiKey;
use portcullis_schemas::controls::Freeze;
use portcullis_schemas::ids::{InstanceId, TenantId};
use portcullis_schemas::incidents::Incident;
use portcullis_schemas::integrations::approvals::StoredApproval;
use portcullis_schemas::integrations::connections::StoredConnection;
use portcullis_schemas::integrations::credentials::{CredentialMetadata, SealedSecret};
use portcullis_schemas::integrations::flows::{RunFlows, RunKey};
use portcullis_schemas::integrations::mcp::invocation::McpToolInvocation;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::integrations::toolsets::Toolset;
use portcullis_schemas::logs::checkpoint::{CheckpointSpan, StoredCheckpoint};
use portcullis_schemas::logs::event::AuditEvent;
use portcullis_schemas::policies::ToolPolicyRecord;
use portcullis_schemas::tenants::Tenant;
use portcullis_schemas::timestamp::Timestamp;

use super::RecordHash;
use super::ledger::{ClaimKey, ClaimRow, IntentRow};

/// Where the tenant is compared. All but the first are the faults that suites of tenant isolation must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TenantFilter {
    /// Everywhere.
    Applied,
    /// In writes only.
    ForgottenByReads,
    /// In reads only.
    ForgottenByWrites,
}

impl TenantFilter {
    /// Whether a write of `tenant` reaches a row of `owner`. Every change of a stored row asks this.
    pub(crate) fn reaches(self, tenant: &TenantId, owner: &TenantId) -> bool {
        self == Self::ForgottenByWrites || tenant == owner
    }
}

/// A credential with its sealed secret, which is gone once it is deleted.
#[derive(Clone, Debug)]
pub(crate) struct CredentialRow {
    pub(crate) metadata: CredentialMetadata,
    pub(crate) sealed: Option<SealedSecret>,
}

/// A policy's current version.
#[derive(Clone, Debug)]
pub(crate) struct PolicyRow {
    pub(crate) record: ToolPolicyRecord,
    pub(crate) deleted: bool,
}

/// Everything that is stored. The rows that grow with every call are shared between copies.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) hash: RecordHash,
    pub(crate) filter: TenantFilter,
    /// Whether versions of configurations never change: the fault that suites must find.
    pub(crate) stuck: bool,
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) servers: Vec<McpServer>,
    pub(crate) tools: Vec<McpTool>,
    pub(crate) invocations: Vec<Arc<McpToolInvocation>>,
    pub(crate) toolsets: Vec<Toolset>,
    pub(crate) approvals: Vec<StoredApproval>,
    pub(crate) runs: BTreeMap<(TenantId, RunKey), RunFlows>,
    pub(crate) credentials: Vec<CredentialRow>,
    pub(crate) connections: Vec<StoredConnection>,
    pub(crate) policies: Vec<PolicyRow>,
    pub(crate) policy_versions: BTreeMap<TenantId, u64>,
    pub(crate) config_versions: BTreeMap<TenantId, u64>,
    pub(crate) freezes: Vec<Freeze>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) events: BTreeMap<TenantId, Vec<Arc<AuditEvent>>>,
    pub(crate) checkpoints: Vec<StoredCheckpoint>,
    pub(crate) spans: Vec<CheckpointSpan>,
    pub(crate) api_keys: Vec<StoredApiKey>,
    pub(crate) intents: Vec<Arc<IntentRow>>,
    pub(crate) leases: BTreeMap<InstanceId, Timestamp>,
    pub(crate) claims: BTreeMap<ClaimKey, ClaimRow>,
}

impl State {
    pub(crate) fn empty(hash: RecordHash, filter: TenantFilter) -> Self {
        Self {
            hash,
            filter,
            stuck: false,
            tenants: Vec::new(),
            servers: Vec::new(),
            tools: Vec::new(),
            invocations: Vec::new(),
            toolsets: Vec::new(),
            approvals: Vec::new(),
            runs: BTreeMap::new(),
            credentials: Vec::new(),
            connections: Vec::new(),
            policies: Vec::new(),
            policy_versions: BTreeMap::new(),
            config_versions: BTreeMap::new(),
            freezes: Vec::new(),
            incidents: Vec::new(),
            events: BTreeMap::new(),
            checkpoints: Vec::new(),
            spans: Vec::new(),
            api_keys: Vec::new(),
            intents: Vec::new(),
            leases: BTreeMap::new(),
            claims: BTreeMap::new(),
        }
    }

    /// Whether a row of `owner` is seen by `tenant`. Every look-up of a tenant's rows goes through here.
    pub(crate) fn sees(&self, tenant: &TenantId, owner: &TenantId) -> bool {
        self.filter == TenantFilter::ForgottenByReads || tenant == owner
    }
}

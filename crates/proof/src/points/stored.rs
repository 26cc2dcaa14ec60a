//! The store as points: opening and committing units of work, and every method of every store in them.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::api_keys::ports::ApiKeyStore;
use portcullis_schemas::api_keys::tokens::TokenBinding;
use portcullis_schemas::api_keys::{ApiKey, StoredApiKey};
use portcullis_schemas::controls::ports::KillSwitchStore;
use portcullis_schemas::controls::{Freeze, FreezeTarget};
use portcullis_schemas::ids::{
    ApprovalId, CredentialId, IncidentId, InvocationId, KeyId, PolicyId, ServerId, TenantId, ToolId,
    ToolsetId,
};
use portcullis_schemas::incidents::ports::IncidentStore;
use portcullis_schemas::incidents::{Incident, IncidentStatus, NewIncident};
use portcullis_schemas::integrations::approvals::ports::ApprovalStore;
use portcullis_schemas::integrations::approvals::{ApprovalStatus, CallApproval, StoredApproval};
use portcullis_schemas::integrations::connections::StoredConnection;
use portcullis_schemas::integrations::connections::ports::ConnectionStore;
use portcullis_schemas::integrations::credentials::ports::CredentialStore;
use portcullis_schemas::integrations::credentials::{CredentialMetadata, SealedSecret};
use portcullis_schemas::integrations::flows::ports::RunFlowStore;
use portcullis_schemas::integrations::flows::{RunFlows, RunKey};
use portcullis_schemas::integrations::mcp::invocation::McpToolInvocation;
use portcullis_schemas::integrations::mcp::ports::{
    InvocationFilter, McpInvocationStore, McpServerStore, McpToolStore, ToolFilter,
};
use portcullis_schemas::integrations::mcp::server::{McpServer, McpServerStatus};
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::integrations::toolsets::ports::ToolsetStore;
use portcullis_schemas::integrations::toolsets::{Toolset, ToolsetName};
use portcullis_schemas::logs::checkpoint::{ChainCoverage, CheckpointSpan, StoredCheckpoint};
use portcullis_schemas::logs::event::{AuditEvent, AuditEventDraft};
use portcullis_schemas::logs::ports::{AuditLog, CheckpointStore, EventFilter};
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::policies::ports::ToolPolicyStore;
use portcullis_schemas::policies::{TenantPolicySet, ToolPolicyRecord};
use portcullis_schemas::store::{IntegrationStores, Store, UnitOfWork};
use portcullis_schemas::tenants::ports::TenantStore;
use portcullis_schemas::tenants::{ConfigVersion, Tenant};
use portcullis_schemas::timestamp::Timestamp;

use super::Passage;

/// The points at which units of work begin and end.
pub(super) const OPENED: &[&str] = &["Store::begin", "Store::read", "UnitOfWork::commit"];

pub(super) struct WatchedStore {
    pub(super) inner: Arc<dyn Store>,
    pub(super) passage: Arc<dyn Passage>,
}

/// A unit of work that is all of its stores itself.
struct WatchedWork {
    inner: Box<dyn UnitOfWork>,
    passage: Arc<dyn Passage>,
}

impl WatchedStore {
    fn work(&self, inner: Box<dyn UnitOfWork>) -> Box<dyn UnitOfWork> {
        Box::new(WatchedWork { inner, passage: Arc::clone(&self.passage) })
    }
}

#[async_trait]
impl Store for WatchedStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        self.passage.before("Store::begin");
        let opened = self.inner.begin().await;
        self.passage.after("Store::begin");
        opened.map(|inner| self.work(inner))
    }

    async fn read(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        self.passage.before("Store::read");
        let opened = self.inner.read().await;
        self.passage.after("Store::read");
        opened.map(|inner| self.work(inner))
    }
}

/// Writes stores, the list of their points, and what hands them out with what else that can do.
macro_rules! watched_stores {
    ($points:ident of $unit:ident { $($port:ident by $access:ident { $(
        fn $method:ident($($argument:ident: $type:ty),*) -> $answer:ty;
    )* })* } $($more:tt)*) => {
        pub(super) const $points: &[&str] =
            &[$($(concat!(stringify!($port), "::", stringify!($method)),)*)*];

        #[async_trait]
        impl $unit for WatchedWork {
            $(
                fn $access(&mut self) -> &mut dyn $port {
                    self
                }
            )*

            $($more)*
        }

        $(
            #[async_trait]
            impl $port for WatchedWork {
                $(
                    async fn $method(&mut self, $($argument: $type),*) -> Result<$answer, PortError> {
                        let point = concat!(stringify!($port), "::", stringify!($method));
                        self.passage.before(point);
                        let answer = self.inner.$access().$method($($argument),*).await;
                        self.passage.after(point);
                        answer
                    }
                )*
            }
        )*
    };
}

watched_stores! {
    INTEGRATIONS of IntegrationStores {
        McpServerStore by mcp_servers {
            fn insert(tenant: &TenantId, server: &McpServer) -> ();
            fn get(tenant: &TenantId, id: &ServerId) -> Option<McpServer>;
            fn find_by_url(tenant: &TenantId, url: &str) -> Option<McpServer>;
            fn list(tenant: &TenantId, states: &[McpServerStatus], page: &PageRequest) -> Page<McpServer>;
            fn update(tenant: &TenantId, server: &McpServer) -> ();
        }
        McpToolStore by mcp_tools {
            fn upsert(tenant: &TenantId, tools: &[McpTool]) -> ();
            fn get(tenant: &TenantId, server: &ServerId, id: &ToolId) -> Option<McpTool>;
            fn all_of(tenant: &TenantId, server: &ServerId) -> Vec<McpTool>;
            fn list(
                tenant: &TenantId, server: &ServerId, filter: &ToolFilter, page: &PageRequest
            ) -> Page<McpTool>;
        }
        McpInvocationStore by mcp_invocations {
            fn get(tenant: &TenantId, id: &InvocationId) -> Option<McpToolInvocation>;
            fn list(
                tenant: &TenantId, filter: &InvocationFilter, page: &PageRequest
            ) -> Page<McpToolInvocation>;
        }
        ToolsetStore by toolsets {
            fn insert(tenant: &TenantId, toolset: &Toolset) -> ();
            fn get(tenant: &TenantId, id: &ToolsetId) -> Option<Toolset>;
            fn find(tenant: &TenantId, name: &ToolsetName) -> Option<Toolset>;
            fn list(tenant: &TenantId, page: &PageRequest) -> Page<Toolset>;
            fn update(tenant: &TenantId, toolset: &Toolset) -> ();
            fn delete(tenant: &TenantId, id: &ToolsetId) -> ();
        }
        ApprovalStore by approvals {
            fn get(tenant: &TenantId, id: &ApprovalId) -> Option<StoredApproval>;
            fn newest(tenant: &TenantId, binding: &str) -> Option<CallApproval>;
            fn list(
                tenant: &TenantId, status: Option<ApprovalStatus>, now: Timestamp, page: &PageRequest
            ) -> Page<CallApproval>;
            fn pending_of(tenant: &TenantId, key: &KeyId, now: Timestamp) -> u64;
            fn decide(tenant: &TenantId, approval: &CallApproval) -> ();
        }
        RunFlowStore by run_flows {
            fn get(tenant: &TenantId, run: &RunKey) -> Option<RunFlows>;
        }
        ConnectionStore by connections {
            fn get(tenant: &TenantId, server: &ServerId, key: &KeyId) -> Option<StoredConnection>;
            fn put(tenant: &TenantId, connection: &StoredConnection) -> ();
            fn remove(tenant: &TenantId, server: &ServerId, key: &KeyId) -> ();
            fn remove_of_key(tenant: &TenantId, key: &KeyId) -> ();
            fn remove_at_server(tenant: &TenantId, server: &ServerId) -> ();
        }
        CredentialStore by credentials {
            fn insert(tenant: &TenantId, credential: &CredentialMetadata, sealed: &SealedSecret) -> ();
            fn get(tenant: &TenantId, id: &CredentialId) -> Option<CredentialMetadata>;
            fn list(tenant: &TenantId, page: &PageRequest) -> Page<CredentialMetadata>;
            fn update(
                tenant: &TenantId, credential: &CredentialMetadata, sealed: Option<&SealedSecret>
            ) -> ();
            fn delete(tenant: &TenantId, credential: &CredentialMetadata) -> ();
        }
    }
}

watched_stores! {
    OTHERS of UnitOfWork {
        ToolPolicyStore by tool_policies {
            fn put(tenant: &TenantId, policy: &ToolPolicyRecord) -> ();
            fn get(tenant: &TenantId, id: &PolicyId) -> Option<ToolPolicyRecord>;
            fn find_by_name(tenant: &TenantId, name: &str) -> Option<ToolPolicyRecord>;
            fn list(tenant: &TenantId, page: &PageRequest) -> Page<ToolPolicyRecord>;
            fn delete(tenant: &TenantId, id: &PolicyId) -> ();
            fn current_set(tenant: &TenantId) -> TenantPolicySet;
        }
        KillSwitchStore by kill_switch {
            fn freeze(tenant: &TenantId, freeze: &Freeze) -> ();
            fn unfreeze(tenant: &TenantId, target: &FreezeTarget) -> bool;
            fn list(tenant: &TenantId) -> Vec<Freeze>;
            fn first_frozen(tenant: &TenantId, targets: &[FreezeTarget]) -> Option<Freeze>;
        }
        IncidentStore by incidents {
            fn open(tenant: &TenantId, incident: &NewIncident) -> IncidentId;
            fn get(tenant: &TenantId, id: &IncidentId) -> Option<Incident>;
            fn list(tenant: &TenantId, status: Option<IncidentStatus>, page: &PageRequest) -> Page<Incident>;
            fn update(tenant: &TenantId, incident: &Incident) -> ();
        }
        AuditLog by audit_log {
            fn append(tenant: &TenantId, events: &[AuditEventDraft]) -> ();
            fn list(tenant: &TenantId, filter: &EventFilter, page: &PageRequest) -> Page<AuditEvent>;
            fn texts(tenant: &TenantId, from: u64, limit: u16) -> Vec<String>;
        }
        CheckpointStore by checkpoints {
            fn newest() -> Option<StoredCheckpoint>;
            fn list(from: u64, limit: u16) -> Vec<StoredCheckpoint>;
            fn spans(from_index: u64, limit: u16) -> Vec<CheckpointSpan>;
            fn coverage() -> Vec<ChainCoverage>;
            fn covered(tenant: &TenantId) -> Option<CheckpointSpan>;
            fn append(checkpoint: &StoredCheckpoint, spans: &[CheckpointSpan]) -> ();
        }
        ApiKeyStore by api_keys {
            fn insert(tenant: &TenantId, key: &StoredApiKey) -> ();
            fn get(tenant: &TenantId, id: &KeyId) -> Option<ApiKey>;
            fn find_for_authentication(id: &KeyId) -> Option<StoredApiKey>;
            fn find_by_token(tenant: &TenantId, binding: &TokenBinding) -> Option<ApiKey>;
            fn list(tenant: &TenantId, page: &PageRequest) -> Page<ApiKey>;
            fn update(tenant: &TenantId, key: &ApiKey) -> ();
        }
        TenantStore by tenants {
            fn insert(tenant: &TenantId, record: &Tenant) -> ();
            fn find(id: &str) -> Option<Tenant>;
            fn list(page: &PageRequest) -> Page<Tenant>;
            fn config_version(tenant: &TenantId) -> ConfigVersion;
        }
    }

    async fn commit(self: Box<Self>) -> Result<(), PortError> {
        let Self { inner, passage } = *self;
        passage.before("UnitOfWork::commit");
        let committed = inner.commit().await;
        passage.after("UnitOfWork::commit");
        committed
    }
}

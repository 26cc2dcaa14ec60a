//! Gates that give credentials away, each in one way; and one that panics when it is asked to, telling all it has.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{CredentialId, ServerId, TenantId};
use portcullis_schemas::integrations::credentials::ports::{CredentialVault, ReferenceTarget};
use portcullis_schemas::integrations::credentials::{CredentialAccess, CredentialGrant, SealedSecret};
use portcullis_schemas::integrations::mcp::listening::ListWatch;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::wire::{
    AuthHeader, Dispatch, McpCatalogue, McpFailure, McpHealth, McpTarget, ToolCall, ToolReply,
};
use portcullis_schemas::logs::ports::{DispatchAudit, DispatchRecord};
use portcullis_schemas::secret::Secret;
use portcullis_spine::Ports;

use crate::redaction::CANARY;

/// Calls with this argument end in a panic that tells everything it has.
pub(crate) const PANIC: &str = "panic";

/// What such a panic begins with.
pub(crate) const PANIC_WORDS: &str = "asked to panic with";

/// What is given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Indiscretion {
    /// Nothing.
    None,
    /// What upstreams send back: redaction looks for another credential than the one that is sent.
    Echoes,
    /// What upstreams say, in their own words.
    Quotes,
    /// What callers' headers might hold, in a line of the log and in a span.
    LogLines,
    /// What is stored: it is not sealed.
    Stored,
}

impl Indiscretion {
    pub(super) fn of(self, ports: Ports) -> Ports {
        let mcp: Arc<dyn McpClient> = Arc::new(Client { inner: Arc::clone(&ports.mcp), gives_away: self });
        let ports = Ports { mcp, ..ports };
        match self {
            Self::None | Self::Quotes => ports,
            Self::Echoes | Self::Stored => {
                let vault = Vault { inner: Arc::clone(&ports.vault), gives_away: self };
                Ports { vault: Arc::new(vault), ..ports }
            }
            Self::LogLines => {
                Ports { dispatch_audit: Arc::new(ChattyAudit(Arc::clone(&ports.dispatch_audit))), ..ports }
            }
        }
    }
}

/// Panics when asked to.
struct Client {
    inner: Arc<dyn McpClient>,
    gives_away: Indiscretion,
}

impl Client {
    /// Whom to ask really.
    fn target(&self, target: &McpTarget) -> McpTarget {
        let mut target = target.clone();
        if self.gives_away == Indiscretion::Echoes
            && let Some(auth) = &target.auth
        {
            let value = Secret::new(format!("Bearer {CANARY}"));
            target.auth = Some(AuthHeader { name: auth.name.clone(), value });
        }
        target
    }

    fn told<T>(&self, answer: Result<T, McpFailure>) -> Result<T, McpFailure> {
        match answer {
            Err(failure) if self.gives_away == Indiscretion::Quotes => {
                let detail = format!("{}: the server says `{CANARY}`", failure.detail);
                Err(McpFailure { detail, ..failure })
            }
            answer => answer,
        }
    }
}

#[async_trait]
impl McpClient for Client {
    async fn discover(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpCatalogue, McpFailure> {
        self.told(self.inner.discover(tenant, &self.target(target), dispatch).await)
    }

    async fn check_health(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpHealth, McpFailure> {
        self.told(self.inner.check_health(tenant, &self.target(target), dispatch).await)
    }

    async fn call_tool(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        call: &ToolCall,
        dispatch: &Dispatch,
    ) -> Result<ToolReply, McpFailure> {
        let is_asked_to = call.arguments.contains_key(PANIC);
        assert!(!is_asked_to, "{PANIC_WORDS} {target:?} {call:?} {dispatch:?}");
        self.told(self.inner.call_tool(tenant, &self.target(target), call, dispatch).await)
    }

    async fn listen(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        watch: &ListWatch,
        dispatch: &Dispatch,
    ) -> Result<(), McpFailure> {
        self.told(self.inner.listen(tenant, &self.target(target), watch, dispatch).await)
    }

    async fn forget(&self, tenant: &TenantId, server: &ServerId) {
        self.inner.forget(tenant, server).await;
    }
}

/// A vault that opens another secret than was sealed, or does not seal.
struct Vault {
    inner: Arc<dyn CredentialVault>,
    gives_away: Indiscretion,
}

#[async_trait]
impl CredentialVault for Vault {
    fn check_reference(&self, tenant: &TenantId, reference: &str) -> Result<ReferenceTarget, PortError> {
        self.inner.check_reference(tenant, reference)
    }

    fn may_use(
        &self,
        tenant: &TenantId,
        target: &ReferenceTarget,
        grants: &[CredentialGrant],
        access: &CredentialAccess,
    ) -> bool {
        self.inner.may_use(tenant, target, grants, access)
    }

    async fn open(
        &self,
        _tenant: &TenantId,
        _reference: &str,
        _access: &CredentialAccess,
    ) -> Result<Secret, PortError> {
        match self.gives_away {
            Indiscretion::Echoes => Ok(Secret::new("a-decoy-that-nobody-sends".to_owned())),
            // What is stored cannot be opened: it was never sealed.
            _ => Ok(Secret::new(CANARY.to_owned())),
        }
    }

    async fn seal(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
        secret_version: u64,
        secret: &Secret,
    ) -> Result<SealedSecret, PortError> {
        match self.gives_away {
            Indiscretion::Stored => {
                Ok(SealedSecret { envelope: secret.expose().as_bytes().to_vec(), secret_version })
            }
            _ => self.inner.seal(tenant, id, secret_version, secret).await,
        }
    }

    async fn encrypt(
        &self,
        tenant: &TenantId,
        server: &ServerId,
        secret: &Secret,
    ) -> Result<String, PortError> {
        self.inner.encrypt(tenant, server, secret).await
    }
}

/// An audit with a line too many, in a span that holds too much.
struct ChattyAudit(Arc<dyn DispatchAudit>);

#[async_trait]
impl DispatchAudit for ChattyAudit {
    async fn record(&self, tenant: &TenantId, record: &DispatchRecord) {
        let span = tracing::info_span!(target: "portcullis", "audit", authorization = CANARY);
        span.in_scope(|| tracing::info!(target: "portcullis", authorization = CANARY, "dispatched"));
        self.0.record(tenant, record).await;
    }
}

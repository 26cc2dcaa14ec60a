//! What a stream rests on, and whether it still does.

use std::sync::Arc;
use std::time::Duration;

use portcullis_engines::integrations::mcp::decision::CredentialVerdict;
use portcullis_engines::integrations::mcp::listening::is_unmoved;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::logs::ledger::IntentKind;
use portcullis_schemas::tenants::ConfigVersion;
use portcullis_schemas::{Error, ErrorKind};

use crate::bridges::ApiKeysBridge;
use crate::integrations::mcp::exchange::{self, Exchange};
use crate::integrations::mcp::target::{judge_credential, read_grants};
use crate::scene::Scene;

/// How often it is looked whether the tenant's configuration has changed.
const LOOK: Duration = Duration::from_secs(1);
/// So many looks are a minute, after which all is looked at in any case: a key runs out without a new version.
const LOOKS: u32 = 60;
/// So many looks may fail in a row.
const MAX_FAILED: u32 = 10;

/// The server as it was when the stream was begun, by whom, and with which secret.
#[derive(Clone)]
pub(super) struct Ground {
    scene: Scene,
    server: Arc<McpServer>,
    secret_version: Option<u64>,
}

impl Ground {
    /// Of this exchange.
    pub(super) fn of(scene: &Scene, exchange: &Exchange) -> Self {
        let server = Arc::new(exchange.server.clone());
        Self { scene: scene.clone(), server, secret_version: exchange.secret_version }
    }

    pub(super) fn server(&self) -> &Arc<McpServer> {
        &self.server
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// As why nobody may listen any more; `store_unavailable`, which says nothing.
    pub(super) async fn is_firm(&self) -> Result<bool, Error> {
        self.look(None).await.map(|version| version.is_some())
    }

    /// Ends when it does not hold any more, or the process is about to end.
    pub(super) async fn gone(&self) {
        let closing = self.scene.closing();
        let (mut seen, mut looks, mut failed) = (None, 0, 0);
        loop {
            match self.look(seen).await {
                Ok(Some(version)) => (seen, failed) = (Some(version), 0),
                Err(error) if error.kind() == ErrorKind::Unavailable && failed < MAX_FAILED => failed += 1,
                _ => return,
            }
            looks += 1;
            if looks % LOOKS == 0 {
                seen = None;
            }
            tokio::select! {
                () = closing.announced() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// The version of the configuration in which it holds; none when it does not. One that was seen is not looked at again.
    ///
    /// # Errors
    /// Why nobody may listen; `store_unavailable`.
    async fn look(&self, seen: Option<ConfigVersion>) -> Result<Option<ConfigVersion>, Error> {
        let scene = &self.scene;
        let mut work = scene.read().await?;
        let version = work.tenants().config_version(scene.tenant()).await?;
        if seen == Some(version) {
            return Ok(seen);
        }
        let key = work.api_keys().get(scene.tenant(), scene.principal().key()).await?;
        ApiKeysBridge::require(key.as_ref(), scene.now())?;
        let server = exchange::standing(scene, &mut *work, &self.server.server_id).await?.server;
        let grants = read_grants(scene, &mut *work, &server).await?;
        let credential = judge_credential(scene, &grants, &server, IntentKind::ListenForChanges);
        let may_use = matches!(credential.verdict, CredentialVerdict::NotNeeded | CredentialVerdict::Granted);
        let is_same =
            may_use && credential.secret_version == self.secret_version && is_unmoved(&self.server, &server);
        Ok(is_same.then_some(version))
    }
}

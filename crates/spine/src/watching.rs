//! Hears of changes of a tenant's configuration, for callers who stay connected.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::tenants::ConfigVersion;
use portcullis_schemas::{Error, PortError};

use crate::admission::{Bounds, Slot};
use crate::closing::Cut;
use crate::scene::Stage;
use crate::spine::Spine;

/// How often the version is looked at: one read of one row.
const LOOK: Duration = Duration::from_secs(1);

/// So many looks are a minute.
const LOOKS: u32 = 60;

/// Who may watch at a time. A watcher is a connection and a read a second, so there are fewer of them than of requests.
pub(crate) const WATCHERS: Bounds = Bounds { at_once: 64, waiting: 0, all: 512, patience: Duration::ZERO };

/// Watches the configuration of one tenant. Dropping it gives its place back.
pub struct ConfigWatch {
    stage: Arc<Stage>,
    tenant: TenantId,
    seen: ConfigVersion,
    closing: Cut,
    _place: Slot<TenantId>,
}

impl fmt::Debug for ConfigWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigWatch").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// What a watcher has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// The configuration may be another one than before.
    Changed,
    /// The spine closes.
    Closing,
}

impl Spine {
    /// Watches the configuration of a tenant, from what it is now. At most 64 watch one tenant, and 512 all of them.
    ///
    /// # Errors
    /// `overloaded`, at once; `store_unavailable`.
    pub async fn watch(&self, tenant: &TenantId) -> Result<ConfigWatch, Error> {
        let stage = Arc::clone(self.stage());
        let place = stage.watchers.enter(tenant.clone(), Duration::ZERO).await;
        let place =
            place.map_err(|refusal| refusal.to_error("as many streams of this tenant are open as may be"))?;
        let seen = version(&stage, tenant).await?;
        let closing = stage.doors.cut();
        Ok(ConfigWatch { stage, tenant: tenant.clone(), seen, closing, _place: place })
    }
}

impl ConfigWatch {
    /// Waits for what comes next. Changes within a second are one. Time changes things without a new version, a key that
    /// runs out for one, so a minute in which nothing else happened is told as a change too; as such counts a minute in
    /// which the database was away.
    pub async fn next(&mut self) -> Watched {
        for _ in 0..LOOKS {
            tokio::select! {
                () = self.closing.announced() => return Watched::Closing,
                () = tokio::time::sleep(LOOK) => {}
            }
            match version(&self.stage, &self.tenant).await {
                Ok(version) if version != self.seen => {
                    self.seen = version;
                    break;
                }
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "the version of a configuration could not be read"),
            }
        }
        Watched::Changed
    }
}

async fn version(stage: &Stage, tenant: &TenantId) -> Result<ConfigVersion, PortError> {
    stage.ports.store.read().await?.tenants().config_version(tenant).await
}

//! A call that came through a toolset: it rests on the toolset as it was read, besides what every call rests on.

use std::sync::Arc;

use portcullis_engines::integrations::mcp::decision::Denial;
use portcullis_schemas::Error;
use portcullis_schemas::integrations::mcp::invocation::CalledThrough;
use portcullis_schemas::integrations::toolsets::{ExposedName, Toolset};
use portcullis_schemas::tenants::ConfigVersion;

use super::configuration::CallConfiguration;
use crate::scene::Scene;

/// The toolset, and the version of the configuration that it was read at.
///
/// The ledger records a call only if the configuration still is that of the decision. So it is enough that the toolset
/// was read at that one too; where it was not, it is read again, after the decision's facts.
pub(crate) struct ThroughToolset {
    pub(crate) toolset: Arc<Toolset>,
    /// The tool's name in it.
    pub(crate) name: ExposedName,
    /// Of the definition that the arguments were looked at under.
    pub(crate) definition_hash: String,
    pub(crate) read_at: ConfigVersion,
}

impl ThroughToolset {
    /// As the call's record tells it.
    pub(crate) fn facts(&self) -> CalledThrough {
        CalledThrough {
            toolset_id: self.toolset.toolset_id.clone(),
            toolset_version: self.toolset.version,
            name: self.name.clone(),
        }
    }

    /// Looks again if the decision rests on another configuration.
    ///
    /// # Errors
    /// `configuration_unsettled` when toolset or definition has changed since the call came: another attempt sees it as it is.
    pub(crate) async fn require(
        &mut self,
        scene: &Scene,
        configuration: &CallConfiguration,
    ) -> Result<(), Error> {
        if configuration.tool.definition_hash != self.definition_hash {
            return Err(Denial::unsettled().to_error());
        }
        if configuration.version == self.read_at {
            return Ok(());
        }
        let mut work = scene.read().await?;
        let read_at = work.tenants().config_version(scene.tenant()).await?;
        let found = work.toolsets().get(scene.tenant(), &self.toolset.toolset_id).await?;
        if found.is_none_or(|found| found.version != self.toolset.version) {
            return Err(Denial::unsettled().to_error());
        }
        self.read_at = read_at;
        Ok(())
    }
}

//! What was read for earlier calls, so that a call need not read it again. Bounded, by tenant, in memory only.
//!
//! Nothing here is trusted: a call that is let through on it is compared with the database by the ledger, in the
//! transaction of its intent, and a call that it would refuse is judged again on fresh facts.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portcullis_schemas::api_keys::StoredApiKey;
use portcullis_schemas::ids::{KeyId, ServerId, TenantId, ToolId};
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::integrations::toolsets::{Toolset, ToolsetName};
use portcullis_schemas::policies::TenantPolicySet;
use portcullis_schemas::tenants::ConfigVersion;

use crate::integrations::mcp::{CallConfiguration, CallTarget};

/// Most bytes of definitions, policies and toolsets, over all tenants.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// What an entry costs besides its texts, roughly.
const ENTRY_BYTES: usize = 1024;
/// Most keys.
const MAX_KEYS: usize = 4096;

/// The configuration of recent calls.
#[derive(Default)]
pub(crate) struct RememberedCalls {
    tenants: Mutex<Tenants>,
}

#[derive(Default)]
struct Tenants {
    by_id: HashMap<TenantId, Remembered>,
    uses: u64,
}

/// One tenant's configuration at one version, as far as calls have asked for it.
struct Remembered {
    version: ConfigVersion,
    policies: Arc<TenantPolicySet>,
    servers: HashMap<ServerId, Arc<McpServer>>,
    tools: HashMap<ToolId, Arc<McpTool>>,
    calls: HashMap<CallTarget, Arc<CallConfiguration>>,
    toolsets: HashMap<ToolsetName, Arc<Toolset>>,
    bytes: usize,
    last_use: u64,
}

impl RememberedCalls {
    /// What was last read for this call.
    pub(crate) fn remembered(
        &self,
        tenant: &TenantId,
        target: &CallTarget,
    ) -> Option<Arc<CallConfiguration>> {
        let mut tenants = self.lock();
        tenants.uses += 1;
        let now = tenants.uses;
        let remembered = tenants.by_id.get_mut(tenant)?;
        remembered.last_use = now;
        remembered.calls.get(target).cloned()
    }

    /// Keeps what was read for this call. What was read of the tenant at another version is let go.
    pub(crate) fn remember(
        &self,
        tenant: &TenantId,
        target: &CallTarget,
        read: CallConfiguration,
    ) -> Arc<CallConfiguration> {
        let mut tenants = self.lock();
        tenants.uses += 1;
        let now = tenants.uses;
        if tenants.by_id.get(tenant).is_some_and(|known| known.version != read.version) {
            tenants.by_id.remove(tenant);
        }
        let known = tenants.by_id.entry(tenant.clone()).or_insert_with(|| Remembered::of(&read));
        known.last_use = now;
        let kept = known.keep(target, read);
        tenants.make_room();
        kept
    }

    /// A toolset, and the version of the configuration that it is of.
    pub(crate) fn toolset(
        &self,
        tenant: &TenantId,
        name: &ToolsetName,
    ) -> Option<(Arc<Toolset>, ConfigVersion)> {
        let tenants = self.lock();
        let known = tenants.by_id.get(tenant)?;
        Some((Arc::clone(known.toolsets.get(name)?), known.version))
    }

    /// A tool as it is in this version of the configuration.
    pub(crate) fn tool(&self, tenant: &TenantId, tool: &ToolId, at: ConfigVersion) -> Option<Arc<McpTool>> {
        let tenants = self.lock();
        let known = tenants.by_id.get(tenant).filter(|known| known.version == at)?;
        known.tools.get(tool).cloned()
    }

    /// Keeps a toolset beside the calls of the version at which it was read; where there is none, it is let go.
    pub(crate) fn remember_toolset(&self, toolset: &Arc<Toolset>, read_at: ConfigVersion) {
        let mut tenants = self.lock();
        let known = tenants.by_id.get_mut(&toolset.tenant_id);
        let Some(known) = known.filter(|known| known.version == read_at) else { return };
        if !known.toolsets.contains_key(&toolset.name) {
            known.bytes += ENTRY_BYTES * (1 + toolset.tools.len()) + text_bytes(toolset);
            known.toolsets.insert(toolset.name.clone(), Arc::clone(toolset));
            tenants.make_room();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tenants> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tenants {
    /// Lets go of the tenants that were unused for longest.
    fn make_room(&mut self) {
        while self.by_id.values().map(|known| known.bytes).sum::<usize>() > MAX_BYTES {
            let oldest = self.by_id.iter().min_by_key(|(_, known)| known.last_use);
            let Some(oldest) = oldest.map(|(tenant, _)| tenant.clone()) else { return };
            self.by_id.remove(&oldest);
        }
    }
}

impl Remembered {
    fn of(read: &CallConfiguration) -> Self {
        let texts: usize = read.policies.policies.iter().map(|policy| policy.text.as_str().len()).sum();
        Self {
            version: read.version,
            policies: Arc::clone(&read.policies),
            servers: HashMap::new(),
            tools: HashMap::new(),
            calls: HashMap::new(),
            toolsets: HashMap::new(),
            bytes: texts + ENTRY_BYTES,
            last_use: 0,
        }
    }

    /// Keeps it, with what it has in common with other calls held once.
    fn keep(&mut self, target: &CallTarget, mut read: CallConfiguration) -> Arc<CallConfiguration> {
        read.policies = Arc::clone(&self.policies);
        read.server = Arc::clone(self.servers.entry(target.server.clone()).or_insert_with(|| {
            self.bytes += ENTRY_BYTES;
            read.server
        }));
        read.tool = Arc::clone(self.tools.entry(target.tool.clone()).or_insert_with(|| {
            self.bytes += ENTRY_BYTES + read.tool.definition.as_str().len();
            read.tool
        }));
        let kept = Arc::new(read);
        if self.calls.insert(target.clone(), Arc::clone(&kept)).is_none() {
            self.bytes += ENTRY_BYTES;
        }
        kept
    }
}

/// Of what an admin has written in a toolset: fixed arguments can be long.
fn text_bytes(toolset: &Toolset) -> usize {
    serde_json::to_vec(&toolset.tools).map_or(0, |text| text.len())
}

impl fmt::Debug for RememberedCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RememberedCalls").field("tenants", &self.lock().by_id.len()).finish()
    }
}

/// Keys that have authenticated. What a key's text stands for never changes; whether it may be used is looked at
/// again with the facts of the call.
#[derive(Default)]
pub(crate) struct RememberedKeys {
    keys: Mutex<HashMap<KeyId, Arc<StoredApiKey>>>,
}

impl RememberedKeys {
    pub(crate) fn remembered(&self, id: &KeyId) -> Option<Arc<StoredApiKey>> {
        self.lock().get(id).cloned()
    }

    pub(crate) fn remember(&self, key: StoredApiKey) {
        let mut keys = self.lock();
        if keys.len() >= MAX_KEYS {
            keys.clear();
        }
        keys.insert(key.key.key_id.clone(), Arc::new(key));
    }

    pub(crate) fn forget(&self, id: &KeyId) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<KeyId, Arc<StoredApiKey>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RememberedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RememberedKeys").field("keys", &self.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests;

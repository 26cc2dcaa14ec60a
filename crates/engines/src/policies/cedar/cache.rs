//! Compiled sets of the tenants that were active last: one per tenant, bounded in number and in text.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::policies::TenantPolicySet;

use super::compiled::CompiledSet;

/// Most tenants at a time.
pub(super) const MAX_TENANTS: usize = 1024;
/// Most bytes of policy text behind the compiled sets.
pub(super) const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The cache. A new version of a tenant's set takes the place of the old one.
pub(super) struct CompiledSets {
    by_tenant: RwLock<HashMap<TenantId, Entry>>,
    uses: AtomicU64,
}

struct Entry {
    set: Arc<CompiledSet>,
    last_use: AtomicU64,
}

impl CompiledSets {
    pub(super) fn new() -> Self {
        Self { by_tenant: RwLock::new(HashMap::new()), uses: AtomicU64::new(0) }
    }

    /// The tenant's compiled set, if it was made from this stored set.
    pub(super) fn get(&self, tenant: &TenantId, stored: &TenantPolicySet) -> Option<Arc<CompiledSet>> {
        let by_tenant = self.by_tenant.read().unwrap_or_else(PoisonError::into_inner);
        let entry = by_tenant.get(tenant).filter(|entry| entry.set.is_of(stored))?;
        entry.last_use.store(self.next_use(), Ordering::Relaxed);
        Some(Arc::clone(&entry.set))
    }

    /// Keeps a set, and drops the ones unused for longest while a bound is exceeded. Returns the set.
    pub(super) fn insert(&self, tenant: &TenantId, set: CompiledSet) -> Arc<CompiledSet> {
        let set = Arc::new(set);
        let entry = Entry { set: Arc::clone(&set), last_use: AtomicU64::new(self.next_use()) };
        let mut by_tenant = self.by_tenant.write().unwrap_or_else(PoisonError::into_inner);
        by_tenant.insert(tenant.clone(), entry);
        while by_tenant.len() > MAX_TENANTS || total_weight(&by_tenant) > MAX_BYTES {
            let Some(oldest) = least_recent(&by_tenant) else { break };
            by_tenant.remove(&oldest);
        }
        set
    }

    fn next_use(&self) -> u64 {
        self.uses.fetch_add(1, Ordering::Relaxed)
    }
}

impl std::fmt::Debug for CompiledSets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenants = self.by_tenant.read().unwrap_or_else(PoisonError::into_inner).len();
        f.debug_struct("CompiledSets").field("tenants", &tenants).finish_non_exhaustive()
    }
}

fn total_weight(by_tenant: &HashMap<TenantId, Entry>) -> usize {
    by_tenant.values().map(|entry| entry.set.weight()).sum()
}

fn least_recent(by_tenant: &HashMap<TenantId, Entry>) -> Option<TenantId> {
    let oldest = by_tenant.iter().min_by_key(|(_, entry)| entry.last_use.load(Ordering::Relaxed));
    oldest.map(|(tenant, _)| tenant.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::cedar::schema::Vocabulary;

    fn stored(version: u64) -> TenantPolicySet {
        TenantPolicySet { version, policies: Vec::new() }
    }

    fn tenant(number: usize) -> TenantId {
        TenantId::from_trusted(&format!("t{number}")).unwrap()
    }

    #[test]
    fn a_set_of_another_version_or_tenant_is_not_served() {
        let (vocabulary, sets) = (Vocabulary::new(), CompiledSets::new());
        sets.insert(&tenant(1), CompiledSet::compile(&vocabulary, &stored(7)).unwrap());
        assert!(sets.get(&tenant(1), &stored(7)).is_some());
        assert!(sets.get(&tenant(1), &stored(8)).is_none());
        assert!(sets.get(&tenant(2), &stored(7)).is_none());
    }

    #[test]
    fn the_set_unused_for_longest_goes_first() {
        let (vocabulary, sets) = (Vocabulary::new(), CompiledSets::new());
        for number in 0..MAX_TENANTS {
            sets.insert(&tenant(number), CompiledSet::compile(&vocabulary, &stored(1)).unwrap());
        }
        assert!(sets.get(&tenant(0), &stored(1)).is_some(), "makes tenant 1 the oldest");
        sets.insert(&tenant(MAX_TENANTS), CompiledSet::compile(&vocabulary, &stored(1)).unwrap());
        assert!(sets.get(&tenant(1), &stored(1)).is_none());
        assert!(sets.get(&tenant(0), &stored(1)).is_some());
        assert_eq!(sets.by_tenant.read().unwrap().len(), MAX_TENANTS);
    }
}

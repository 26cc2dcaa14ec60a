//! The chains of all tenants in an export, side by side.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::TenantHead;
use crate::chain::{Break, ChainVerifier, GENESIS, StoredRecord};
use crate::digest::Digest;

/// One verifier for each tenant, and the heads that are known of some.
#[derive(Debug)]
pub(super) struct Chains {
    by_tenant: HashMap<String, ChainVerifier>,
    given: Vec<TenantHead>,
    /// Of the heads that were given, those that were not reached yet: sequences and hashes by tenant.
    known: BTreeMap<String, Vec<(u64, Digest)>>,
}

impl Chains {
    pub(super) fn new(given: Vec<TenantHead>) -> Self {
        let mut known: BTreeMap<String, Vec<_>> = BTreeMap::new();
        // Before its first record every chain is the same.
        for head in given.iter().filter(|head| (head.sequence, head.hash) != (0, GENESIS)) {
            known.entry(head.tenant.clone()).or_default().push((head.sequence, head.hash));
        }
        Self { by_tenant: HashMap::new(), given, known }
    }

    /// Takes the next record of its tenant; what breaks there.
    pub(super) fn push(&mut self, record: &StoredRecord<'_>) -> Option<Break> {
        // Most records belong to a tenant that is known; only a new one costs a copy of its name.
        if let Some(chain) = self.by_tenant.get_mut(record.tenant()) {
            return chain.push_past(record);
        }
        let mut chain = ChainVerifier::new(record.tenant());
        let broken = chain.push_past(record);
        self.by_tenant.insert(record.tenant().to_owned(), chain);
        broken
    }

    /// The hash that was known before for the record at this place, if it is another one.
    pub(super) fn rewritten(&mut self, record: &StoredRecord<'_>) -> Option<Digest> {
        if self.known.is_empty() {
            return None;
        }
        let heads = self.known.get_mut(record.tenant())?;
        let is_here = |head: &(u64, Digest)| head.0 == record.sequence();
        // Of two heads for one place one differs.
        let other = heads.iter().find(|head| is_here(head) && head.1 != record.hash()).map(|head| head.1);
        heads.retain(|head| !is_here(head));
        if heads.is_empty() {
            self.known.remove(record.tenant());
        }
        other
    }

    /// The known heads that no record had the place of: tenants and sequences, in their order.
    pub(super) fn unreached(&mut self) -> BTreeSet<(String, u64)> {
        let known = std::mem::take(&mut self.known).into_iter();
        known
            .flat_map(|(tenant, heads)| heads.into_iter().map(move |head| (tenant.clone(), head.0)))
            .collect()
    }

    /// The newest record of a tenant.
    pub(super) fn newest(&self, tenant: &str) -> TenantHead {
        let verified = self.by_tenant.get(tenant).and_then(|chain| chain.clone().finish().ok());
        match verified.and_then(|verified| Some((verified.last_sequence?, verified.head))) {
            Some((sequence, hash)) => TenantHead { tenant: tenant.to_owned(), sequence, hash },
            None => TenantHead::of_none(tenant),
        }
    }

    /// Whether the auditor brought this head along.
    pub(super) fn was_given(&self, head: &TenantHead) -> bool {
        self.given.contains(head)
    }

    pub(super) fn tenants(&self) -> u64 {
        self.by_tenant.len() as u64
    }
}

//! The chains of all tenants in an export, side by side.

use std::collections::{BTreeMap, HashMap};

use super::verifier::TenantHead;
use crate::chain::{Break, ChainVerifier, StoredRecord};
use crate::digest::Digest;

/// One verifier for each tenant, and the heads that are known of some.
#[derive(Debug)]
pub(super) struct Chains {
    by_tenant: HashMap<String, ChainVerifier>,
    /// Heads that were not reached yet.
    known: BTreeMap<String, (u64, Digest)>,
}

impl Chains {
    pub(super) fn new(known: Vec<TenantHead>) -> Self {
        let known = known.into_iter().map(|head| (head.tenant, (head.sequence, head.hash))).collect();
        Self { by_tenant: HashMap::new(), known }
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
        let (sequence, hash) = *self.known.get(record.tenant())?;
        if sequence != record.sequence() {
            return None;
        }
        self.known.remove(record.tenant());
        (hash != record.hash()).then_some(hash)
    }

    /// The known heads that no record had the place of, in the order of their tenants.
    pub(super) fn unreached(&mut self) -> BTreeMap<String, (u64, Digest)> {
        std::mem::take(&mut self.known)
    }

    pub(super) fn tenants(&self) -> u64 {
        self.by_tenant.len() as u64
    }
}

//! The trail in memory.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::event::{AuditEvent, AuditEventDraft};
use portcullis_schemas::logs::ports::{AuditLog, EventFilter};
use portcullis_schemas::paging::{Page, PageRequest};

use super::chain::{link, record_of, text_of};
use super::paging::{newest_first, page};
use super::state::State;
use super::unit::MemoryUnit;

#[async_trait]
impl AuditLog for MemoryUnit {
    async fn append(&mut self, tenant: &TenantId, events: &[AuditEventDraft]) -> Result<(), PortError> {
        self.change()?.append_events(tenant, events)
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        filter: &EventFilter,
        request: &PageRequest,
    ) -> Result<Page<AuditEvent>, PortError> {
        let mut own = self.rows().events_of(tenant);
        newest_first(&mut own, |event| event.sequence);
        let found = page(own, request, |event| event.event_id.to_string(), |event| matches(filter, event))?;
        Ok(found.map(|event| AuditEvent::clone(&event)))
    }

    async fn texts(&mut self, tenant: &TenantId, from: u64, limit: u16) -> Result<Vec<String>, PortError> {
        let own = self.rows().events_of(tenant);
        let wanted = own.iter().filter(|event| event.sequence >= from).take(usize::from(limit));
        wanted.map(|event| Ok(text_of(&record_of(event)?))).collect()
    }
}

impl State {
    /// Appends events to the tenant's chain.
    pub(crate) fn append_events(
        &mut self,
        tenant: &TenantId,
        drafts: &[AuditEventDraft],
    ) -> Result<(), PortError> {
        let chain = self.events.entry(tenant.clone()).or_default();
        for draft in drafts {
            let event = link(tenant, chain.last().map(Arc::as_ref), draft, &self.hash)?;
            chain.push(Arc::new(event));
        }
        Ok(())
    }

    fn events_of(&self, tenant: &TenantId) -> Vec<Arc<AuditEvent>> {
        let seen = self.events.iter().filter(|(owner, _)| self.sees(tenant, owner));
        seen.flat_map(|(_, chain)| chain.iter().cloned()).collect()
    }
}

fn matches(filter: &EventFilter, event: &AuditEvent) -> bool {
    let about = |id: &String| event.subject.values().any(|value| value == id.as_str());
    (filter.types.is_empty() || filter.types.contains(&event.event_type))
        && filter.subject.as_ref().is_none_or(about)
}

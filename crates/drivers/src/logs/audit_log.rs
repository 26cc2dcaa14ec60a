//! The trail of a tenant, within a unit of work.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{EventId, KeyId, TenantId};
use portcullis_schemas::logs::event::{AuditEvent, AuditEventDraft, AuditEventType, EventActor};
use portcullis_schemas::logs::ports::{AuditLog, EventFilter};
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::principal::ActorType;
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::append::Appender;
use super::look_up::{about, newest, of_types, records};
use super::rows::event;
use crate::bulk::Script;
use crate::paging::invalid_cursor;
use crate::rows::{count, from_json, tenant as stored_tenant};
use crate::tenancy::TenantRows;
use crate::uow::SharedTransaction;

/// The trail in the database.
#[derive(Debug)]
pub struct SqlAuditLog {
    tx: SharedTransaction,
}

impl SqlAuditLog {
    pub(crate) fn new(tx: SharedTransaction) -> Self {
        Self { tx }
    }
}

#[async_trait]
impl AuditLog for SqlAuditLog {
    async fn append(&mut self, tenant: &TenantId, events: &[AuditEventDraft]) -> Result<(), PortError> {
        let connection = self.tx.of_record(tenant).await?;
        let mut appender = Appender::open(connection, [tenant]).await?;
        appender.append(tenant, events)?;
        appender.write_after(Script::on(connection), connection).await
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        filter: &EventFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEvent>, PortError> {
        let before = page.cursor.as_ref().map(|cursor| cursor.as_str().parse());
        let before = before.transpose().map_err(|_| invalid_cursor())?.unwrap_or(i64::MAX);
        let rows = of_types(tenant, &filter.types);
        let connection = self.tx.of_record(tenant).await?;
        let records = match &filter.subject {
            Some(id) => about(connection, rows, before, (tenant, id), page.fetch()).await?,
            None => records(connection, newest(rows, before).limit(page.fetch())).await?,
        };
        let events = records.iter().map(|record| event_of(record)).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::from_overfetch(events, page.limit, |event| event.sequence.to_string()))
    }

    async fn texts(&mut self, tenant: &TenantId, from: u64, limit: u16) -> Result<Vec<String>, PortError> {
        let rows = event::Entity::in_tenant(tenant)
            .filter(event::Column::Sequence.gte(count(from)))
            .order_by_asc(event::Column::Sequence)
            .limit(u64::from(limit));
        records(self.tx.of_record(tenant).await?, rows).await
    }
}

/// An event as stored. The vocabulary's type has no `Deserialize`, because a tenant id must not come from a request.
#[derive(Deserialize)]
struct StoredFields {
    tenant_id: String,
    sequence: u64,
    event_id: EventId,
    event_type: AuditEventType,
    occurred_at: Timestamp,
    actor: StoredActor,
    request_id: Option<String>,
    subject: Map<String, Value>,
    facts: Map<String, Value>,
    previous_hash: String,
    hash: String,
}

#[derive(Deserialize)]
struct StoredActor {
    name: String,
    key_id: Option<KeyId>,
    actor_type: ActorType,
}

fn event_of(record: &str) -> Result<AuditEvent, PortError> {
    let fields: StoredFields = from_json("record", record)?;
    let StoredActor { name, key_id, actor_type } = fields.actor;
    Ok(AuditEvent {
        tenant_id: stored_tenant(&fields.tenant_id)?,
        sequence: fields.sequence,
        event_id: fields.event_id,
        event_type: fields.event_type,
        occurred_at: fields.occurred_at,
        actor: EventActor { name, key_id, actor_type },
        request_id: fields.request_id,
        subject: fields.subject,
        facts: fields.facts,
        previous_hash: fields.previous_hash,
        hash: fields.hash,
    })
}

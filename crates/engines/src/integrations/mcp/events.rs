//! Drafts of audit events about servers, tools and exchanges.

use portcullis_schemas::context::CallContext;
use portcullis_schemas::ids::EventId;
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType, EventActor};
use portcullis_schemas::principal::ActorType;
use portcullis_schemas::runtime::IdSource;
use portcullis_schemas::timestamp::Timestamp;
use serde_json::{Map, Value};

/// What every event of one request shares: time, actor, request. Also where new ids come from.
#[derive(Clone, Copy)]
pub struct EventStamp<'a> {
    /// New ids.
    pub ids: &'a dyn IdSource,
    /// When.
    pub now: Timestamp,
    /// Who.
    pub actor: &'a EventActor,
    /// Request, if one caused it.
    pub request_id: Option<&'a str>,
}

impl std::fmt::Debug for EventStamp<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStamp")
            .field("now", &self.now)
            .field("actor", &self.actor)
            .finish_non_exhaustive()
    }
}

impl EventStamp<'_> {
    /// An event. `facts` must be an object; anything else makes an event without facts.
    #[must_use]
    pub fn draft(
        &self,
        event_type: AuditEventType,
        mut subject: Vec<(&'static str, String)>,
        facts: Value,
    ) -> AuditEventDraft {
        subject.sort_unstable();
        AuditEventDraft {
            event_id: EventId::generate(self.ids),
            event_type,
            occurred_at: self.now,
            actor: self.actor.clone(),
            request_id: self.request_id.map(str::to_owned),
            subject,
            facts: object(facts),
        }
    }
}

/// The actor behind a call.
#[must_use]
pub fn actor_of(ctx: &CallContext) -> EventActor {
    EventActor {
        name: ctx.principal.actor().to_owned(),
        key_id: Some(ctx.principal.key().clone()),
        actor_type: ctx.principal.actor_type(),
    }
}

/// Portcullis itself: recovery and scheduled work.
#[must_use]
pub fn system_actor() -> EventActor {
    EventActor { name: "portcullis".to_owned(), key_id: None, actor_type: ActorType::System }
}

/// The members of an object, for facts written with `json!`.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

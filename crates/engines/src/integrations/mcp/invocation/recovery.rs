//! Intents whose instance died: closed as unknown, never run again.

use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::invocation::{
    InvocationFacts, InvocationOutcome, McpToolInvocation,
};
use portcullis_schemas::logs::event::{AuditEventType, EventActor};
use portcullis_schemas::logs::ledger::{AbandonedIntent, IntentSubject, Settlement};
use portcullis_schemas::logs::ports::ToolEventContext;
use serde_json::json;

use super::{McpToolInvocationEngine, settle::plain_event};
use crate::integrations::mcp::events::{EventStamp, system_actor};
use crate::integrations::mcp::incident_rules;

impl McpToolInvocationEngine {
    /// How an abandoned intent is closed: `unknown`, with an event and an incident. Settle it with the receipt that
    /// the ledger gives for taking it over.
    pub async fn recover(&self, abandoned: &AbandonedIntent) -> Settlement {
        let actor = system_actor();
        match &abandoned.subject {
            IntentSubject::Invocation(facts) => self.recover_call(abandoned, facts, &actor).await,
            subject => self.recover_exchange(abandoned, subject, &actor),
        }
    }

    async fn recover_call(
        &self,
        abandoned: &AbandonedIntent,
        facts: &InvocationFacts,
        actor: &EventActor,
    ) -> Settlement {
        let now = self.ports.clock.now();
        let outcome = InvocationOutcome::Unknown;
        let code = Some(codes::OUTCOME_UNKNOWN);
        let incident = incident_rules::cut_off(&*self.ports.ids, now, facts);
        let row = McpToolInvocation {
            tenant_id: abandoned.tenant.clone(),
            facts: facts.clone(),
            outcome,
            output_hash: None,
            output_bytes: None,
            sanitised: None,
            asked: None,
            error_code: code.map(|code| code.to_string()),
            error_message: Some(
                "the gateway stopped before the outcome was recorded; the upstream may have acted".to_owned(),
            ),
            duration_ms: now.millis_since(facts.invoked_at),
            started_at: None,
            completed_at: now,
            incident_id: Some(incident.incident_id.clone()),
        };
        let call = ToolEventContext { actor, facts, traceparent: None };
        let event = match self.ports.emitter.emit_tool_failed(&abandoned.tenant, call, &row).await {
            Ok(event) => event,
            Err(_) => plain_event(&self.system_stamp(actor, Some(&facts.request_id)), &row, false),
        };
        Settlement {
            intent_id: abandoned.intent_id.clone(),
            events: vec![event],
            invocation: Some(row),
            incident: Some(incident),
            answer: None,
            frees_key: false,
            frees_approval: None,
        }
    }

    fn recover_exchange(
        &self,
        abandoned: &AbandonedIntent,
        subject: &IntentSubject,
        actor: &EventActor,
    ) -> Settlement {
        let mut settlement = Settlement {
            intent_id: abandoned.intent_id.clone(),
            events: Vec::new(),
            invocation: None,
            incident: None,
            answer: None,
            frees_key: false,
            frees_approval: None,
        };
        if let IntentSubject::Exchange { purpose, server_id, request_id } = subject {
            let stamp = self.system_stamp(actor, request_id.as_deref());
            let facts = json!({ "purpose": purpose, "error_code": codes::OUTCOME_UNKNOWN });
            let about = vec![("server_id", server_id.to_string())];
            settlement.events.push(stamp.draft(AuditEventType::McpExchangeUnknown, about, facts));
            settlement.incident = incident_rules::exchange_unknown(&stamp, server_id.as_str(), *purpose);
        }
        settlement
    }

    fn system_stamp<'a>(&'a self, actor: &'a EventActor, request_id: Option<&'a str>) -> EventStamp<'a> {
        EventStamp { ids: &*self.ports.ids, now: self.ports.clock.now(), actor, request_id }
    }
}

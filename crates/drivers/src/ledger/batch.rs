//! Applies many callers' values in one transaction: read what they depend on, judge each in its turn, write all rows.
//! Never commits.

use std::collections::BTreeMap;

use portcullis_schemas::PortError;
use portcullis_schemas::ids::{ApprovalId, InstanceId, IntentId, TenantId};
use portcullis_schemas::incidents::NewIncident;
use portcullis_schemas::integrations::flows::DataFlows;
use portcullis_schemas::integrations::mcp::invocation::McpToolInvocation;
use portcullis_schemas::logs::event::AuditEventDraft;
use portcullis_schemas::logs::ledger::{
    Intent, IntentKind, IntentSubject, Recorded, Refusal, SealedAnswer, Settlement,
};
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryTrait};

use super::forgetting::forget;
use super::job::{Verdict, Work};
use super::judge::{Known, run_of};
use super::known;
use super::rows::{claim, instance, intent, open_intent};
use crate::bulk::{Script, padded};
use crate::database::Session;
use crate::incidents::open_incident;
use crate::integrations::approvals::{ApprovalRow, approval_row, give_back, use_up};
use crate::integrations::flows::{StoredRun, write_runs};
use crate::integrations::mcp::invocations::{Counters, InvocationRow, invocation_row};
use crate::logs::Appender;
use crate::rows::to_json;

/// Instances whose lease ran out this long ago are forgotten; an intent of theirs counts as abandoned all the same.
const FORGET_AFTER_MICROS: i64 = 3_600_000_000;
/// The row that a readiness probe writes. No intent belongs to it.
const PROBE: &str = "readiness";

/// Applies all values, or fails for all of them: then the caller rolls back.
pub(super) async fn apply(session: &dyn Session, works: &[&Work]) -> Result<Vec<Verdict>, PortError> {
    let (mut known, heads) = known::read(session, works).await?;
    let mut verdicts = Vec::with_capacity(works.len());
    let mut writes = Writes::to(Appender::at(heads));
    for work in works {
        verdicts.push(writes.add(session, work, &mut known).await?);
    }
    writes.write(session).await?;
    Ok(verdicts)
}

/// The rows of a batch.
struct Writes {
    trail: Appender,
    intents: Vec<intent::Model>,
    open: Vec<open_intent::Model>,
    claims: Vec<claim::Model>,
    closed: Vec<String>,
    ended: Vec<(String, Option<SealedAnswer>)>,
    /// Intents whose keys are free again.
    freed: Vec<String>,
    asked: Vec<ApprovalRow>,
    used: Vec<(TenantId, ApprovalId, IntentId)>,
    given_back: Vec<(TenantId, ApprovalId, IntentId)>,
    runs: Vec<(StoredRun, DataFlows, Timestamp)>,
    invocations: Vec<InvocationRow>,
    counters: Counters,
    leases: BTreeMap<String, i64>,
}

impl Writes {
    fn to(trail: Appender) -> Self {
        Self {
            trail,
            intents: Vec::new(),
            open: Vec::new(),
            claims: Vec::new(),
            closed: Vec::new(),
            ended: Vec::new(),
            freed: Vec::new(),
            asked: Vec::new(),
            used: Vec::new(),
            given_back: Vec::new(),
            runs: Vec::new(),
            invocations: Vec::new(),
            counters: Counters::default(),
            leases: BTreeMap::new(),
        }
    }

    async fn add(
        &mut self,
        session: &dyn Session,
        work: &Work,
        known: &mut Known,
    ) -> Result<Verdict, PortError> {
        match work {
            Work::Record { tenant, intent } => {
                let recorded = known.judge_intent(tenant, intent);
                if matches!(recorded, Recorded::Receipt(_)) {
                    self.add_intent(tenant, intent)?;
                }
                return Ok(Verdict::Recorded(recorded));
            }
            Work::Settle { tenant, settlement } => {
                let Some(open) = known.close(tenant, &settlement.intent_id) else {
                    return Ok(Verdict::Closed);
                };
                self.add_settlement(session, tenant, settlement, open.claimed).await?;
            }
            Work::Refuse { tenant, refusal } => self.add_refusal(session, tenant, refusal).await?,
            Work::Renew { instance, until } => self.add_lease(instance, *until),
            Work::Forget { before, limit } => {
                return Ok(Verdict::Forgotten(forget(session, *before, *limit).await?));
            }
            Work::Probe => drop(self.leases.insert(PROBE.to_owned(), 0)),
        }
        Ok(Verdict::Written)
    }

    fn add_intent(&mut self, tenant: &TenantId, intent: &Intent) -> Result<(), PortError> {
        let tenant_id = tenant.as_str().to_owned();
        let intent_id = intent.intent_id.to_string();
        self.intents.push(intent::Model {
            intent_id: intent_id.clone(),
            tenant_id: tenant_id.clone(),
            kind: kind(&intent.subject)?.as_str().to_owned(),
            instance_id: intent.instance.to_string(),
            subject: to_json(&intent.subject)?,
            recorded_at: intent.recorded_at.as_micros(),
        });
        self.open.push(open_intent::Model {
            intent_id: intent_id.clone(),
            tenant_id: tenant_id.clone(),
            instance_id: intent.instance.to_string(),
            claimed: intent.idempotency.is_some(),
            recorded_at: intent.recorded_at.as_micros(),
        });
        if let Some(claim) = &intent.idempotency {
            self.claims.push(claim::Model {
                tenant_id,
                key_id: claim.key_id.to_string(),
                operation: claim.operation.clone(),
                idempotency_key: claim.idempotency_key.as_str().to_owned(),
                request_hash: claim.request_hash.clone(),
                intent_id,
                state: claim::IN_FLIGHT.to_owned(),
                answer: None,
                created_at: intent.recorded_at.as_micros(),
            });
        }
        if let Some(approval) = &intent.approval {
            self.used.push((tenant.clone(), approval.clone(), intent.intent_id.clone()));
        }
        if let Some(change) = &intent.flows {
            self.runs.push((run_of(tenant, change), change.becomes, intent.recorded_at));
        }
        self.trail.append(tenant, &intent.events)
    }

    async fn add_settlement(
        &mut self,
        session: &dyn Session,
        tenant: &TenantId,
        settlement: &Settlement,
        claimed: bool,
    ) -> Result<(), PortError> {
        self.closed.push(settlement.intent_id.to_string());
        let intent = settlement.intent_id.to_string();
        match (claimed, settlement.frees_key) {
            (true, true) => self.freed.push(intent),
            (true, false) => self.ended.push((intent, settlement.answer.clone())),
            (false, _) => {}
        }
        if let Some(approval) = &settlement.frees_approval {
            self.given_back.push((tenant.clone(), approval.clone(), settlement.intent_id.clone()));
        }
        if let Some(invocation) = &settlement.invocation {
            self.counters.count(tenant, invocation);
        }
        let Settlement { events, invocation, incident, .. } = settlement;
        self.add_outcome(session, tenant, events, invocation.as_ref(), incident.as_ref()).await
    }

    async fn add_refusal(
        &mut self,
        session: &dyn Session,
        tenant: &TenantId,
        refusal: &Refusal,
    ) -> Result<(), PortError> {
        let Refusal { events, invocation, incident, approval } = refusal;
        if let Some(approval) = approval {
            self.asked.push(approval_row(tenant, approval)?);
        }
        self.add_outcome(session, tenant, events, invocation.as_ref(), incident.as_ref()).await
    }

    /// The incident's own event follows the events that explain it.
    async fn add_outcome(
        &mut self,
        session: &dyn Session,
        tenant: &TenantId,
        events: &[AuditEventDraft],
        invocation: Option<&McpToolInvocation>,
        incident: Option<&NewIncident>,
    ) -> Result<(), PortError> {
        self.trail.append(tenant, events)?;
        let mut incident_id = None;
        if let Some(incident) = incident {
            let opening = open_incident(session, tenant, incident).await?;
            self.trail.append(tenant, opening.event.as_slice())?;
            incident_id = Some(opening.incident_id);
        }
        if let Some(invocation) = invocation {
            self.invocations.push(invocation_row(tenant, invocation, incident_id.as_ref())?);
        }
        Ok(())
    }

    fn add_lease(&mut self, instance: &InstanceId, until: Timestamp) {
        let lease = self.leases.entry(instance.to_string()).or_insert(i64::MIN);
        *lease = until.as_micros().max(*lease);
    }

    async fn write(self, session: &dyn Session) -> Result<(), PortError> {
        renew(session, self.leases).await?;
        write_runs(session, self.runs).await?;
        let mut script = Script::on(session);
        script.insert(self.intents);
        script.insert(self.open);
        script.insert(self.claims);
        close(&mut script, self.closed);
        end_claims(&mut script, self.ended);
        free_claims(&mut script, self.freed);
        script.insert(self.asked);
        for (tenant, approval, intent) in &self.used {
            use_up(&mut script, tenant, approval, intent);
        }
        for (tenant, approval, intent) in &self.given_back {
            give_back(&mut script, tenant, approval, intent);
        }
        script.insert(self.invocations);
        self.counters.add_to(&mut script);
        self.trail.write_after(script, session).await
    }
}

fn kind(subject: &IntentSubject) -> Result<IntentKind, PortError> {
    match subject {
        IntentSubject::Invocation(_) => Ok(IntentKind::InvokeTool),
        IntentSubject::Exchange { purpose, .. } => Ok(*purpose),
        _ => Err(PortError::corrupt("an intent of a kind that this ledger does not know")),
    }
}

/// The fence. Where several writers run at once, one that comes late deletes fewer rows, and all it wrote goes.
fn close(script: &mut Script, intents: Vec<String>) {
    if intents.is_empty() {
        return;
    }
    let rows = intents.len();
    let delete =
        open_intent::Entity::delete_many().filter(open_intent::Column::IntentId.is_in(padded(intents)));
    script.add(&delete.into_query(), rows);
}

fn end_claims(script: &mut Script, ended: Vec<(String, Option<SealedAnswer>)>) {
    for (intent, answer) in ended {
        let state = if answer.is_some() { claim::ENDED } else { claim::UNKNOWN };
        let update = claim::Entity::update_many()
            .filter(claim::Column::IntentId.eq(intent))
            .col_expr(claim::Column::State, Expr::value(state))
            .col_expr(claim::Column::Answer, Expr::value(answer.map(|SealedAnswer(bytes)| bytes)));
        script.add(&update.into_query(), 1);
    }
}

fn free_claims(script: &mut Script, freed: Vec<String>) {
    for intent in freed {
        let delete = claim::Entity::delete_many().filter(claim::Column::IntentId.eq(intent));
        script.add(&delete.into_query(), 1);
    }
}

async fn renew(session: &dyn Session, leases: BTreeMap<String, i64>) -> Result<(), PortError> {
    let Some(latest) = leases.values().max().copied() else { return Ok(()) };
    for (instance_id, lease_until) in leases {
        let row = instance::Model { instance_id, lease_until }.into_active_model();
        let replace = OnConflict::column(instance::Column::InstanceId)
            .update_column(instance::Column::LeaseUntil)
            .to_owned();
        let insert = instance::Entity::insert(row).on_conflict(replace);
        session.change(&insert.into_query()).await?;
    }
    let forgotten = instance::Column::LeaseUntil.lt(latest.saturating_sub(FORGET_AFTER_MICROS));
    session.change(&instance::Entity::delete_many().filter(forgotten).into_query()).await.map(drop)
}

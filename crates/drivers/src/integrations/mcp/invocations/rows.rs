//! Rows of `mcp_tool_invocations`.

use portcullis_schemas::PortError;
use portcullis_schemas::ids::{IncidentId, TenantId};
use portcullis_schemas::integrations::mcp::invocation::{InvocationFacts, McpToolInvocation};
use portcullis_schemas::text::RunId;
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::entity::prelude::*;

use crate::rows::{
    count, from_json, micros_if, stored, stored_if, tenant as stored_tenant, time_if, to_json, uncount,
};
use crate::tenancy::owned_by;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mcp_tool_invocations")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) invocation_id: String,
    pub(crate) server_id: String,
    pub(crate) tool_id: String,
    pub(crate) tool_name: String,
    pub(crate) pinned_hash: Option<String>,
    pub(crate) risk_level: String,
    pub(crate) run_id: Option<String>,
    pub(crate) step_index: Option<i64>,
    pub(crate) actor_id: String,
    pub(crate) actor_type: String,
    pub(crate) request_id: String,
    pub(crate) input_hash: String,
    pub(crate) input_preview: Option<String>,
    pub(crate) policy_decision: String,
    pub(crate) policy_ids: String,
    pub(crate) policy_version: i64,
    pub(crate) policy_reason: Option<String>,
    pub(crate) invoked_at: i64,
    pub(crate) outcome: String,
    pub(crate) output_hash: Option<String>,
    pub(crate) output_bytes: Option<i64>,
    pub(crate) error_code: Option<String>,
    pub(crate) error_message: Option<String>,
    pub(crate) duration_ms: i64,
    pub(crate) started_at: Option<i64>,
    pub(crate) completed_at: i64,
    pub(crate) incident_id: Option<String>,
    pub(crate) through: Option<String>,
    pub(crate) approval_id: Option<String>,
    pub(crate) flows: Option<String>,
    pub(crate) method: String,
    pub(crate) sanitised: Option<String>,
    pub(crate) round: Option<String>,
    pub(crate) asked: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::tenancy::TenantRows for Entity {
    const TENANT: Column = Column::TenantId;
}

/// The row of an invocation; `incident` is the one that was really opened or joined.
pub(crate) fn row(
    tenant: &TenantId,
    invocation: &McpToolInvocation,
    incident: Option<&IncidentId>,
) -> Result<Model, PortError> {
    owned_by(tenant, &invocation.tenant_id)?;
    let facts = &invocation.facts;
    Ok(Model {
        tenant_id: tenant.as_str().to_owned(),
        invocation_id: facts.invocation_id.to_string(),
        server_id: facts.server_id.to_string(),
        tool_id: facts.tool_id.to_string(),
        tool_name: facts.tool_name.clone(),
        pinned_hash: facts.pinned_hash.clone(),
        risk_level: facts.risk_level.as_str().to_owned(),
        run_id: facts.run_id.as_ref().map(|run| run.as_str().to_owned()),
        step_index: facts.step_index.map(i64::from),
        actor_id: facts.actor_id.clone(),
        actor_type: facts.actor_type.as_str().to_owned(),
        request_id: facts.request_id.clone(),
        input_hash: facts.input_hash.clone(),
        input_preview: facts.input_preview.clone(),
        policy_decision: facts.policy_decision.as_str().to_owned(),
        policy_ids: to_json(&facts.policy_ids)?,
        policy_version: count(facts.policy_version),
        policy_reason: facts.policy_reason.clone(),
        invoked_at: facts.invoked_at.as_micros(),
        outcome: invocation.outcome.as_str().to_owned(),
        output_hash: invocation.output_hash.clone(),
        output_bytes: invocation.output_bytes.map(count),
        error_code: invocation.error_code.clone(),
        error_message: invocation.error_message.clone(),
        duration_ms: count(invocation.duration_ms),
        started_at: micros_if(invocation.started_at),
        completed_at: invocation.completed_at.as_micros(),
        incident_id: incident.or(invocation.incident_id.as_ref()).map(ToString::to_string),
        through: facts.through.as_ref().map(to_json).transpose()?,
        approval_id: facts.approval_id.as_ref().map(ToString::to_string),
        flows: facts.flows.as_ref().map(to_json).transpose()?,
        method: facts.method.as_str().to_owned(),
        sanitised: invocation.sanitised.as_ref().map(to_json).transpose()?,
        round: facts.round.as_ref().map(to_json).transpose()?,
        asked: invocation.asked.as_ref().map(to_json).transpose()?,
    })
}

/// The invocation of a row.
pub(super) fn invocation(row: Model) -> Result<McpToolInvocation, PortError> {
    let facts = InvocationFacts {
        invocation_id: stored("invocation_id", row.invocation_id.parse())?,
        server_id: stored("server_id", row.server_id.parse())?,
        tool_id: stored("tool_id", row.tool_id.parse())?,
        method: stored("method", row.method.parse())?,
        tool_name: row.tool_name,
        pinned_hash: row.pinned_hash,
        risk_level: stored("risk_level", row.risk_level.parse())?,
        run_id: stored_if("run_id", row.run_id, RunId::new)?,
        step_index: stored_if("step_index", row.step_index, u32::try_from)?,
        through: row.through.map(|text| from_json("through", &text)).transpose()?,
        actor_id: row.actor_id,
        actor_type: stored("actor_type", row.actor_type.parse())?,
        request_id: row.request_id,
        input_hash: row.input_hash,
        input_preview: row.input_preview,
        policy_decision: stored("policy_decision", row.policy_decision.parse())?,
        policy_ids: from_json("policy_ids", &row.policy_ids)?,
        policy_version: uncount("policy_version", row.policy_version)?,
        policy_reason: row.policy_reason,
        approval_id: stored_if("approval_id", row.approval_id, |id| id.parse())?,
        flows: row.flows.map(|text| from_json("flows", &text)).transpose()?,
        round: row.round.map(|text| from_json("round", &text)).transpose()?,
        invoked_at: Timestamp::from_micros(row.invoked_at),
    };
    Ok(McpToolInvocation {
        tenant_id: stored_tenant(&row.tenant_id)?,
        facts,
        outcome: stored("outcome", row.outcome.parse())?,
        output_hash: row.output_hash,
        sanitised: row.sanitised.map(|text| from_json("sanitised", &text)).transpose()?,
        asked: row.asked.map(|text| from_json("asked", &text)).transpose()?,
        output_bytes: stored_if("output_bytes", row.output_bytes, u64::try_from)?,
        error_code: row.error_code,
        error_message: row.error_message,
        duration_ms: uncount("duration_ms", row.duration_ms)?,
        started_at: time_if(row.started_at),
        completed_at: Timestamp::from_micros(row.completed_at),
        incident_id: stored_if("incident_id", row.incident_id, |id| id.parse())?,
    })
}

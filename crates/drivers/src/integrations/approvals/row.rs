//! The row of an approval.

use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::approvals::{CallApproval, StoredApproval};
use portcullis_schemas::logs::ledger::SealedAnswer;
use portcullis_schemas::text::RunId;
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::entity::prelude::*;

use crate::rows::{
    count, from_json, micros_if, stored, stored_if, tenant as stored_tenant, time_if, to_json, uncount,
};
use crate::tenancy::{TenantRows, owned_by};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "call_approvals")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) approval_id: String,
    pub(crate) binding: String,
    pub(crate) status: String,
    pub(crate) rule: String,
    pub(crate) requested_by: String,
    pub(crate) actor_id: String,
    pub(crate) actor_type: String,
    pub(crate) server_id: String,
    pub(crate) tool_id: String,
    pub(crate) tool_name: String,
    pub(crate) pinned_hash: Option<String>,
    pub(crate) risk_level: String,
    pub(crate) policy_version: i64,
    pub(crate) policy_ids: String,
    pub(crate) through: Option<String>,
    pub(crate) run_id: Option<String>,
    pub(crate) input_hash: String,
    pub(crate) invocation_id: String,
    pub(crate) arguments: Vec<u8>,
    pub(crate) requested_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_at: Option<i64>,
    pub(crate) reason: Option<String>,
    pub(crate) used_by: Option<String>,
    pub(crate) version: i64,
    pub(crate) flows: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantRows for Entity {
    const TENANT: Column = Column::TenantId;
}

/// The row of a new approval.
pub(crate) fn row(tenant: &TenantId, stored: &StoredApproval) -> Result<Model, PortError> {
    let approval = &stored.approval;
    owned_by(tenant, &approval.tenant_id)?;
    Ok(Model {
        tenant_id: tenant.as_str().to_owned(),
        approval_id: approval.approval_id.to_string(),
        binding: stored.binding.clone(),
        status: approval.status.to_string(),
        rule: approval.rule.to_string(),
        requested_by: approval.requested_by.to_string(),
        actor_id: approval.actor_id.clone(),
        actor_type: approval.actor_type.to_string(),
        server_id: approval.server_id.to_string(),
        tool_id: approval.tool_id.to_string(),
        tool_name: approval.tool_name.clone(),
        pinned_hash: approval.pinned_hash.clone(),
        risk_level: approval.risk_level.to_string(),
        policy_version: count(approval.policy_version),
        policy_ids: to_json(&approval.policy_ids)?,
        through: approval.through.as_ref().map(to_json).transpose()?,
        run_id: approval.run_id.as_ref().map(|run| run.as_str().to_owned()),
        input_hash: approval.input_hash.clone(),
        invocation_id: approval.invocation_id.to_string(),
        arguments: stored.arguments.0.clone(),
        requested_at: approval.requested_at.as_micros(),
        expires_at: approval.expires_at.as_micros(),
        decided_by: approval.decided_by.clone(),
        decided_at: micros_if(approval.decided_at),
        reason: approval.reason.clone(),
        used_by: approval.used_by.as_ref().map(ToString::to_string),
        version: count(approval.version),
        flows: approval.flows.as_ref().map(to_json).transpose()?,
    })
}

impl Model {
    pub(super) fn approval(self) -> Result<CallApproval, PortError> {
        Ok(CallApproval {
            approval_id: stored("call_approvals.approval_id", self.approval_id.parse())?,
            tenant_id: stored_tenant(&self.tenant_id)?,
            status: stored("call_approvals.status", self.status.parse())?,
            rule: stored("call_approvals.rule", self.rule.parse())?,
            requested_by: stored("call_approvals.requested_by", self.requested_by.parse())?,
            actor_id: self.actor_id,
            actor_type: stored("call_approvals.actor_type", self.actor_type.parse())?,
            server_id: stored("call_approvals.server_id", self.server_id.parse())?,
            tool_id: stored("call_approvals.tool_id", self.tool_id.parse())?,
            tool_name: self.tool_name,
            pinned_hash: self.pinned_hash,
            risk_level: stored("call_approvals.risk_level", self.risk_level.parse())?,
            policy_version: uncount("call_approvals.policy_version", self.policy_version)?,
            policy_ids: from_json("call_approvals.policy_ids", &self.policy_ids)?,
            through: self.through.map(|text| from_json("call_approvals.through", &text)).transpose()?,
            run_id: stored_if("call_approvals.run_id", self.run_id, RunId::new)?,
            flows: self.flows.map(|text| from_json("call_approvals.flows", &text)).transpose()?,
            input_hash: self.input_hash,
            invocation_id: stored("call_approvals.invocation_id", self.invocation_id.parse())?,
            requested_at: Timestamp::from_micros(self.requested_at),
            expires_at: Timestamp::from_micros(self.expires_at),
            decided_by: self.decided_by,
            decided_at: time_if(self.decided_at),
            reason: self.reason,
            used_by: stored_if("call_approvals.used_by", self.used_by, |id| id.parse())?,
            version: uncount("call_approvals.version", self.version)?,
        })
    }

    pub(super) fn stored(mut self) -> Result<StoredApproval, PortError> {
        let binding = std::mem::take(&mut self.binding);
        let arguments = SealedAnswer(std::mem::take(&mut self.arguments));
        Ok(StoredApproval { approval: self.approval()?, binding, arguments })
    }
}

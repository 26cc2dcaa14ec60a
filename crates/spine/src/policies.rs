//! Handlers of `policies.tool_policies.*`.

use portcullis_engines::policies::templates::templates;
use portcullis_engines::policies::{fits_set, next_policy, refusal};
use portcullis_schemas::Error;
use portcullis_schemas::ids::PolicyId;
use portcullis_schemas::logs::event::AuditEventType;
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::policies::ToolPolicyRecord;
use portcullis_schemas::policies::operations::{
    DeleteToolPolicy, GetToolPolicy, ListPolicyTemplates, ListToolPolicies, PolicyTemplates,
    PolicyValidation, PutToolPolicy, ValidateToolPolicy,
};
use serde_json::json;

use crate::scene::Scene;

pub(crate) async fn put_policy(scene: Scene, request: PutToolPolicy) -> Result<ToolPolicyRecord, Error> {
    let problems = scene.ports().policy.validate(scene.tenant(), &request.text).await;
    if let Some(error) = refusal(&problems) {
        return Err(error);
    }
    let mut work = scene.begin().await?;
    let existing = work.tool_policies().find_by_name(scene.tenant(), request.name.as_str()).await?;
    let new_id = PolicyId::generate(&*scene.ports().ids);
    let actor = scene.principal().actor();
    let policy = next_policy(existing.as_ref(), request, scene.tenant(), new_id, scene.now(), actor)?;
    fits_set(&work.tool_policies().current_set(scene.tenant()).await?, &policy)?;
    work.tool_policies().put(scene.tenant(), &policy).await?;
    let facts = json!({ "name": policy.name, "version": policy.version });
    let event = scene.event(AuditEventType::PolicyPut, [("policy_id", policy.policy_id.as_str())], facts);
    work.audit_log().append(scene.tenant(), &[event]).await?;
    work.commit().await?;
    Ok(policy)
}

pub(crate) async fn get_policy(scene: Scene, request: GetToolPolicy) -> Result<ToolPolicyRecord, Error> {
    let mut work = scene.read().await?;
    let found = work.tool_policies().get(scene.tenant(), &request.policy_id).await?;
    found.ok_or_else(|| Error::not_found("policy"))
}

pub(crate) async fn list_policies(
    scene: Scene,
    request: ListToolPolicies,
) -> Result<Page<ToolPolicyRecord>, Error> {
    let mut work = scene.read().await?;
    let page = PageRequest::new(request.limit, request.cursor);
    Ok(work.tool_policies().list(scene.tenant(), &page).await?)
}

pub(crate) async fn delete_policy(
    scene: Scene,
    request: DeleteToolPolicy,
) -> Result<ToolPolicyRecord, Error> {
    let mut work = scene.begin().await?;
    let found = work.tool_policies().get(scene.tenant(), &request.policy_id).await?;
    let policy = found.ok_or_else(|| Error::not_found("policy"))?;
    work.tool_policies().delete(scene.tenant(), &policy.policy_id).await?;
    let facts = json!({ "name": policy.name, "version": policy.version });
    let event = scene.event(AuditEventType::PolicyDeleted, [("policy_id", policy.policy_id.as_str())], facts);
    work.audit_log().append(scene.tenant(), &[event]).await?;
    work.commit().await?;
    Ok(policy)
}

pub(crate) async fn validate_policy(
    scene: Scene,
    request: ValidateToolPolicy,
) -> Result<PolicyValidation, Error> {
    let problems = scene.ports().policy.validate(scene.tenant(), &request.text).await;
    Ok(PolicyValidation { valid: problems.is_empty(), problems })
}

pub(crate) async fn list_templates(_: Scene, _: ListPolicyTemplates) -> Result<PolicyTemplates, Error> {
    Ok(PolicyTemplates { items: templates() })
}

//! Handlers of `integrations.approvals.*`, and how a call learns how its approval stands.

use portcullis_engines::integrations::approvals::{
    ApprovalStanding, Bound, Current, Decider, MOST_PENDING, binding_bytes, carried_by, deny, grant,
    makers_of, standing_of,
};
use portcullis_engines::integrations::mcp::arguments::PreparedArguments;
use portcullis_engines::integrations::mcp::decision::{CallFacts, approval_rule};
use portcullis_engines::integrations::mcp::invocation::ApprovalTerms;
use portcullis_schemas::api_keys::ApiKey;
use portcullis_schemas::ids::ApprovalId;
use portcullis_schemas::integrations::approvals::operations::{
    DenyApproval, GetApproval, GrantApproval, ListApprovals,
};
use portcullis_schemas::integrations::approvals::{
    ApprovalRule, CallApproval, ShownApproval, StoredApproval,
};
use portcullis_schemas::integrations::flows::DataFlows;
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::logs::event::AuditEventType;
use portcullis_schemas::paging::{Cursor, Page, PageRequest};
use portcullis_schemas::runtime::HashPurpose;
use portcullis_schemas::store::UnitOfWork;
use portcullis_schemas::{Error, PortError};
use portcullis_trail::Digest;
use serde_json::json;

use crate::scene::Scene;

pub(crate) async fn list_approvals(
    scene: Scene,
    request: ListApprovals,
) -> Result<Page<CallApproval>, Error> {
    let mut work = scene.read().await?;
    let page = PageRequest::new(request.limit, request.cursor);
    Ok(work.approvals().list(scene.tenant(), request.status, scene.now(), &page).await?)
}

pub(crate) async fn get_approval(scene: Scene, request: GetApproval) -> Result<ShownApproval, Error> {
    let stored = find(&scene, &mut *scene.read().await?, &request.approval_id).await?;
    let shown = scene.ports().answers.open_answer(scene.tenant(), &stored.arguments)?;
    let arguments = serde_json::from_slice(&shown)
        .map_err(|_| PortError::corrupt("the arguments of an approval do not read"))?;
    Ok(ShownApproval { approval: stored.approval.at(scene.now()), arguments })
}

pub(crate) async fn grant_approval(scene: Scene, request: GrantApproval) -> Result<CallApproval, Error> {
    // Read apart: within the unit that writes it would count as a change of the configuration.
    let mut read = scene.read().await?;
    let approval = find(&scene, &mut *read, &request.approval_id).await?.approval;
    let tool = read.mcp_tools().get(scene.tenant(), &approval.server_id, &approval.tool_id).await?;
    let policy_version = read.tool_policies().current_set(scene.tenant()).await?.version;
    let keys = match approval.rule {
        ApprovalRule::FourEyes => all_keys(&scene, &mut *read).await?,
        _ => Vec::new(),
    };
    drop(read);
    let makers = makers_of(scene.principal().key(), &keys);
    let current = Current { tool: tool.as_ref(), policy_version };
    let granted = grant(approval, decider(&scene, &keys, &makers), &request.reason, scene.now(), current)?;
    write(&scene, scene.begin().await?, granted, AuditEventType::ApprovalGranted).await
}

pub(crate) async fn deny_approval(scene: Scene, request: DenyApproval) -> Result<CallApproval, Error> {
    let mut work = scene.begin().await?;
    let approval = find(&scene, &mut *work, &request.approval_id).await?.approval;
    let denied = deny(approval, decider(&scene, &[], &[]), &request.reason, scene.now())?;
    write(&scene, work, denied, AuditEventType::ApprovalDenied).await
}

/// How the approval of a call stands, and on what terms one is asked for. Nothing is read for a call that needs none.
///
/// `flows` is what the run will have touched with the call, where it is kept account of; `repeatable` says that a used approval
/// may be that of the request which this one repeats, `carried` that the round before was made on it.
///
/// # Errors
/// `store_unavailable`.
pub(crate) async fn standing(
    scene: &Scene,
    method: CallMethod,
    facts: &CallFacts,
    arguments: &PreparedArguments,
    flows: Option<DataFlows>,
    repeatable: bool,
    carried: Option<&ApprovalId>,
) -> Result<(ApprovalStanding, Option<ApprovalTerms>), Error> {
    let rule = approval_rule(facts);
    if rule == ApprovalRule::None {
        return Ok((ApprovalStanding::NotAsked, None));
    }
    if method == CallMethod::Complete {
        return Ok((ApprovalStanding::NotGiven, None));
    }
    let policy_version = facts.policy.as_ref().map_or(0, |outcome| outcome.version);
    let bound = Bound {
        principal: scene.principal(),
        method,
        tool: &facts.tool,
        rule,
        policy_version,
        flows,
        arguments: arguments.canonical(),
    };
    let hash = scene.ports().hasher.keyed_hash(scene.tenant(), HashPurpose::Approval, &binding_bytes(&bound));
    let binding = Digest::from_bytes(hash).to_string();
    let terms = |binding| ApprovalTerms { binding, lifetime: scene.options().approval_lifetime };
    let mut work = scene.read().await?;
    if let Some(carried) = carried
        && let Some(own) = work.approvals().get(scene.tenant(), carried).await?
        && let Some(standing) = carried_by(own, &binding, scene.now())
    {
        return Ok((standing, Some(terms(binding))));
    }
    let newest = work.approvals().newest(scene.tenant(), &binding).await?;
    let mut standing = standing_of(newest, scene.now(), repeatable);
    if standing == ApprovalStanding::NotAsked {
        let key = scene.principal().key();
        let pending = work.approvals().pending_of(scene.tenant(), key, scene.now()).await?;
        if pending >= MOST_PENDING {
            standing = ApprovalStanding::Full;
        }
    }
    Ok((standing, Some(terms(binding))))
}

async fn find(scene: &Scene, work: &mut dyn UnitOfWork, id: &ApprovalId) -> Result<StoredApproval, Error> {
    let found = work.approvals().get(scene.tenant(), id).await?;
    found.ok_or_else(|| Error::not_found("approval"))
}

/// Who decides, by these of the tenant's keys.
fn decider<'a>(scene: &'a Scene, keys: &[ApiKey], makers: &'a [&'a str]) -> Decider<'a> {
    let (key, name) = (scene.principal().key(), scene.principal().actor());
    // Of a key that is not among them nobody knows who made it: it counts as made now, and so for this question.
    let own = keys.iter().find(|one| one.key_id == *key);
    let since = own.map_or_else(|| scene.now(), |own| own.created_at);
    Decider { key, name, makers, since }
}

async fn all_keys(scene: &Scene, work: &mut dyn UnitOfWork) -> Result<Vec<ApiKey>, Error> {
    let (mut keys, mut cursor) = (Vec::new(), None);
    loop {
        let found = work.api_keys().list(scene.tenant(), &PageRequest::new(None, cursor)).await?;
        keys.extend(found.items);
        let Some(next) = found.next_cursor else { return Ok(keys) };
        cursor = Some(Cursor::new(&next).map_err(PortError::corrupt)?);
    }
}

async fn write(
    scene: &Scene,
    mut work: Box<dyn UnitOfWork>,
    decided: CallApproval,
    event_type: AuditEventType,
) -> Result<CallApproval, Error> {
    work.approvals().decide(scene.tenant(), &decided).await?;
    let subject = [
        ("approval_id", decided.approval_id.as_str()),
        ("server_id", decided.server_id.as_str()),
        ("tool_id", decided.tool_id.as_str()),
    ];
    let facts = json!({
        "requested_by": decided.requested_by,
        "input_hash": decided.input_hash,
        "pinned_hash": decided.pinned_hash,
        "policy_version": decided.policy_version,
        "reason": decided.reason,
    });
    let event = scene.event(event_type, subject, facts);
    work.audit_log().append(scene.tenant(), &[event]).await?;
    work.commit().await?;
    Ok(decided)
}

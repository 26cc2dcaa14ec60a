//! Handlers of `controls.killswitch.*`.

use portcullis_engines::controls;
use portcullis_schemas::Error;
use portcullis_schemas::controls::operations::{
    GetKillSwitch, KillSwitchStatus, ReleaseKillSwitch, ThrowKillSwitch,
};
use portcullis_schemas::controls::{Freeze, FreezeTarget};
use portcullis_schemas::logs::event::AuditEventType;
use portcullis_schemas::store::UnitOfWork;
use serde_json::json;

use crate::scene::Scene;

pub(crate) async fn freeze(scene: Scene, request: ThrowKillSwitch) -> Result<Freeze, Error> {
    let freeze = controls::freeze(request, scene.tenant(), scene.principal().actor(), scene.now());
    let mut work = scene.begin().await?;
    check_target(&scene, &mut *work, &freeze.target).await?;
    work.kill_switch().freeze(scene.tenant(), &freeze).await?;
    let event =
        switch_event(&scene, AuditEventType::KillSwitchFrozen, &freeze.target, freeze.reason.as_str());
    work.audit_log().append(scene.tenant(), &[event]).await?;
    work.commit().await?;
    Ok(freeze)
}

pub(crate) async fn unfreeze(scene: Scene, request: ReleaseKillSwitch) -> Result<KillSwitchStatus, Error> {
    let mut work = scene.begin().await?;
    if !work.kill_switch().unfreeze(scene.tenant(), &request.target).await? {
        return Err(Error::not_found("freeze"));
    }
    let event =
        switch_event(&scene, AuditEventType::KillSwitchUnfrozen, &request.target, request.reason.as_str());
    work.audit_log().append(scene.tenant(), &[event]).await?;
    let status = controls::status(work.kill_switch().list(scene.tenant()).await?);
    work.commit().await?;
    Ok(status)
}

pub(crate) async fn get_status(scene: Scene, _: GetKillSwitch) -> Result<KillSwitchStatus, Error> {
    let mut work = scene.read().await?;
    Ok(controls::status(work.kill_switch().list(scene.tenant()).await?))
}

/// A mistyped id must not look like a freeze that holds. Tools are not looked up: their id alone does not find them.
async fn check_target(scene: &Scene, work: &mut dyn UnitOfWork, target: &FreezeTarget) -> Result<(), Error> {
    let known = match target {
        FreezeTarget::Server(id) => work.mcp_servers().get(scene.tenant(), id).await?.is_some(),
        FreezeTarget::Key(id) => work.api_keys().get(scene.tenant(), id).await?.is_some(),
        _ => true,
    };
    if known { Ok(()) } else { Err(Error::not_found("key or MCP server").with_field("target.id")) }
}

fn switch_event(
    scene: &Scene,
    event_type: AuditEventType,
    target: &FreezeTarget,
    reason: &str,
) -> portcullis_schemas::logs::event::AuditEventDraft {
    scene.event(
        event_type,
        [("target", target.id())],
        json!({ "target_kind": target.kind(), "reason": reason }),
    )
}

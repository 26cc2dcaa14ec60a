//! The suite of [`ApprovalStore`](portcullis_schemas::integrations::approvals::ports::ApprovalStore). What is in it comes
//! by the ledger, so it needs one of the same database.

use portcullis_schemas::codes;
use portcullis_schemas::ids::{KeyId, ToolsetId};
use portcullis_schemas::integrations::approvals::{
    ApprovalRule, ApprovalStatus, CallApproval, StoredApproval,
};
use portcullis_schemas::integrations::mcp::invocation::{CalledThrough, InvocationOutcome};
use portcullis_schemas::integrations::toolsets::ExposedToolName;
use portcullis_schemas::logs::ledger::Refusal;
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::store::Store;
use portcullis_schemas::text::RunId;

use super::ledger_scene::Scene;
use super::steps::{IDS, conflict, done, reading, refused};
use crate::fixtures::{self, time, valid};

/// Approvals are kept whole, found by their binding, decided on once, listed as they stand at a time, and seen by their
/// tenant only.
pub async fn approval_store(store: &dyn Store, ledger: &dyn Ledger) {
    let scene = Scene::set(store, ledger).await;
    isolates_tenants(&scene).await;
    keeps_every_field(&scene).await;
    the_newest_of_a_binding_is_found(&scene).await;
    one_decision_is_made(&scene).await;
    a_grant_is_taken_back_until_it_is_used(&scene).await;
    what_is_over_is_listed_as_such(&Scene::set(store, ledger).await).await;
}

/// An approval that a refused call asks for; its events and its row are written with it.
pub(super) async fn asked(scene: &Scene<'_>, seconds: i64, binding: &str) -> StoredApproval {
    let (facts, _) = scene.call(seconds);
    let approval = fixtures::approval(&IDS, &scene.tenant, &facts, binding);
    ask(scene, facts, approval.clone()).await;
    approval
}

async fn ask(
    scene: &Scene<'_>,
    facts: portcullis_schemas::integrations::mcp::invocation::InvocationFacts,
    approval: StoredApproval,
) {
    let row = fixtures::invocation(&scene.tenant, facts, InvocationOutcome::Blocked);
    let refusal = Refusal { approval: Some(Box::new(approval)), ..fixtures::refusal(&IDS, row) };
    done("refusing a call that waits", scene.ledger.refuse(&scene.tenant, refusal).await);
}

/// The next version of an approval, decided so at `seconds`.
pub(super) fn decided(approval: &CallApproval, status: ApprovalStatus, seconds: i64) -> CallApproval {
    CallApproval {
        status,
        decided_by: Some("admin".to_owned()),
        decided_at: Some(time(seconds)),
        reason: Some("looked at it, é漢 \"quoted\"".to_owned()),
        version: approval.version + 1,
        ..approval.clone()
    }
}

/// Grants it, at `seconds`.
pub(super) async fn granted(scene: &Scene<'_>, asked: &StoredApproval, seconds: i64) -> CallApproval {
    let granted = decided(&asked.approval, ApprovalStatus::Granted, seconds);
    committed!(scene.store, "granting", unit => unit.approvals().decide(&scene.tenant, &granted));
    granted
}

async fn keeps_every_field(scene: &Scene<'_>) {
    let bare = asked(scene, 0, "bare").await;
    let (facts, _) = scene.call(1);
    let mut full = fixtures::approval(&IDS, &scene.tenant, &facts, "full");
    full.approval.rule = ApprovalRule::FourEyes;
    full.approval.pinned_hash = None;
    full.approval.run_id = Some(valid(RunId::new("run-1")));
    full.approval.through = Some(CalledThrough {
        toolset_id: ToolsetId::generate(&IDS),
        toolset_version: 3,
        name: valid(ExposedToolName::new("docs__search")).into(),
    });
    ask(scene, facts, full.clone()).await;
    for approval in [bare, full] {
        let found = get(scene, &approval).await;
        assert_eq!(found, Some(approval), "an approval is kept whole");
    }
}

async fn the_newest_of_a_binding_is_found(scene: &Scene<'_>) {
    let first = asked(scene, 0, "again").await;
    let second = asked(scene, 1, "again").await;
    asked(scene, 2, "another").await;
    let found = newest(scene, &first.binding).await;
    assert_eq!(found, Some(second.approval), "the newest of a binding is found");
    assert_eq!(newest(scene, &"0".repeat(64)).await, None, "a binding that nobody asked for has none");
}

async fn one_decision_is_made(scene: &Scene<'_>) {
    for (status, other) in
        [(ApprovalStatus::Granted, ApprovalStatus::Denied), (ApprovalStatus::Denied, ApprovalStatus::Granted)]
    {
        let asked = asked(scene, 0, "decided").await;
        let before =
            seen!(scene.store, "reading a version", unit => unit.tenants().config_version(&scene.tenant));
        let first = decided(&asked.approval, status, 5);
        let elsewhere = CallApproval { tool_name: "another".to_owned(), ..first.clone() };
        committed!(scene.store, "deciding", unit => unit.approvals().decide(&scene.tenant, &elsewhere));
        let found = get(scene, &asked).await.map(|stored| stored.approval);
        assert_eq!(found.as_ref(), Some(&first), "a decision changes nothing but what it says");
        let mut late = vec![decided(&asked.approval, other, 6), decided(&first, ApprovalStatus::Granted, 6)];
        if status == ApprovalStatus::Denied {
            late.push(decided(&first, status, 6));
        }
        for late in late {
            let result = attempted!(scene.store, unit => unit.approvals().decide(&scene.tenant, &late));
            conflict("a second decision", result, codes::STATE_CONFLICT);
        }
        assert_eq!(get(scene, &asked).await.map(|stored| stored.approval), found, "the first one stays");
        let after =
            seen!(scene.store, "reading a version", unit => unit.tenants().config_version(&scene.tenant));
        assert_eq!(before, after, "a decision is no change of the configuration");
    }
}

async fn a_grant_is_taken_back_until_it_is_used(scene: &Scene<'_>) {
    let asked = asked(scene, 0, "taken back").await;
    let granted = granted(scene, &asked, 5).await;
    let denied = decided(&granted, ApprovalStatus::Denied, 6);
    committed!(scene.store, "denying", unit => unit.approvals().decide(&scene.tenant, &denied));
    assert_eq!(get(scene, &asked).await.map(|stored| stored.approval), Some(denied), "it is denied");
}

async fn what_is_over_is_listed_as_such(scene: &Scene<'_>) {
    let mut all = Vec::new();
    for n in 0..5 {
        all.push(asked(scene, n * 100, &format!("listed-{n}")).await);
    }
    let grants = granted(scene, &all[1], 150).await;
    let late_grant = granted(scene, &all[3], 350).await;
    let denial = decided(&all[2].approval, ApprovalStatus::Denied, 250);
    committed!(scene.store, "denying", unit => unit.approvals().decide(&scene.tenant, &denial));
    // The first two have run out by now: their time was 600 and 700.
    let now = time(700);
    let standing = [
        (ApprovalStatus::Expired, vec![grants.approval_id, all[0].approval.approval_id.clone()]),
        (ApprovalStatus::Denied, vec![denial.approval_id]),
        (ApprovalStatus::Granted, vec![late_grant.approval_id]),
        (ApprovalStatus::Pending, vec![all[4].approval.approval_id.clone()]),
        (ApprovalStatus::Used, vec![]),
    ];
    for (status, expected) in standing {
        let mut unit = reading(scene.store).await;
        let listed = walked!(1, request => unit.approvals().list(&scene.tenant, Some(status), now, &request));
        assert!(listed.iter().all(|one| one.status == status), "listed as they stand: {status}");
        let ids: Vec<_> = listed.into_iter().map(|one| one.approval_id).collect();
        assert_eq!(ids, expected, "{status}, newest first");
    }
    let mut unit = reading(scene.store).await;
    let listed = walked!(2, request => unit.approvals().list(&scene.tenant, None, now, &request));
    let ids: Vec<_> = listed.into_iter().map(|one| one.approval_id).collect();
    let expected: Vec<_> = all.iter().rev().map(|one| one.approval.approval_id.clone()).collect();
    assert_eq!(ids, expected, "all, newest first");
    let key = &all[4].approval.requested_by;
    let pending = |key: KeyId| async move {
        seen!(scene.store, "counting", unit => unit.approvals().pending_of(&scene.tenant, &key, now))
    };
    assert_eq!(pending(key.clone()).await, 1, "what waits of a key is counted");
    assert_eq!(pending(all[0].approval.requested_by.clone()).await, 0, "what has run out is not");
    assert_eq!(pending(KeyId::generate(&IDS)).await, 0, "nor is what others ask for");
}

async fn isolates_tenants(scene: &Scene<'_>) {
    let asked = asked(scene, 0, "walled").await;
    let (id, other) = (&asked.approval.approval_id, &scene.other);
    let found = seen!(scene.store, "reading", unit => unit.approvals().get(other, id));
    assert_eq!(found, None, "a foreign approval answers as an absent one");
    let found = seen!(scene.store, "reading", unit => unit.approvals().newest(other, &asked.binding));
    assert_eq!(found, None, "a foreign approval is not found by its binding");
    let mut unit = reading(scene.store).await;
    let listed = walked!(10, request => unit.approvals().list(other, None, time(0), &request));
    assert_eq!(listed, Vec::new(), "own approvals only");
    let key = &asked.approval.requested_by;
    let pending = seen!(scene.store, "counting", unit => unit.approvals().pending_of(other, key, time(0)));
    assert_eq!(pending, 0, "own approvals are counted only");
    let stolen =
        CallApproval { tenant_id: other.clone(), ..decided(&asked.approval, ApprovalStatus::Granted, 1) };
    refused(
        "a decision on a foreign approval",
        attempted!(scene.store, unit => unit.approvals().decide(other, &stolen)),
    );
    assert_eq!(get(scene, &asked).await.as_ref(), Some(&asked), "a foreign write changes nothing");
}

async fn get(scene: &Scene<'_>, asked: &StoredApproval) -> Option<StoredApproval> {
    let id = &asked.approval.approval_id;
    seen!(scene.store, "reading an approval", unit => unit.approvals().get(&scene.tenant, id))
}

async fn newest(scene: &Scene<'_>, binding: &str) -> Option<CallApproval> {
    seen!(scene.store, "reading the newest", unit => unit.approvals().newest(&scene.tenant, binding))
}

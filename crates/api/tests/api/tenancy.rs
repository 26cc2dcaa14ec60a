//! Foreign ids answer as ids that do not exist, on every route that takes one.

use std::collections::BTreeMap;

use portcullis_api::{ROUTES, Route};
use portcullis_schemas::ids::{
    ApprovalId, CredentialId, IncidentId, InvocationId, KeyId, PolicyId, ServerId, TenantId, ToolId,
    ToolsetId,
};
use portcullis_schemas::store::Store;
use portcullis_testkit::fixtures;
use portcullis_testkit::ids::UniqueIds;
use serde_json::{Value, json};

use crate::support::{World, reply, text};

type Ids = BTreeMap<&'static str, String>;

/// One thing of every kind, made by this key; their ids by the names that path patterns use.
async fn one_of_each(world: &World, tenant: &str, key: &str) -> Ids {
    let (server, tool) = world.tool(key).await;
    world.mcp.answer_call(Ok(reply(r#"{"content":[]}"#)));
    let invoke = format!("/integrations/mcp-servers/{server}/tools/{tool}/invoke");
    let invoked = world.call(key, "POST", &invoke, Some(json!({}))).await.json();
    let credential = json!({ "name": "c", "credential_type": "bearer", "secret": "s" });
    let credential = world.call(key, "POST", "/integrations/credentials", Some(credential)).await.json();
    let policy =
        world.call(key, "PUT", "/policies", Some(json!({ "name": "p", "text": "permit" }))).await.json();
    let made =
        world.call(key, "POST", "/api-keys", Some(json!({ "name": "k", "scopes": ["read"] }))).await.json();
    let toolset = json!({ "name": "t", "tools": [{ "server_id": server, "tool_id": tool }] });
    let toolset = world.call(key, "POST", "/integrations/toolsets", Some(toolset)).await.json();
    let rule = format!("/integrations/mcp-servers/{server}/tools/{tool}/approval");
    world.call(key, "PUT", &rule, Some(json!({ "approval": "required" }))).await;
    let waits = world.call(key, "POST", &invoke, Some(json!({}))).await.json();
    let owner = TenantId::from_trusted(tenant).unwrap();
    let mut work = world.store.begin().await.unwrap();
    let incident = fixtures::new_incident(&UniqueIds::new(), "d", 0);
    let incident = work.incidents().open(&owner, &incident).await.unwrap();
    work.commit().await.unwrap();
    BTreeMap::from([
        ("server_id", server),
        ("tool_id", tool),
        ("invocation_id", text(&invoked["invocation_id"])),
        ("approval_id", text(&waits["approval_id"])),
        ("credential_id", text(&credential["credential_id"])),
        ("policy_id", text(&policy["policy_id"])),
        ("key_id", text(&made["key"]["key_id"])),
        ("incident_id", incident.to_string()),
        ("tenant_id", tenant.to_owned()),
        ("toolset_id", text(&toolset["toolset_id"])),
    ])
}

fn random() -> Ids {
    let ids = UniqueIds::new();
    BTreeMap::from([
        ("server_id", ServerId::generate(&ids).to_string()),
        ("tool_id", ToolId::generate(&ids).to_string()),
        ("invocation_id", InvocationId::generate(&ids).to_string()),
        ("approval_id", ApprovalId::generate(&ids).to_string()),
        ("credential_id", CredentialId::generate(&ids).to_string()),
        ("policy_id", PolicyId::generate(&ids).to_string()),
        ("key_id", KeyId::generate(&ids).to_string()),
        ("incident_id", IncidentId::generate(&ids).to_string()),
        ("tenant_id", TenantId::generate(&ids).to_string()),
        ("toolset_id", ToolsetId::generate(&ids).to_string()),
    ])
}

/// A body that is valid, so that the id decides.
fn body(route: &Route) -> Option<Value> {
    let verb = route.operation.rsplit('.').next().unwrap();
    let members = match verb {
        "approve_tool" => json!({ "definition_hash": "0".repeat(64) }),
        "set_tool_flows" => json!({ "private_reads": "none", "untrusted_reads": "none", "egress": "none" }),
        "set_tool_approval" => json!({ "approval": "required" }),
        "grant_approval" | "deny_approval" => json!({ "reason": "seen" }),
        "set_tool_risk_level" => json!({ "risk_level": null }),
        "rotate_credential" | "connect_with_secret" => json!({ "secret": "s" }),
        "set_credential_grants" => json!({ "grants": [] }),
        "resolve_incident" => json!({ "resolution": "done" }),
        _ => json!({}),
    };
    route.takes_body().then_some(members)
}

async fn ask(world: &World, key: &str, route: &Route, ids: &Ids) -> (u16, Value) {
    let mut path = route.path.to_owned();
    for member in route.path_members() {
        path = path.replace(&format!("{{{member}}}"), &ids[member]);
    }
    let answer = world.call(key, route.method.as_str(), &path, body(route)).await;
    (answer.status.as_u16(), answer.timeless())
}

/// Everything that the owner can read of its things.
async fn view(world: &World, key: &str, ids: &Ids) -> Vec<(u16, Value)> {
    let mut seen = Vec::new();
    let reads = ROUTES.iter().filter(|route| route.operation.contains(".get_") && route.path.contains('{'));
    for route in reads {
        seen.push(ask(world, key, route, ids).await);
    }
    seen
}

#[tokio::test]
async fn foreign_ids_are_as_absent_ones_everywhere() {
    let world = World::new().await;
    let (mine, my_key) = world.tenant("mine").await;
    let (theirs, their_key) = world.tenant("theirs").await;
    let own = one_of_each(&world, &mine, &my_key).await;
    let foreign = one_of_each(&world, &theirs, &their_key).await;
    let before = view(&world, &their_key, &foreign).await;

    let routes: Vec<_> = ROUTES.iter().filter(|route| route.path.contains('{')).collect();
    assert!(routes.len() > 25, "{}", routes.len());
    for route in routes {
        let (status, seen) = ask(&world, &my_key, route, &foreign).await;
        assert_eq!(
            (status, &seen),
            (ask(&world, &my_key, route, &random()).await.0, &seen),
            "{}",
            route.operation
        );
        assert_eq!(seen, ask(&world, &my_key, route, &random()).await.1, "{}", route.operation);
        let expected = if route.domain() == "tenants" { 403 } else { 404 };
        assert_eq!(status, expected, "{}: {seen}", route.operation);
        if route.path.contains("{tool_id}") {
            // A foreign tool behind one's own server.
            let mixed =
                Ids::from([("server_id", own["server_id"].clone()), ("tool_id", foreign["tool_id"].clone())]);
            assert_eq!(ask(&world, &my_key, route, &mixed).await.0, 404, "{}", route.operation);
        }
    }
    assert_eq!(view(&world, &their_key, &foreign).await, before, "something of theirs was changed");
}

#[tokio::test]
async fn the_owner_finds_what_strangers_do_not() {
    let world = World::new().await;
    let (tenant, key) = world.tenant("mine").await;
    let own = one_of_each(&world, &tenant, &key).await;
    for route in ROUTES.iter().filter(|route| route.operation.contains(".get_") && route.path.contains('{')) {
        let key = if route.domain() == "tenants" { &world.key } else { &key };
        assert_eq!(ask(&world, key, route, &own).await.0, 200, "{}", route.operation);
    }
}

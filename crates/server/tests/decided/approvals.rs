//! Calls that a person must approve: over REST and over MCP, by the tool's mark and by a policy, once, in time, and never
//! something else than what was shown.

use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use serde_json::json;

use crate::scene::{PERMIT, Scene, ok, text};

#[tokio::test]
async fn a_marked_call_waits_for_a_person_and_is_made_once() {
    let scene = Scene::start(PERMIT).await;
    scene.mark("required").await;
    let first = scene.call("Zurich").await;
    let told = first.json();
    assert_eq!((first.status, &told["code"]), (202, &json!("approval_required")), "{told}");
    let approval = text(&told["approval_id"]);
    assert_eq!(told["approval_url"], format!("https://gw.example/approvals/{approval}"));
    assert_eq!(scene.waiting("Zurich").await, approval, "asked again, it waits for the same approval");
    assert_ne!(scene.waiting("Basel").await, approval, "other arguments are another call");

    let shown = ok(scene.admin.get(&format!("/integrations/approvals/{approval}")).await.unwrap());
    assert_eq!(shown["arguments"], json!({ "city": "Zurich" }), "the person sees what would be sent");
    assert_eq!((&shown["status"], &shown["actor_id"]), (&json!("pending"), &json!("agent")));
    ok(scene.decide(&approval, "grant").await);
    assert_eq!(scene.decide(&approval, "grant").await.status, 409, "it is granted once");

    let made = ok(scene.call("Zurich").await);
    assert_eq!(made["status"], "success");
    assert_ne!(scene.waiting("Zurich").await, approval, "the next one needs an approval of its own");
    let used = ok(scene.admin.get(&format!("/integrations/approvals/{approval}")).await.unwrap());
    assert_eq!(used["status"], "used");
    assert_eq!(scene.decide(&approval, "deny").await.status, 409, "what is made is made");

    let path = format!("/integrations/mcp-invocations/{}", text(&made["invocation_id"]));
    assert_eq!(ok(scene.admin.get(&path).await.unwrap())["approval_id"], approval, "the record names it");
    let events = ok(scene.admin.get(&format!("/logs/trail?subject={approval}")).await.unwrap());
    let types: Vec<_> =
        events["items"].as_array().unwrap().iter().map(|event| text(&event["event_type"])).collect();
    assert_eq!(types, ["approval.granted", "approval.requested"]);
    let verified = ok(scene.admin.get("/logs/trail/verify").await.unwrap());
    assert_eq!(verified["intact"], true, "{verified}");
    scene.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn who_may_read_sees_what_waits_but_not_its_arguments() {
    let scene = Scene::start(PERMIT).await;
    scene.mark("required").await;
    let approval = scene.waiting("Zurich").await;
    let reader = json!({ "name": "reader", "scopes": ["read"] });
    let reader = ok(scene.admin.post("/api-keys", &reader).await.unwrap());
    let reader = scene.admin.with_key(Secret::new(text(&reader["secret"])));
    let listed = ok(reader.get("/integrations/approvals?status=pending").await.unwrap());
    assert_eq!(listed["items"][0]["approval_id"], approval);
    assert!(!listed.to_string().contains("Zurich"), "{listed}");
    let path = format!("/integrations/approvals/{approval}");
    let refused = reader.get(&path).await.unwrap();
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (403, &json!("authority_denied")),
        "{}",
        refused.text
    );
    assert!(!refused.text.contains("Zurich"), "{}", refused.text);
    for decision in ["grant", "deny"] {
        let body = json!({ "reason": "not mine to say" });
        assert_eq!(
            reader.post(&format!("{path}/{decision}"), &body).await.unwrap().status,
            403,
            "{decision}"
        );
    }
    assert_eq!(scene.waiting("Zurich").await, approval, "nothing is decided");
    scene.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_policy_asks_and_a_refusal_is_told() {
    let asking = format!("@approval(\"required\")\n{PERMIT}");
    let scene = Scene::start(&asking).await;
    let approval = scene.waiting("Zurich").await;
    ok(scene.decide(&approval, "grant").await);
    ok(scene.decide(&approval, "deny").await);
    let refused = scene.call("Zurich").await;
    let told = refused.json();
    assert_eq!((refused.status, &told["code"]), (403, &json!("approval_denied")), "{told}");
    assert!(text(&told["detail"]).contains("looked at it"), "{told}");
    // Without the annotation, nobody is asked.
    ok(scene.admin.put("/policies", &json!({ "name": "all", "text": PERMIT })).await.unwrap());
    assert_eq!(scene.call("Zurich").await.status, 200);
    let problems = json!({ "text": format!("@aproval(\"required\")\n{PERMIT}") });
    let problems = ok(scene.admin.post("/policies/validate", &problems).await.unwrap());
    assert!(problems.to_string().contains("@aproval"), "a misspelt annotation is found: {problems}");
    scene.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_changes_in_between_voids_an_approval() {
    let scene = Scene::start(PERMIT).await;
    scene.mark("required").await;
    let approval = scene.waiting("Zurich").await;
    let other = json!({ "name": "more", "text": PERMIT });
    ok(scene.admin.put("/policies", &other).await.unwrap());
    let late = scene.decide(&approval, "grant").await;
    assert_eq!(late.status, 409, "{}", late.json());
    let second = scene.waiting("Zurich").await;
    assert_ne!(second, approval, "under other policies it is another call");
    ok(scene.decide(&second, "grant").await);
    ok(scene
        .admin
        .put("/policies", &json!({ "name": "more", "text": format!("// again\n{PERMIT}") }))
        .await
        .unwrap());
    assert_ne!(
        scene.waiting("Zurich").await,
        second,
        "and what was granted under the old ones is worth nothing"
    );
    scene.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn four_eyes_are_two_people() {
    let scene = Scene::start(PERMIT).await;
    scene.mark("four_eyes").await;
    let alice = made_by(&scene.admin, "alice").await;
    let (alices, bob) = (made_by(&alice, "alices").await, made_by(&scene.admin, "bob").await);
    let body = json!({ "arguments": { "city": "Zurich" } });
    let asked = alice.post(&format!("{}/invoke", scene.tool), &body).await.unwrap();
    let path = format!("/integrations/approvals/{}/grant", text(&asked.json()["approval_id"]));
    let late = made_by(&scene.admin, "late").await;
    // Hers, one that she has made, and one that was made for this.
    for who in [&alice, &alices, &late] {
        let own = who.post(&path, &json!({ "reason": "agreed" })).await.unwrap();
        assert_eq!((own.status, &own.json()["code"]), (403, &json!("approval_four_eyes")));
    }
    ok(bob.post(&path, &json!({ "reason": "agreed" })).await.unwrap());
    assert_eq!(alice.post(&format!("{}/invoke", scene.tool), &body).await.unwrap().status, 200);
    // What an agent asks, whoever made its key may approve.
    let asked = scene.waiting("Zurich").await;
    ok(scene.decide(&asked, "grant").await);
    scene.running.shutdown().await.unwrap();
}

async fn made_by(maker: &ApiClient, name: &str) -> ApiClient {
    let key = json!({ "name": name, "scopes": ["admin", "invoke"] });
    let created = ok(maker.post("/api-keys", &key).await.unwrap());
    maker.with_key(Secret::new(text(&created["secret"])))
}

#[tokio::test]
async fn one_idempotency_key_serves_the_request_the_wait_and_the_repeat() {
    let scene = Scene::start(PERMIT).await;
    scene.mark("required").await;
    let key = [("idempotency-key", "order-1")];
    let asked = scene.call_with("Zurich", &key).await;
    assert_eq!(asked.status, 202);
    ok(scene.decide(&text(&asked.json()["approval_id"]), "grant").await);
    let made = ok(scene.call_with("Zurich", &key).await);
    // What is remembered of the tenant does not hold any more, and the call is judged anew.
    ok(scene.admin.post("/api-keys", &json!({ "name": "unrelated", "scopes": ["read"] })).await.unwrap());
    let again = ok(scene.call_with("Zurich", &key).await);
    assert_eq!(again, made, "a repeat gets the same answer, and needs no approval");
    let other = scene.call_with("Zurich", &[("idempotency-key", "order-2")]).await;
    assert_eq!(other.status, 202, "another request needs one: {}", other.json());
    scene.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn over_mcp_a_client_is_sent_to_the_page_or_told_of_it() {
    let scene = Scene::start(PERMIT).await;
    scene.mark("required").await;
    let opens_urls = json!({ "elicitation": { "url": {} } });
    let asked = scene.over_mcp(opens_urls.clone(), json!({})).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let request = &asked["inputRequests"]["approval"];
    assert_eq!(
        (&request["method"], &request["params"]["mode"]),
        (&json!("elicitation/create"), &json!("url"))
    );
    let url = text(&request["params"]["url"]);
    let approval = url.strip_prefix("https://gw.example/approvals/").unwrap();

    let declined = json!({ "inputResponses": { "approval": { "action": "decline" } } });
    let told = scene.over_mcp(opens_urls.clone(), declined).await;
    assert_eq!((&told["isError"], &told["resultType"]), (&json!(true), &json!("complete")), "{told}");
    for capabilities in [json!({}), json!({ "elicitation": {} }), json!({ "elicitation": { "form": {} } })] {
        let told = scene.over_mcp(capabilities, json!({})).await;
        assert_eq!(told["isError"], true);
        let words = text(&told["content"][0]["text"]);
        assert!(words.contains("approval_required") && words.contains(&url), "{words}");
    }
    ok(scene.decide(approval, "grant").await);
    let accepted = json!({ "inputResponses": { "approval": { "action": "accept" } } });
    let made = scene.over_mcp(opens_urls, accepted).await;
    assert!(text(&made["content"][0]["text"]).contains("Zurich"), "{made}");
    scene.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_page_is_the_same_for_every_approval_and_loads_its_own_script_only() {
    let scene = Scene::start(PERMIT).await;
    let page = scene.agent.get("/approvals/apr_01jd0000000000000000000000").await.unwrap();
    assert_eq!(page.status, 200);
    assert_eq!(scene.agent.get("/approvals/nothing").await.unwrap().status, 404);
    assert_eq!(scene.agent.get("/approvals/page.js").await.unwrap().status, 200);
    scene.running.shutdown().await.unwrap();
}

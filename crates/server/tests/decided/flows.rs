//! What a run has touched, and what that lets it do: by the run that a caller names, over all its calls.

use portcullis_schemas::egress::HttpMethod;
use portcullis_server::api_client::{Answer, ApiClient};
use serde_json::{Value, json};

use crate::scene::{PERMIT, Scene, approved, ok};

/// A forecast reads what is private and what strangers wrote; deleting a station sends something out.
struct Runs {
    scene: Scene,
    reads: String,
    sends: String,
}

impl Runs {
    async fn start() -> Self {
        let scene = Scene::start(PERMIT).await;
        let delete = approved(&scene.admin, &scene.server, "delete_station").await;
        let reads = labelled(&scene.admin, &scene.tool, ["yes", "yes", "none"]).await;
        let sends = labelled(&scene.admin, &delete, ["none", "none", "yes"]).await;
        scene.put_template("flows", "no-way-out-for-private-data").await;
        Self { scene, reads, sends }
    }

    async fn read(&self, run: Option<&str>) -> Answer {
        let body = json!({ "arguments": { "city": "Zurich" }, "run_id": run });
        self.scene.admin.post(&self.reads, &body).await.unwrap()
    }

    async fn send(&self, run: Option<&str>) -> Answer {
        let body = json!({ "arguments": { "station": "Säntis" }, "run_id": run });
        self.scene.admin.post(&self.sends, &body).await.unwrap()
    }
}

/// Says what a tool does; where to call it.
async fn labelled(admin: &ApiClient, tool: &str, levels: [&str; 3]) -> String {
    let [private_reads, untrusted_reads, egress] = levels;
    let flows =
        json!({ "private_reads": private_reads, "untrusted_reads": untrusted_reads, "egress": egress });
    assert_eq!(ok(admin.put(&format!("{tool}/flows"), &flows).await.unwrap())["flows"], flows);
    format!("{tool}/invoke")
}

#[tokio::test]
async fn a_run_that_has_read_both_sends_nothing_out_and_others_do() {
    let runs = Runs::start().await;
    for run in [Some("run-1"), None] {
        assert_eq!(runs.send(run).await.status, 200, "a run that has read nothing sends: {run:?}");
    }
    for run in [Some("run-2"), Some("run-3")] {
        assert_eq!(runs.read(run).await.status, 200, "{run:?}");
        let refused = runs.send(run).await;
        let told = refused.json();
        assert_eq!((refused.status, &told["code"]), (403, &json!("policy_denied")), "{told}");
    }
    // It has sent something, so by the table it may not read both any more.
    assert_eq!(runs.read(Some("run-1")).await.status, 403);
    assert_eq!(runs.read(Some("run-4")).await.status, 200, "another run is another matter");

    let calls = ok(runs.scene.admin.get("/integrations/mcp-invocations?run_id=run-2").await.unwrap());
    let flows = &calls["items"][0]["flows"];
    assert_eq!(flows, &json!({ "private_reads": "yes", "untrusted_reads": "yes", "egress": "yes" }));
    runs.scene.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_nobody_has_labelled_needs_a_person() {
    let runs = Runs::start().await;
    let flows = json!({ "private_reads": "maybe", "untrusted_reads": "maybe", "egress": "maybe" });
    let path = runs.sends.strip_suffix("/invoke").unwrap();
    ok(runs.scene.admin.put(&format!("{path}/flows"), &flows).await.unwrap());
    assert_eq!(runs.send(Some("run-1")).await.status, 202);
    ok(runs.scene.admin.put("/policies", &json!({ "name": "flows", "text": PERMIT })).await.unwrap());
    assert_eq!(runs.send(Some("run-1")).await.status, 200, "no policy looks at it any more");
    runs.scene.running.shutdown().await.unwrap();
}

/// The tool stands in the agent's list, so it is not said to be unknown.
#[tokio::test]
async fn an_agent_learns_that_its_run_is_held() {
    let runs = Runs::start().await;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "portcullis/runId": "run-1",
    });
    let forecast = || runs.scene.over_mcp(json!({}), json!({ "_meta": meta }));
    assert_eq!(forecast().await["isError"], false);
    let sent = json!({ "arguments": { "station": "Säntis" }, "run_id": "run-2" });
    ok(runs.scene.agent.post(&runs.sends, &sent).await.unwrap());
    let held = runs.scene.over_mcp(json!({}), json!({ "_meta": with_run(&meta, "run-2") })).await;
    let said = held["content"][0]["text"].as_str().unwrap();
    assert_eq!(held["isError"], true);
    assert!(said.starts_with("policy_denied: ") && said.contains("(invocation_id inv_"), "{said}");
    assert_eq!(forecast().await["isError"], false, "another run goes on");
    runs.scene.running.shutdown().await.unwrap();
}

fn with_run(meta: &Value, run: &str) -> Value {
    let mut meta = meta.clone();
    meta["portcullis/runId"] = run.into();
    meta
}

#[tokio::test]
async fn who_decides_sees_what_the_run_has_touched() {
    let runs = Runs::start().await;
    let path = runs.sends.strip_suffix("/invoke").unwrap();
    ok(runs.scene.admin.put(&format!("{path}/approval"), &json!({ "approval": "required" })).await.unwrap());
    let waits = runs.send(Some("run-1")).await.json();
    let asked = format!("/integrations/approvals/{}", waits["approval_id"].as_str().unwrap());
    let approval = ok(runs.scene.admin.get(&asked).await.unwrap());
    let flows = json!({ "private_reads": "none", "untrusted_reads": "none", "egress": "yes" });
    assert_eq!((&approval["flows"], &approval["run_id"]), (&flows, &json!("run-1")));

    ok(runs.scene.decide(waits["approval_id"].as_str().unwrap(), "grant").await);
    labelled(&runs.scene.admin, &runs.scene.tool, ["yes", "none", "none"]).await;
    assert_eq!(runs.read(Some("run-2")).await.status, 200);
    let other = runs.send(Some("run-2")).await;
    assert_eq!(other.status, 202, "it was not granted to a run that has read: {}", other.json());
    assert_ne!(other.json()["approval_id"], waits["approval_id"]);
    assert_eq!(
        runs.send(Some("run-3")).await.status,
        200,
        "a run that has touched the same is the same call"
    );
    runs.scene.running.shutdown().await.unwrap();
}

/// What is approved then is no second call: the answer that was kept.
#[tokio::test]
async fn a_repeat_of_a_run_that_has_touched_more_asks_once_more() {
    let runs = Runs::start().await;
    let path = runs.sends.strip_suffix("/invoke").unwrap();
    ok(runs.scene.admin.put(&format!("{path}/approval"), &json!({ "approval": "required" })).await.unwrap());
    labelled(&runs.scene.admin, &runs.scene.tool, ["yes", "none", "none"]).await;
    let send = async || {
        let body = json!({ "arguments": { "station": "Säntis" }, "run_id": "run-1" });
        let key = [("idempotency-key", "mail-1")];
        runs.scene.admin.send(HttpMethod::Post, &runs.sends, Some(&body), &key).await.unwrap()
    };
    let granted = async |waits: Answer| {
        assert_eq!(waits.status, 202, "{}", waits.json());
        ok(runs.scene.decide(waits.json()["approval_id"].as_str().unwrap(), "grant").await);
        ok(send().await)
    };
    let made = granted(send().await).await;
    assert_eq!(runs.read(Some("run-1")).await.status, 200);
    assert_eq!(granted(send().await).await, made);
    runs.scene.running.shutdown().await.unwrap();
}

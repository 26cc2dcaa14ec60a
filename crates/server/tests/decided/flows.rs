//! What a run has touched, and what that lets it do: by the run that a caller names, over all its calls.

use portcullis_server::api_client::{Answer, ApiClient};
use serde_json::json;

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

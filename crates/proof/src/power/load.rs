//! What happens while the power is still there: agents call, an admin makes keys, each notes what was acknowledged.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use color_eyre::eyre::Result;
use portcullis_server::api_client::{Answer, ApiClient};
use serde_json::json;
use tokio::task::JoinSet;

use crate::permitted::PermittedTool;

/// Keys are made this far apart, so that they do not grow into a list of many pages.
const BETWEEN_KEYS: Duration = Duration::from_millis(60);

/// What was acknowledged, by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Acknowledged {
    pub(super) calls: Vec<String>,
    pub(super) keys: Vec<String>,
}

impl Acknowledged {
    pub(super) fn count(&self) -> u64 {
        (self.calls.len() + self.keys.len()) as u64
    }
}

/// A running load. It ends by itself when the gate is gone.
pub(super) struct Load {
    tasks: JoinSet<()>,
    acknowledged: Arc<Mutex<Acknowledged>>,
}

impl Load {
    pub(super) fn start(admin: &ApiClient, tool: &PermittedTool, life: usize, callers: usize) -> Self {
        let acknowledged = Arc::<Mutex<Acknowledged>>::default();
        let mut tasks = JoinSet::new();
        for number in 0..callers {
            tasks.spawn(call(tool.clone(), format!("{life}-{number}"), Arc::clone(&acknowledged)));
        }
        tasks.spawn(make_keys(admin.clone(), life, Arc::clone(&acknowledged)));
        Self { tasks, acknowledged }
    }

    /// What was acknowledged, once the gate is gone and everyone has noticed.
    pub(super) async fn end(mut self) -> Result<Acknowledged> {
        while let Some(task) = self.tasks.join_next().await {
            task?;
        }
        let acknowledged = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(acknowledged.clone())
    }
}

/// Each call has a nonce of its own. The run's id carries it into the trail, the argument carries it upstream.
async fn call(tool: PermittedTool, prefix: String, acknowledged: Arc<Mutex<Acknowledged>>) {
    let nonce = |number| format!("{prefix}-{number}");
    let body = |nonce| json!({ "arguments": { "nonce": nonce }, "run_id": nonce });
    let mut number = 0;
    while let Ok(answer) = tool.invoke(&body(nonce(number)), &[]).await {
        number += 1;
        if let Some(id) = id_of(&answer, 200, "/invocation_id") {
            acknowledged.lock().unwrap_or_else(PoisonError::into_inner).calls.push(id);
        }
    }
}

async fn make_keys(admin: ApiClient, life: usize, acknowledged: Arc<Mutex<Acknowledged>>) {
    let body = |number| json!({ "name": format!("key-{life}-{number}"), "scopes": ["read"] });
    let mut number = 0;
    while let Ok(answer) = admin.post("/api-keys", &body(number)).await {
        number += 1;
        if let Some(id) = id_of(&answer, 201, "/key/key_id") {
            acknowledged.lock().unwrap_or_else(PoisonError::into_inner).keys.push(id);
        }
        tokio::time::sleep(BETWEEN_KEYS).await;
    }
}

fn id_of(answer: &Answer, status: u16, place: &str) -> Option<String> {
    let body = answer.json();
    let id = body.pointer(place).and_then(|id| id.as_str())?;
    (answer.status == status).then(|| id.to_owned())
}

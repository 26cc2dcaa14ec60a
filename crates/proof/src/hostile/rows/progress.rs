//! Progress: under a token that nobody gave, and under ours without end.

use std::time::{Duration, Instant};

use portcullis_mcp::messages::method;
use serde_json::{Value, json};

use crate::hostile::row::{Playing, Row, expect};
use crate::hostile::scene::{Scene, Seen};
use crate::hostile::speech::{TOOL, chunk, chunked_head};
use crate::hostile::villain::{Asked, Step, Villain};

/// Between two notifications.
const PAUSE: Duration = Duration::from_millis(100);
/// More than fit into the time of a call.
const TICKS: u32 = 300;
/// The time of a call at the suite's gate, and what intent and outcome may take.
const LONGEST: Duration = Duration::from_secs(14);

pub(super) fn rows() -> Vec<Row> {
    let late = expect("upstream_timeout", "failed", "none");
    let mut rows = Vec::new();
    rows.extend(Row::calls("M040", late, |_| endless(&"nobody's".into())));
    rows.extend(
        Row::calls("M040", late, |asked: &Asked| endless(&asked.body["params"]["_meta"]["progressToken"]))
            .map(|row| Row { play: hear, ..row }.named("ours, without end")),
    );
    rows
}

fn endless(token: &Value) -> Vec<Step> {
    let mut steps = vec![Step::Send(chunked_head("text/event-stream"))];
    for progress in 0..TICKS {
        let params = json!({ "progressToken": token, "progress": progress });
        let message = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params });
        let event = portcullis_mcp::sse::encode(Some("message"), None, &message.to_string());
        steps.extend([Step::Send(chunk(&event)), Step::Wait(PAUSE)]);
    }
    steps
}

/// An agent wants to hear of the progress; it does, and no longer than for the time of a call.
fn hear<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let toolset = scene.one.offer(&scene.one.trust(&cast[0]).await?).await?;
        let params = json!({ "name": TOOL, "arguments": {}, "_meta": { "progressToken": "agent's" } });
        let begun = Instant::now();
        let mut told = scene.one.hear_as_agent(&toolset, method::TOOLS_CALL, TOOL, params).await?;
        let took = begun.elapsed();
        let answer = told.pop().unwrap_or_default();
        let seen = scene.one.look_at_told(answer).await?;
        let heard = told.iter().filter(|one| one["params"]["progressToken"] == "agent's").count();
        let mut complaints = seen.complaints.clone();
        if heard == 0 || took > LONGEST {
            complaints.push(format!("{heard} notifications within {took:?}"));
        }
        Ok(Seen { took, complaints, ..seen })
    })
}

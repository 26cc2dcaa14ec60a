//! Handles of tasks. The gate declares no tasks to servers and relays none, so no handle is anybody's.

use serde_json::json;

use crate::hostile::row::{Playing, Row, expect};
use crate::hostile::scene::Scene;
use crate::hostile::speech::{Era, TOOL, definition, json_answer, response, server};
use crate::hostile::villain::Villain;

const HANDLE: &str = "task-of-everybody";
/// What a client asks about a task, in one era or the other.
const QUESTIONS: [&str; 5] = ["tasks/get", "tasks/update", "tasks/cancel", "tasks/result", "tasks/list"];

pub(super) fn rows() -> Vec<Row> {
    let row = |era| {
        let task = json!({ "taskId": HANDLE, "status": "working", "createdAt": "2026-01-01T00:00:00Z" });
        let task = match era {
            Era::Legacy => json!({ "task": task }),
            Era::Modern => {
                let mut result = task;
                result["resultType"] = "task".into();
                result
            }
        };
        let gives = server(era, vec![definition(TOOL)], move |asked| {
            json_answer(&response(asked, &task.to_string()))
        });
        Row::of("M091", expect("upstream_protocol", "failed", "high"), vec![gives], ask_with_anothers_handle)
            .named(era)
            .counting(|_, cast| {
                let asked = cast[0].asked();
                let passed = asked.iter().find(|asked| asked.method().starts_with("tasks/"));
                passed.map(|asked| format!("the server was asked {}", asked.method()))
            })
    };
    [Era::Modern, Era::Legacy].map(row).into()
}

/// A task instead of a result is given to one tenant; then the other asks about it, and the one as well.
fn ask_with_anothers_handle<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let theirs = scene.other.trust(&cast[0]).await?;
        let mut seen = scene.other.call(&theirs, &json!({})).await?;
        let ours = scene.one.trust(&cast[0]).await?;
        let told = scene.one.call(&ours, &json!({})).await?;
        if (&told.code, &told.incident) != (&seen.code, &seen.incident) {
            seen.complaints
                .push(format!("the other tenant was told {}, incident {}", told.code, told.incident));
        }
        seen.complaints.extend(told.complaints);
        for (tenant, tool) in [(&scene.one, &ours), (&scene.other, &theirs)] {
            let toolset = tenant.offer(tool).await?;
            for question in QUESTIONS {
                let params = json!({ "taskId": HANDLE });
                let told = tenant.send_as_agent(&toolset, question, HANDLE, params).await?;
                // METHOD_NOT_FOUND, of whosever handle.
                if told["error"]["code"] != -32601 {
                    seen.complaints.push(format!("{question} is answered {told}"));
                }
            }
        }
        Ok(seen)
    })
}

//! Event streams.

use std::time::Duration;

use color_eyre::eyre::ContextCompat;
use portcullis_mcp::sse;
use serde_json::json;

use crate::hostile::row::{Playing, Row, expect};
use crate::hostile::scene::{Scene, Seen};
use crate::hostile::speech::{DONE, Era, chunk, chunked_head, events_answer, json_answer, response};
use crate::hostile::villain::{Step, Villain};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend(Row::calls("M043", expect("upstream_timeout", "failed", "none"), |_| {
        let comment = Step::Repeat(chunk(b": still here\n\n"), Duration::from_millis(200));
        vec![Step::Send(chunked_head("text/event-stream")), comment]
    }));
    for retry in ["0", "999999999999999999999"] {
        rows.extend(
            Row::calls("M044", expect("ok", "succeeded", "none"), move |asked| {
                events_answer(format!("retry: {retry}\n\ndata: {}\n\n", response(asked, DONE)).as_bytes())
            })
            .map(|row| row.named(retry)),
        );
    }
    rows.push(
        Row::call("M046", Era::Legacy, expect("upstream_protocol", "failed", "high"), |_| {
            let other = format!(r#"{{"jsonrpc":"2.0","id":"of another session","result":{DONE}}}"#);
            events_answer(&sse::encode(Some("message"), Some("session-7/41"), &other))
        })
        .counting(|_, cast| asked_to_resume(cast)),
    );
    rows.extend(
        Row::calls("M047", expect("deadline_exceeded", "failed", "low"), |asked| {
            [vec![Step::Wait(Duration::from_millis(1_500))], json_answer(&response(asked, DONE))].concat()
        })
        .map(|row| Row { play: m047, ..row }),
    );
    rows
}

fn asked_to_resume(cast: &[Villain]) -> Option<String> {
    let asked = cast[0].asked();
    let resumes = asked.iter().filter(|asked| asked.header("last-event-id").is_some()).count();
    (resumes > 0).then(|| format!("{resumes} requests with Last-Event-ID"))
}

/// The caller grants a second, and the result comes later: it is not given out, and the call does not end twice.
fn m047<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let tool = scene.one.trust(&cast[0]).await?;
        let answer = scene.one.invoke(&tool, &json!({}), &[("prefer", "wait=1")]).await?;
        // The result arrives, if anybody still listens, and would be recorded by then.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let seen = scene.one.look(&answer).await?;
        seen.answer["invocation_id"].as_str().context("no invocation")?;
        Ok(Seen { ..seen })
    })
}

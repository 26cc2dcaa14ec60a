//! Event streams.

use std::time::Duration;

use color_eyre::eyre::ContextCompat;
use portcullis_mcp::sse;
use serde_json::json;
use tokio::task::JoinSet;

use crate::hostile::row::{Playing, Row, expect};
use crate::hostile::scene::{Scene, invoke, text};
use crate::hostile::speech::{DONE, Era, TOOL, chunk, chunked_head, events_answer, json_answer, response};
use crate::hostile::told::{code_of, told_otherwise};
use crate::hostile::villain::{Asked, Step, Villain};

/// What the caller grants.
const A_SECOND: (&str, &str) = ("prefer", "wait=1");
/// Longer than it takes from the deadline until the late result.
const LATE: Duration = Duration::from_millis(1_500);
/// Calls at a time, of two tenants together: less than there are places.
const LATE_AT_ONCE: usize = 48;
/// Between two of them: those that end together are recorded together, and other rows' ends would wait for that.
const APART: Duration = Duration::from_millis(20);

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
    let late = |asked: &Asked| {
        [vec![Step::Wait(Duration::from_millis(1_500))], json_answer(&response(asked, DONE))].concat()
    };
    let exceeded = expect("deadline_exceeded", "failed", "low");
    rows.extend(Row::calls("M047", exceeded, late).map(|row| Row { play: m047, ..row }));
    rows.extend(Row::calls("M047", exceeded, late).map(|row| Row { play: m047_often, ..row }.named("often")));
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
        let mut seen = scene.one.call_with(&tool, &json!({}), &[A_SECOND]).await?;
        let id = seen.answer["invocation_id"].as_str().context("no invocation")?.to_owned();
        // The result arrives, if anybody still listens, and would be recorded by then.
        tokio::time::sleep(LATE).await;
        seen.complaints.extend(scene.one.ends_of(&id).await?);
        Ok(seen)
    })
}

/// The same by many callers of two tenants at once: each call ends once.
fn m047_often<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let (server, _) = scene.other.register(&cast[0].url(), &json!({})).await?;
        let theirs = scene.other.approve(&server, TOOL).await?;
        let ours = scene.one.trust(&cast[0]).await?;
        let sides = [(&scene.one, ours), (&scene.other, theirs)];
        let (mut tasks, mut ids, mut codes) = (JoinSet::new(), Vec::new(), Vec::new());
        let mut left = scene.sizes.late;
        while left > 0 || !tasks.is_empty() {
            while left > 0 && tasks.len() < LATE_AT_ONCE {
                left -= 1;
                tokio::time::sleep(APART).await;
                let (agent, tool) = (sides[left % 2].0.agent.clone(), sides[left % 2].1.clone());
                let call = async move { invoke(&agent, &tool, &json!({}), &[A_SECOND]).await };
                let side = left % 2;
                tasks.spawn(async move { (side, call.await) });
            }
            if let Some(answered) = tasks.join_next().await {
                let (side, answer) = answered?;
                let answer = answer?.json();
                codes.push(code_of(&answer));
                ids.push((side, text(&answer["invocation_id"])?));
            }
        }
        tokio::time::sleep(LATE).await;
        let mut seen = scene.one.call_with(&sides[0].1, &json!({}), &[A_SECOND]).await?;
        for (side, id) in &ids {
            seen.complaints.extend(sides[*side].0.ends_of(id).await?);
        }
        let unlike = told_otherwise(codes, "deadline_exceeded");
        if !unlike.is_empty() {
            seen.complaints.push(format!("of {} calls, told otherwise were: {unlike:?}", ids.len()));
        }
        Ok(seen)
    })
}

//! HTTP: heads, bodies and connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use color_eyre::eyre::{ContextCompat, Report, Result};
use portcullis_server::api_client::ApiClient;
use serde_json::json;
use tokio::task::JoinSet;

use crate::hostile::names::{ELSEWHERE, FLIPPING, SILENT};
use crate::hostile::row::{Playing, Row, call_once, expect};
use crate::hostile::scene::{Scene, Seen, invoke};
use crate::hostile::speech::{
    DONE, Era, TOOL, chunk, chunked_head, definition, head, http, http_with, json_answer, response, server,
};
use crate::hostile::tls;
use crate::hostile::told::{code_of, told_otherwise};
use crate::hostile::villain::{Asked, Script, Step, Villain};

/// A connection has 3 s; intent and outcome are on the disk within 900 ms each.
const CONNECTED: Duration = Duration::from_millis(5_000);
/// Between two calls that hang: those that end together are recorded together, and other rows' ends would wait for that.
const APART: Duration = Duration::from_millis(20);
/// How often it is looked whether it is.
const LOOK: Duration = Duration::from_millis(5);
/// Calls of a tenant that a server takes at a time, unless told.
const PLACES: u64 = 32;
/// What is in flight between two programs besides what one of them has read.
const IN_FLIGHT: u64 = 8 << 20;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = connections();
    rows.extend(heads());
    rows.extend(bodies());
    rows
}

fn connections() -> Vec<Row> {
    let silent: Script = Arc::new(|_, _| vec![Step::Hang]);
    let mut rows = vec![
        Row::of("M001", expect("upstream_timeout", "failed", "none"), vec![silent], m001),
        Row::of("M010", expect("ssrf_blocked", "failed", "high"), Vec::new(), m010),
        Row::of("M011", expect("upstream_tls", "failed", "low"), vec![tls::certificate_of_another()], m011),
        Row {
            play: m019_often,
            ..Row::call("M019", Era::Modern, expect("outcome_unknown", "unknown", "low"), |_| {
                vec![Step::Close]
            })
        }
        .named("often"),
    ];
    let with_cookie = |asked: &Asked| {
        let cookie = "set-cookie: who=another; Path=/\r\n";
        http_with("200 OK", "application/json", cookie, response(asked, DONE).as_bytes())
    };
    rows.extend(
        Row::calls("M014", expect("ok", "succeeded", "none"), with_cookie)
            .map(|row| Row { play: m014, ..row }),
    );
    rows.extend(Row::calls("M019", expect("outcome_unknown", "unknown", "low"), |_| vec![Step::Close]));
    rows.extend(redirects());
    rows
}

/// To the address of a cloud's secrets; and to where nothing bars the way, so that whoever follows is seen.
fn redirects() -> Vec<Row> {
    let refused = expect("upstream_redirect", "failed", "high");
    let mut rows: Vec<Row> = Row::calls("M008", refused, |_| {
        http_with("302 Found", "text/html", "location: http://169.254.169.254/\r\n", b"")
    })
    .into();
    for era in [Era::Modern, Era::Legacy] {
        for status in ["302 Found", "307 Temporary Redirect"] {
            let leads_on = server(era, vec![definition(TOOL)], move |asked| {
                let to = asked.body["params"]["arguments"]["of"].as_str().unwrap_or_default();
                http_with(status, "text/html", &format!("location: {to}\r\n"), b"")
            });
            let silent: Script = Arc::new(|_, _| vec![Step::Hang]);
            let row = Row::of("M008", refused, vec![leads_on, silent], m008).named(era).named(status);
            rows.push(row.counting(|_, cast| followed(&cast[1])));
        }
    }
    rows
}

fn followed(elsewhere: &Villain) -> Option<String> {
    let made = elsewhere.connections();
    (made > 0).then(|| format!("{made} connections were made to where it leads"))
}

fn heads() -> Vec<Row> {
    let low = expect("upstream_protocol", "failed", "low");
    let none = expect("upstream_protocol", "failed", "none");
    let send = |bytes: Vec<u8>| vec![Step::Send(bytes)];
    let tricks: [(&str, &str); 6] = [
        ("bare line feeds", "HTTP/1.1 200 OK\ncontent-type: application/json\ncontent-length: 2\n\n{}"),
        (
            "folded line",
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n x: y\r\ncontent-length: 2\r\n\r\n{}",
        ),
        (
            "two framings",
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\
             transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        ),
        ("two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} "),
        ("bare carriage return", "HTTP/1.1 200 OK\r\nx: y\rcontent-length: 2\r\n\r\n{}"),
        ("space before the colon", "HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\n{}"),
    ];
    let mut rows: Vec<Row> = Row::calls("M002", expect("upstream_timeout", "failed", "none"), |_| {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        vec![Step::Trickle(head.to_vec(), Duration::from_millis(500))]
    })
    .map(|row| row.counting(|seen, _| longer(seen, Duration::from_millis(11_000))))
    .into();
    rows.extend(Row::calls("M013", low, move |_| {
        send(format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(100_000)).into_bytes())
    }));
    rows.extend(
        Row::calls("M013", low, move |_| {
            send(format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(10 << 20)).into_bytes())
        })
        .map(|row| row.named("one line")),
    );
    rows.extend(Row::calls("M020", none, |_| {
        vec![Step::Repeat(
            b"HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n".to_vec(),
            Duration::from_millis(1),
        )]
    }));
    for (name, trick) in tricks {
        rows.extend(
            Row::calls("M022", low, move |_| send(trick.as_bytes().to_vec())).map(|row| row.named(name)),
        );
    }
    rows.extend(Row::calls("M007", low, |asked| {
        let codings = "content-encoding: gzip, gzip, gzip\r\n";
        http_with("200 OK", "application/json", codings, response(asked, DONE).as_bytes())
    }));
    rows
}

fn bodies() -> Vec<Row> {
    let none = expect("upstream_protocol", "failed", "none");
    let too_large = expect("result_too_large", "failed", "low");
    let mut rows: Vec<Row> = Row::calls("M004", expect("upstream_protocol", "failed", "low"), |_| {
        let start = head("200 OK", "application/json", "", 10).into_bytes();
        vec![Step::Send(start), Step::Repeat(vec![b'['; 64 << 10], Duration::ZERO)]
    })
    .map(|row| Row { play: m004, ..row.counting(|_, cast| taken(cast, 0)) })
    .into();
    rows.extend(
        Row::calls("M005", too_large, |_| {
            let start = chunked_head("application/json");
            vec![Step::Send(start), Step::Repeat(chunk(&[b' '; 64 << 10]), Duration::ZERO)]
        })
        .map(|row| row.counting(|_, cast| taken(cast, 4 << 20))),
    );
    rows.extend(
        Row::calls("M005", too_large, |_| {
            let start = head("200 OK", "application/json", "", 10 << 30).into_bytes();
            vec![Step::Send(start), Step::Repeat(vec![b' '; 64 << 10], Duration::ZERO)]
        })
        .map(|row| row.named("declared").counting(|_, cast| taken(cast, 4 << 20))),
    );
    rows.extend(Row::calls("M016", none, |asked| {
        http("200 OK", "text/html", response(asked, DONE).as_bytes())
    }));
    rows.extend(Row::calls("M017", none, |_| json_answer("")));
    rows
}

fn longer(seen: &Seen, longest: Duration) -> Option<String> {
    (seen.took > longest).then(|| format!("it took {:?}, and may take {longest:?}", seen.took))
}

/// More was read than the cap and what lies in buffers between the two.
fn taken(cast: &[Villain], cap: u64) -> Option<String> {
    let sent = cast[0].sent();
    (sent > cap + IN_FLIGHT).then(|| format!("{sent} bytes were taken, the cap is {cap}"))
}

/// A connection that said too much serves no other call.
fn m004<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let tool = scene.one.trust(&cast[0]).await?;
        let mut seen = scene.one.call(&tool, &json!({})).await?;
        let before = cast[0].connections();
        scene.one.call(&tool, &json!({})).await?;
        if cast[0].connections() == before {
            seen.complaints.push("the connection that said too much served another call".to_owned());
        }
        Ok(seen)
    })
}

/// Leads to the other villain, whose address the arguments say.
fn m008<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let tool = scene.one.trust(&cast[0]).await?;
        scene.one.call(&tool, &json!({ "of": cast[1].origin() })).await
    })
}

fn m001<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let tool =
            scene.one.trust_by_hand(&format!("https://{SILENT}:{}/mcp", cast[0].address().port())).await?;
        let mut seen = scene.one.call(&tool, &json!({})).await?;
        seen.complaints.extend(longer(&seen, CONNECTED));
        let again = scene.one.call(&tool, &json!({})).await?;
        seen.complaints.extend(longer(&again, CONNECTED));
        seen.complaints.extend(not_freed(scene, &tool, &cast[0]).await?);
        Ok(seen)
    })
}

/// Calls hang in all places of the lane. When the first of them is answered, the next one has its place.
async fn not_freed(scene: &Scene, tool: &str, villain: &Villain) -> Result<Option<String>> {
    let full = villain.connections() + PLACES;
    let call = |agent: ApiClient, tool: String| async move { invoke(&agent, &tool, &json!({}), &[]).await };
    let mut hanging = JoinSet::new();
    for _ in 0..PLACES {
        hanging.spawn(call(scene.one.agent.clone(), tool.to_owned()));
        tokio::time::sleep(APART).await;
    }
    if !reaches(villain, full, CONNECTED).await {
        return Ok(Some(format!("{} of {full} connections were made", villain.connections())));
    }
    // It is refused until there is room, and asks again at once.
    let (agent, path) = (scene.one.agent.clone(), format!("{tool}/invoke"));
    let next = tokio::spawn(async move {
        while agent.post(&path, &json!({ "arguments": {} })).await?.json()["code"] == "overloaded" {
            tokio::time::sleep(LOOK).await;
        }
        Ok::<_, Report>(())
    });
    hanging.join_next().await.context("nothing hangs")???;
    let freed = scene.sizes.freed;
    let is_taken = reaches(villain, full + 1, freed).await;
    hanging.join_all().await;
    next.await??;
    Ok((!is_taken).then(|| format!("{freed:?} after the answer its place was not another's")))
}

/// Whether so many connections are made within this time.
async fn reaches(villain: &Villain, connections: u64, time: Duration) -> bool {
    let end = Instant::now() + time;
    while villain.connections() < connections {
        if Instant::now() > end {
            return false;
        }
        tokio::time::sleep(LOOK).await;
    }
    true
}

fn m010<'a>(scene: &'a Scene, _: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let tool = scene.one.trust_by_hand(&format!("https://{FLIPPING}/mcp")).await?;
        let mut seen = scene.one.call(&tool, &json!({})).await?;
        let passed = crate::hostile::names::flips_that_pass(scene.sizes.flips).await?;
        if passed > 0 {
            seen.complaints.push(format!("{passed} flips of the name were connected to"));
        }
        Ok(seen)
    })
}

fn m011<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let url = format!("https://{ELSEWHERE}:{}/mcp", cast[0].address().port());
        let tool = scene.one.trust_by_hand(&url).await?;
        scene.one.call(&tool, &json!({})).await
    })
}

fn m014<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let mut seen = call_once(scene, cast).await?;
        let tool = text_of_tool(&seen)?;
        scene.one.call(&tool, &json!({})).await?;
        let cookies = cast[0].asked().iter().filter(|asked| asked.header("cookie").is_some()).count();
        if cookies > 0 {
            seen.complaints.push(format!("{cookies} requests with a cookie"));
        }
        Ok(seen)
    })
}

fn text_of_tool(seen: &Seen) -> Result<String> {
    let id = |name: &str| crate::hostile::scene::text(&seen.answer[name]);
    Ok(format!("/integrations/mcp-servers/{}/tools/{}", id("server_id")?, id("tool_id")?))
}

/// Each cut connection was one call, and is on record as not known.
fn m019_often<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let tool = scene.one.trust(&cast[0]).await?;
        let mut seen = scene.one.call(&tool, &json!({})).await?;
        // The one that is looked at is made again if its end could not be recorded.
        let before = cast[0].calls();
        let mut tasks = JoinSet::new();
        let mut left = scene.sizes.cuts;
        let mut codes = Vec::new();
        while left > 0 || !tasks.is_empty() {
            while left > 0 && tasks.len() < 8 {
                let (agent, tool) = (scene.one.agent.clone(), tool.clone());
                tasks.spawn(async move { invoke(&agent, &tool, &json!({}), &[]).await });
                left -= 1;
            }
            if let Some(answer) = tasks.join_next().await {
                codes.push(code_of(&answer??.json()));
            }
        }
        let (calls, cuts) = (cast[0].calls() - before, scene.sizes.cuts as u64);
        let unlike = told_otherwise(codes, "outcome_unknown");
        if calls != cuts || !unlike.is_empty() {
            seen.complaints
                .push(format!("{calls} calls arrived for {cuts} asked, told otherwise were: {unlike:?}"));
        }
        Ok(seen)
    })
}

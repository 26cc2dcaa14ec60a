//! Sessions, versions, names and caches.

use std::sync::Arc;

use portcullis_schemas::egress::HttpMethod;
use portcullis_schemas::secret::Secret;
use serde_json::json;

use crate::hostile::row::{Playing, Row, expect};
use crate::hostile::scene::{Scene, Seen, invoke, text};
use crate::hostile::speech::{
    DONE, Era, TOOL, definition, honest, http, http_with, json_answer, list, response, result, server,
};
use crate::hostile::villain::{Asked, Script, Step, Villain};
use crate::patience::patiently;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![
        Row::of("M049", expect("ok", "succeeded", "high"), vec![one_session_for_all()], m049),
        Row::of("M049", expect("ok", "succeeded", "none"), vec![a_session_for_each()], two_keys)
            .named("two keys of a tenant"),
        Row::of("M053", expect("ok", "succeeded", "low"), vec![public_list()], two_callers)
            .named("two callers of a tenant"),
        Row::of("M053", expect("ok", "succeeded", "none"), vec![public_list()], two_tenants)
            .named("two tenants"),
    ];
    for version in ["2024-11-05", "2025-03-26", "1999-01-01"] {
        let script = downgrading(version);
        rows.push(
            Row::of("M050", expect("version_refused", "failed", "low"), vec![script], super::call_once)
                .named(version),
        );
    }
    rows.extend([Era::Modern, Era::Legacy].map(|era| {
        let tools = vec![definition(TOOL)];
        let sound = server(era, tools, |asked| json_answer(&response(asked, DONE)));
        let script: Script = Arc::new(move |asked, turned| match asked.method() {
            "server/discover" | "initialize" => pretending(era, asked),
            _ => sound(asked, turned),
        });
        Row::of("M052", expect("ok", "succeeded", "none"), vec![script], m052).named(era)
    }));
    rows
}

/// A legacy server that gives everybody the same session.
fn one_session_for_all() -> Script {
    let sound = server(Era::Legacy, vec![definition(TOOL)], |asked| json_answer(&response(asked, DONE)));
    Arc::new(move |asked, turned| {
        if asked.method() == "initialize" {
            shaken(asked, "2025-11-25", "mcp-session-id: of-everybody\r\n")
        } else {
            sound(asked, turned)
        }
    })
}

/// A legacy server that hands out sessions as it should.
fn a_session_for_each() -> Script {
    server(Era::Legacy, vec![definition(TOOL)], |asked| json_answer(&response(asked, DONE)))
}

fn shaken(asked: &Asked, version: &str, lines: &str) -> Vec<Step> {
    let about = json!({
        "protocolVersion": version, "capabilities": { "tools": {} }, "serverInfo": { "name": "x", "version": "1" },
    });
    http_with("200 OK", "application/json", lines, response(asked, &about.to_string()).as_bytes())
}

/// Forgets its sessions once it has turned, and then speaks an older version.
fn downgrading(version: &'static str) -> Script {
    let sound = server(Era::Legacy, vec![definition(TOOL)], |_| http("404 Not Found", "text/plain", b""));
    Arc::new(move |asked, turned| match asked.method() {
        "initialize" if turned => shaken(asked, version, "mcp-session-id: new\r\n"),
        _ => sound(asked, turned),
    })
}

fn pretending(era: Era, asked: &Asked) -> Vec<Step> {
    let name = json!({ "name": "github", "title": "GitHub", "version": "1" });
    match (era, asked.method()) {
        (Era::Modern, "server/discover") => result(
            asked,
            &json!({
                "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": { "tools": {} },
                "_meta": { "io.modelcontextprotocol/serverInfo": name },
            }),
        ),
        (Era::Legacy, "initialize") => result(
            asked,
            &json!({ "protocolVersion": "2025-11-25", "capabilities": { "tools": {} }, "serverInfo": name }),
        ),
        _ => honest(era, &[], asked),
    }
}

/// Every asker gets a list of its own, by its credential if it has one, which says that it is everybody's.
fn public_list() -> Script {
    let sound = server(Era::Modern, Vec::new(), |asked| json_answer(&response(asked, DONE)));
    let turns = std::sync::atomic::AtomicU64::new(0);
    Arc::new(move |asked, turned| {
        if asked.method() != "tools/list" {
            return sound(asked, turned);
        }
        // A list that held the credential would not be read at all.
        let asker = match asked.header("authorization") {
            Some(credential) => format!("{}_letters", credential.len()),
            None => turns.fetch_add(1, std::sync::atomic::Ordering::SeqCst).to_string(),
        };
        let mut page = list(&[definition(TOOL), definition(&format!("of_asker_{asker}"))]);
        page["cacheScope"] = "public".into();
        page["ttlMs"] = 3_600_000.into();
        result(asked, &page)
    })
}

fn m049<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let ours = scene.one.trust(&cast[0]).await?;
        let first = scene.one.call(&ours, &json!({})).await?;
        let (server, _) = scene.other.register(&cast[0].url(), &json!({})).await?;
        let theirs = scene.other.approve(&server, TOOL).await?;
        let mut seen = scene.other.call(&theirs, &json!({})).await?;
        let handshakes = cast[0].asked().iter().filter(|asked| asked.method() == "initialize").count();
        if handshakes < 2 || first.code != "ok" {
            seen.complaints
                .push(format!("{handshakes} handshakes for two tenants, the first was told {}", first.code));
        }
        Ok(seen)
    })
}

/// One key calls, another of the same tenant, and the one again: what a server keeps of a session is of one key.
fn two_keys<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let tool = scene.one.trust(&cast[0]).await?;
        let key = json!({ "name": format!("second {}", cast[0].address().port()), "scopes": ["invoke"] });
        let created = scene.one.post("/api-keys", &key).await?;
        let second = scene.one.agent.with_key(Secret::new(text(&created["secret"])?));
        let mut seen = scene.one.call(&tool, &json!({})).await?;
        invoke(&second, &tool, &json!({}), &[]).await?;
        scene.one.call(&tool, &json!({})).await?;
        let asked = cast[0].asked();
        let calls = asked.iter().filter(|asked| asked.method() == "tools/call");
        let sessions: Vec<&str> = calls.filter_map(|asked| asked.header("mcp-session-id")).collect();
        let is_so = matches!(sessions[..], [one, second, again] if one == again && one != second);
        if !is_so {
            seen.complaints
                .push(format!("three calls of two keys in turn came in the sessions {sessions:?}"));
        }
        Ok(seen)
    })
}

fn m052<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let tool = scene.one.trust(&cast[0]).await?;
        let mut seen = scene.one.call(&tool, &json!({})).await?;
        let (server, _) = tool.split_once("/tools/").unwrap_or_default();
        for path in [server.to_owned(), tool.clone()] {
            let shown = scene.one.admin.get(&path).await?;
            if shown.text.to_lowercase().contains("github") {
                seen.complaints.push(format!("its own name is shown at {path}"));
            }
        }
        Ok(seen)
    })
}

/// Two callers with secrets of their own at the server: what it tells the second differs from what it told the first.
fn two_callers<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let as_callers = json!({
            "auth_type": "bearer", "credential_ref": "connection://caller", "auto_discover": false,
        });
        let (server, _) = scene.one.register(&cast[0].url(), &as_callers).await?;
        let mut callers = Vec::new();
        for name in ["one caller", "another"] {
            let name = format!("{name} {}", cast[0].address().port());
            let key = json!({ "name": name, "scopes": ["invoke", "admin"] });
            let created = scene.one.post("/api-keys", &key).await?;
            let caller = scene.one.admin.with_key(Secret::new(text(&created["secret"])?));
            let own = json!({ "secret": name.replace(' ', "-") });
            patiently(&caller, HttpMethod::Put, &format!("{server}/connection"), Some(&own)).await?;
            callers.push(caller);
        }
        let mut heard = Vec::new();
        for caller in [&callers[0], &callers[0], &callers[1]] {
            let nothing = json!({});
            patiently(caller, HttpMethod::Post, &format!("{server}/discover"), Some(&nothing)).await?;
            heard.push(scene.one.incident("upstream_conduct", &server).await?);
        }
        let tool = scene.one.approve(&server, TOOL).await?;
        let seen = scene.one.look(&invoke(&callers[1], &tool, &json!({}), &[]).await?).await?;
        let is_timely = heard[..2].iter().all(|incident| incident == "none");
        let incident = if is_timely { heard.remove(2) } else { "too early".to_owned() };
        Ok(Seen { incident, ..seen })
    })
}

fn two_tenants<'a>(scene: &'a Scene, cast: &'a [Villain]) -> Playing<'a> {
    Box::pin(async move {
        let (ours, _) = scene.one.register(&cast[0].url(), &json!({})).await?;
        let (theirs, _) = scene.other.register(&cast[0].url(), &json!({})).await?;
        let mut names = Vec::new();
        for (tenant, server) in [(&scene.one, &ours), (&scene.other, &theirs)] {
            for tool in tenant.tools(server).await? {
                names.push(text(&tool["name"])?);
            }
        }
        names.retain(|name| name.starts_with("of_asker_"));
        names.dedup();
        let complaints =
            if names.len() == 2 { Vec::new() } else { vec![format!("two askers were shown {names:?}")] };
        let tool = scene.one.approve(&ours, TOOL).await?;
        let seen = scene.one.call(&tool, &json!({})).await?;
        Ok(Seen { complaints: [seen.complaints.clone(), complaints].concat(), ..seen })
    })
}

//! Listing of tools: pages, caps, and tools that cannot be used.

use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::wire::ListedTool;

use super::{Bench, json, legacy, modern};
use crate::egress::scripted::Received;

const USABLE: &str =
    r#"{"name":"t","inputSchema":{"type":"object"},"x":1.10,"big":123456789012345678901234567890}"#;

fn page(tools: &[&str], next: Option<&str>) -> String {
    let next = next.map(|next| format!(r#","nextCursor":"{next}""#)).unwrap_or_default();
    format!(r#"{{"tools":[{}]{next}}}"#, tools.join(","))
}

fn cursor(received: &Received) -> Option<String> {
    received.json()["params"]["cursor"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn pages_are_followed_and_an_empty_cursor_is_one() {
    let bench = Bench::new(modern(|received| {
        let (tools, next) = match cursor(received).as_deref() {
            None => (vec![USABLE], Some("")),
            Some("") => (vec![], Some("2")),
            Some(_) => (vec![USABLE, USABLE], None),
        };
        json(received, &page(&tools, next))
    }))
    .await;
    let found = bench.discover().await.unwrap();
    assert_eq!((found.tools.len(), found.protocol_version.as_str()), (3, "2026-07-28"));
    assert_eq!(found.capabilities.as_str(), r#"{"tools":{"x":1.10}}"#);
    for tool in &found.tools {
        let ListedTool::Readable { name, definition, .. } = tool else { panic!("{tool:?}") };
        assert_eq!((name.as_str(), definition.as_str()), ("t", USABLE));
    }
    let seen = bench.upstream.seen();
    assert_eq!(seen[1].header("mcp-method"), Some("tools/list"));
    assert_eq!(
        seen.iter().map(cursor).collect::<Vec<_>>(),
        [None, None, Some(String::new()), Some("2".to_owned())]
    );
}

#[tokio::test]
async fn a_list_is_public_if_all_its_pages_are() {
    for (first, last, expected) in
        [("public", "public", true), ("public", "private", false), ("private", "public", false)]
    {
        let bench = Bench::new(modern(move |received| {
            let (scope, next) = match cursor(received) {
                None => (first, Some("2")),
                Some(_) => (last, None),
            };
            let page = page(&[USABLE], next);
            json(received, &page.replacen('{', &format!(r#"{{"cacheScope":"{scope}","#), 1))
        }))
        .await;
        assert_eq!(bench.discover().await.unwrap().is_public, expected, "{first}, then {last}");
    }
    assert!(
        !Bench::new(legacy(|received| json(received, &page(&[USABLE], None))))
            .await
            .discover()
            .await
            .unwrap()
            .is_public
    );
}

#[tokio::test]
async fn a_list_that_has_no_end_is_cut_off() {
    let counting =
        |received: &Received| cursor(received).map_or(0, |cursor| cursor.parse::<u32>().unwrap()) + 1;
    let twice = Bench::new(modern(|received| json(received, &page(&[], Some("same"))))).await;
    let pages =
        Bench::new(modern(move |received| json(received, &page(&[], Some(&counting(received).to_string())))))
            .await;
    let tools = Bench::new(modern(move |received| {
        json(received, &page(&[USABLE; 600], Some(&counting(received).to_string())))
    }))
    .await;
    let filler = format!(r#"{{"name":"{}"}}"#, "x".repeat(3 << 20));
    let bytes = Bench::new(modern(move |received| {
        json(received, &page(&[&filler], Some(&counting(received).to_string())))
    }))
    .await;
    for (what, bench, requests, code) in [
        ("cursor", twice, 3, codes::UPSTREAM_PROTOCOL),
        ("pages", pages, 51, codes::UPSTREAM_TOO_LARGE),
        ("tools", tools, 3, codes::UPSTREAM_TOO_LARGE),
        ("bytes", bytes, 4, codes::UPSTREAM_TOO_LARGE),
    ] {
        assert_eq!(bench.discover().await.unwrap_err().code, code, "{what}");
        assert_eq!(bench.upstream.seen().len(), requests, "{what}");
    }
}

#[tokio::test]
async fn one_bad_tool_does_not_hide_the_others() {
    let large = format!(r#"{{"name":"l","inputSchema":{{}},"description":"{}"}}"#, "x".repeat(64 * 1024));
    let header = r#"{"name":"h","inputSchema":{"properties":{"n":{"type":"number","x-mcp-header":"N"}}}}"#;
    let tools = move |received: &Received| {
        let tools = [
            "7",
            r#"{"inputSchema":{}}"#,
            r#"{"name":"d","name":"d","inputSchema":{}}"#,
            &large,
            header,
            USABLE,
        ];
        json(received, &page(&tools, None))
    };
    let shown = |found: &[ListedTool]| -> Vec<String> {
        let show = |tool: &ListedTool| match tool {
            ListedTool::Readable { name, .. } => name.clone(),
            ListedTool::Unreadable { position, problem, .. } => format!("#{position} {problem}"),
            ListedTool::Unlisted { kind, problem } => format!("{kind} {problem}"),
        };
        found.iter().map(show).collect()
    };
    let found = Bench::new(modern(tools.clone())).await.discover().await.unwrap();
    insta::assert_snapshot!(shown(&found.tools).join("\n"), @r"
    #0 `item`: expected an object
    #1 `name`: expected a string that is not empty
    #2 JSON: a member name occurs twice in one object, at byte 12
    #3 definition: larger than 65536 bytes
    #4 x-mcp-header: expected a parameter of type string, integer or boolean
    t
    ");
    // The annotation means nothing to a legacy server.
    let found = Bench::new(legacy(tools)).await.discover().await.unwrap();
    assert_eq!(shown(&found.tools)[4..], ["h", "t"]);
}

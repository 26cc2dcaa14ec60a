//! The page: what it loads, where its links go, and one article as a snapshot.

use portcullis_spine::OperationRegistry;
use portcullis_spine::operations::register;

use super::*;

fn whole() -> String {
    let mut registry = OperationRegistry::new();
    register(&mut registry).unwrap();
    page(&Reference::of(&registry))
}

/// The lines of one article.
fn article(page: &str, id: &str) -> String {
    let start = page.find(&format!("<article id=\"{id}\"")).unwrap();
    let length = page[start..].find("</article>").unwrap();
    page[start..start + length]
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn it_loads_nothing_from_elsewhere() {
    let page = whole();
    for forbidden in ["<script", "http://", "https://", "<img", "style=\"", "<style", "@import", "url("] {
        assert!(!page.contains(forbidden), "{forbidden}");
        assert!(!CSS.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn every_link_has_its_place() {
    let page = whole();
    let targets = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next());
    for target in targets {
        assert!(page.contains(&format!("id=\"{target}\"")), "{target}");
    }
}

#[test]
fn every_route_stands_there() {
    let page = whole();
    assert_eq!(page.matches("<article id=").count(), crate::routes::ROUTES.len());
}

#[test]
fn an_article_is_a_contract() {
    insta::assert_snapshot!(article(&whole(), "controls.killswitch.freeze"));
}

#[test]
fn groups_are_titled_in_words() {
    let table = [
        ("integrations.mcp_servers", "Integrations: MCP servers"),
        ("incidents.incidents", "Incidents"),
        ("api_keys.keys", "API keys"),
        ("logs.trail", "Logs: trail"),
    ];
    for (family, expected) in table {
        assert_eq!(title(family), expected);
    }
}

#[test]
fn what_stands_between_backticks_is_code() {
    let span = |text: &str, is_code| Span { text: text.to_owned(), is_code };
    let schema = serde_json::json!({ "description": "Header for `api_key`;\n`X-Key`" });
    let expected =
        [span("Header for ", false), span("api_key", true), span("; ", false), span("X-Key", true)];
    assert_eq!(description(&schema), expected);
    assert!(!whole().contains('`'));
}

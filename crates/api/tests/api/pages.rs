//! The contract and the reference page as they are served.

use portcullis_api::{ROUTES, openapi};
use portcullis_spine::OperationRegistry;
use portcullis_spine::operations::register;

use crate::support::{World, text};

#[tokio::test]
async fn the_contract_is_served_as_it_is_made() {
    let world = World::new().await;
    let answer = world.call("", "GET", "/openapi.json", None).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let mut registry = OperationRegistry::new();
    register(&mut registry).unwrap();
    assert_eq!(answer.json(), openapi(&registry));
}

#[tokio::test]
async fn the_page_and_its_stylesheet_are_served() {
    let world = World::new().await;
    let page = world.call("", "GET", "/docs", None).await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    for route in ROUTES {
        assert!(page.text().contains(&format!("<code>{}</code>", route.path)), "{}", route.path);
    }
    let link =
        page.text().split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let style = world.call("", "GET", &link, None).await;
    assert_eq!((style.status.as_u16(), style.header("content-type")), (200, Some("text/css; charset=utf-8")));
}

#[tokio::test]
async fn who_comes_back_from_a_log_in_finds_a_page_that_changes_nothing_by_itself() {
    let world = World::new().await;
    let page = world.call("", "GET", "/connections/callback?code=c-o-d-e&state=s", None).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    assert!(!page.text().contains("c-o-d-e"), "what came is not written into the page");
    let script = page.text().split("script src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let script = world.call("", "GET", &script, None).await;
    assert_eq!(script.status, 200);
    assert!(script.text().contains("/integrations/connections/complete"));
}

#[tokio::test]
async fn an_account_is_begun_to_connect_on_a_page_of_its_server() {
    let world = World::new().await;
    let server = "mcp_01jd0000000000000000000001";
    let page = world.call("", "GET", &format!("/connections/{server}"), None).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    assert!(page.text().contains(&format!("data-server=\"{server}\"")));
    let script = world.call("", "GET", "/connections/begin.js", None).await;
    assert!(page.text().contains("/connections/begin.js") && script.status == 200);
    assert!(script.text().contains("\"/integrations/connections\""));
    assert!(
        script.text().contains("ask(\"PUT\", connection"),
        "a secret of the account's may be given there"
    );
    assert_eq!(world.call("", "GET", "/connections/%22%3E", None).await.status, 404);
}

#[tokio::test]
async fn who_the_gate_is_stands_below_its_public_url() {
    const PATH: &str = "/connections/client.json";
    let unknown = World::new().await;
    assert_eq!(unknown.call("", "GET", PATH, None).await.status, 404, "nobody has said how it is reached");
    let plain = World::limited(|options| options.public_url = Some("http://127.0.0.1:8080".to_owned())).await;
    assert_eq!(plain.call("", "GET", PATH, None).await.status, 404, "a client id is reached by https");
    let world = World::limited(|options| options.public_url = Some("https://gw.example".to_owned())).await;
    let document = world.call("", "GET", PATH, None).await.json();
    assert_eq!(document["client_id"], "https://gw.example/connections/client.json");
    assert_eq!(document["redirect_uris"], serde_json::json!(["https://gw.example/connections/callback"]));
    assert_eq!(document["token_endpoint_auth_method"], "none");
    assert!(document.get("client_secret").is_none());
}

/// The page of an approval shows these members of the tool and the server, with the approver's own key.
#[tokio::test]
async fn what_the_page_of_an_approval_shows_is_there_for_who_may_read() {
    let world = World::new().await;
    let (server, tool) = world.tool(&world.key).await;
    let body = serde_json::json!({ "name": "reader", "scopes": ["read"] });
    let reader = text(&world.post("/api-keys", body).await.json()["secret"]);
    let path = format!("/integrations/mcp-servers/{server}");
    let server = world.call(&reader, "GET", &path, None).await.json();
    let tool = world.call(&reader, "GET", &format!("{path}/tools/{tool}"), None).await.json();
    let script = world.call("", "GET", "/approvals/page.js", None).await.text();
    assert!(script.contains("/integrations/mcp-servers/${server_id}"), "{script}");
    for name in ["name", "url"] {
        assert!(server[name].is_string() && script.contains(&format!("server.{name}")), "{name}: {server}");
    }
    assert!(tool["definition"].is_object() && script.contains("pinned.definition"), "{tool}");
    assert_eq!(tool["definition_hash"], tool["pinned_hash"]);
    assert!(tool.get("description").is_some() && server.get("description").is_some());
}

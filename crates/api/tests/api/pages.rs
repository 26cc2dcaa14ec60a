//! The contract and the reference page as they are served.

use portcullis_api::{ROUTES, openapi};
use portcullis_spine::OperationRegistry;
use portcullis_spine::operations::register;

use crate::support::World;

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

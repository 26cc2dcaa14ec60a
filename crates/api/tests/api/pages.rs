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

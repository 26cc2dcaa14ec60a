//! When a token is asked for, and by whom it is used.

use portcullis_schemas::integrations::mcp::oauth::{OauthClientId, UpstreamOauth};
use portcullis_schemas::text::UrlText;
use portcullis_testkit::conformance;
use portcullis_testkit::fakes::{PlainVault, ScriptedEgress, ScriptedResponse};
use portcullis_testkit::fixtures;
use portcullis_testkit::ids::UniqueIds;
use portcullis_testkit::memory::{MemorySealedSecrets, MemoryStore};
use portcullis_testkit::time::TestClock;
use serde_json::json;

use super::*;

struct World {
    vault: ExchangingVault,
    egress: Arc<ScriptedEgress>,
    clock: Arc<TestClock>,
    server: ServerId,
    tenant: TenantId,
}

impl World {
    fn new() -> Self {
        let egress = Arc::new(ScriptedEgress::allowing(&["https://as.example"]));
        let clock = Arc::new(TestClock::new());
        let vault = ExchangingVault {
            inner: Arc::new(PlainVault::new(Arc::new(MemorySealedSecrets::new()))),
            egress: egress.clone(),
            clock: clock.clone(),
            store: Arc::new(MemoryStore::new()),
            tokens: Arc::default(),
        };
        let server = ServerId::generate(&UniqueIds::new());
        Self { vault, egress, clock, server, tenant: fixtures::tenant(1) }
    }

    fn answer(&self, token: &str, expires_in: u64) {
        let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": expires_in });
        self.egress.answer(ScriptedResponse::json(200, &body));
    }

    async fn token_of(&self, grant: &ClientGrant, secret: &str) -> Result<String, PortError> {
        let secret = Secret::new(secret.to_owned());
        let token = self.vault.exchanged(&self.tenant, &self.server, grant, secret).await;
        token.map(|token| token.expose().to_owned())
    }

    async fn token(&self) -> Result<String, PortError> {
        self.token_of(&grant("https://as.example/token"), "s1").await
    }

    fn asked(&self) -> usize {
        self.egress.requests().len()
    }
}

fn grant(endpoint: &str) -> ClientGrant {
    let oauth = UpstreamOauth {
        token_endpoint: UrlText::new(endpoint).unwrap(),
        client_id: OauthClientId::new("gateway").unwrap(),
        client_auth: None,
        scope: None,
        resource: None,
        authorization_endpoint: None,
        redirect_uri: None,
        issuer: None,
        names_issuer: None,
    };
    ClientGrant { oauth, resource: "https://mcp.example/mcp".to_owned() }
}

#[tokio::test]
async fn conforms_to_the_port() {
    let sealed = Arc::new(MemorySealedSecrets::new());
    let inner = Arc::new(PlainVault::new(sealed.clone()));
    let vault = ExchangingVault { inner, ..World::new().vault };
    conformance::credential_vault(&vault, &sealed).await;
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_again_before_it_ends() {
    let world = World::new();
    world.answer("one", 300);
    assert_eq!(world.token().await.unwrap(), "one");
    world.clock.advance(Duration::from_secs(269));
    assert_eq!((world.token().await.unwrap(), world.asked()), ("one".to_owned(), 1));
    // In its last 30 seconds it is renewed; where that fails, it is still good.
    world.clock.advance(Duration::from_secs(1));
    world.egress.answer(ScriptedResponse::json(503, &json!({})));
    assert_eq!((world.token().await.unwrap(), world.asked()), ("one".to_owned(), 2));
    world.answer("two", 0);
    assert_eq!(world.token().await.unwrap(), "two");
    // Good for once.
    world.answer("three", 86_400);
    assert_eq!((world.token().await.unwrap(), world.asked()), ("three".to_owned(), 4));
    world.clock.advance(Duration::from_secs(86_400));
    world.egress.answer(ScriptedResponse::json(503, &json!({})));
    let error = world.token().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (PortErrorKind::Unavailable, codes::UPSTREAM_TOKEN_UNAVAILABLE));
}

#[tokio::test]
async fn another_secret_endpoint_or_server_is_another_token() {
    let world = World::new();
    let first = grant("https://as.example/token");
    world.answer("one", 300);
    assert_eq!(world.token_of(&first, "s1").await.unwrap(), "one");
    world.answer("two", 300);
    assert_eq!(world.token_of(&first, "rotated").await.unwrap(), "two");
    world.answer("three", 300);
    assert_eq!(world.token_of(&grant("https://as.example/other"), "rotated").await.unwrap(), "three");
    let other = ServerId::generate(&UniqueIds::new());
    world.answer("four", 300);
    let secret = Secret::new("rotated".to_owned());
    let four = world.vault.exchanged(&world.tenant, &other, &grant("https://as.example/other"), secret).await;
    assert_eq!(four.unwrap().expose(), "four");
    world.answer("five", 300);
    let stranger = fixtures::tenant(2);
    let secret = Secret::new("rotated".to_owned());
    let five = world.vault.exchanged(&stranger, &other, &grant("https://as.example/other"), secret).await;
    assert_eq!(five.unwrap().expose(), "five", "no token is shared between tenants");
    assert_eq!(world.egress.requests()[4].0, stranger);
    // What was refused upstream is asked for anew.
    world.vault.tokens.forget(&world.tenant, &world.server);
    world.answer("six", 300);
    assert_eq!(world.token_of(&first, "s1").await.unwrap(), "six");
}

#[tokio::test]
async fn one_asks_and_the_others_wait_for_what_it_gets() {
    let world = World::new();
    world.answer("one", 300);
    let (a, b, c) = tokio::join!(world.token(), world.token(), world.token());
    assert_eq!([a.unwrap(), b.unwrap(), c.unwrap()], ["one", "one", "one"]);
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn refusals_say_whose_they_are_and_hold_no_secret() {
    let world = World::new();
    world.egress.answer(ScriptedResponse::json(
        401,
        &json!({ "error": "invalid_client", "error_description": "s1" }),
    ));
    let error = world.token().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (PortErrorKind::Refused, codes::UPSTREAM_TOKEN_REFUSED));
    assert_eq!(error.detail(), "the authorization server refuses: invalid_client");
    world.egress.fail(EgressError::refused("addr"));
    let error = world.token().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (PortErrorKind::Refused, codes::UPSTREAM_TOKEN_UNAVAILABLE));
    let (_, request) = &world.egress.requests()[0];
    assert_eq!(
        (request.purpose, request.url.as_str()),
        (EgressPurpose::TokenEndpoint, "https://as.example/token")
    );
    assert!(!format!("{request:?}").contains("s1"), "{request:?}");
}

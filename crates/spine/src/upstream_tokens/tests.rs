//! When a token is asked for, and by whom it is used.

use portcullis_schemas::integrations::mcp::oauth::{OauthClientId, UpstreamOauth};
use portcullis_schemas::integrations::mcp::wire::AuthHeader;
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
            patience: None,
            counter: Counter::default(),
        };
        let server = ServerId::generate(&UniqueIds::new());
        Self { vault, egress, clock, server, tenant: fixtures::tenant(1) }
    }

    fn answer(&self, token: &str, expires_in: u64) {
        let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": expires_in });
        self.egress.answer(ScriptedResponse::json(200, &body));
    }

    async fn token_of(&self, grant: &ClientGrant, secret: &str) -> Result<String, PortError> {
        let token = self.vault.exchanged(wanted(&self.owner(), grant, secret)).await;
        token.map(|token| token.expose().to_owned())
    }

    fn owner(&self) -> Owner {
        Owner { tenant: self.tenant.clone(), server: self.server.clone(), caller: None }
    }

    async fn token(&self) -> Result<String, PortError> {
        self.token_of(&grant("https://as.example/token"), "s1").await
    }

    /// The server refuses this token.
    fn refuse(&self, token: &str) {
        let value = Secret::new(format!("Bearer {token}"));
        let auth = AuthHeader { name: "authorization".to_owned(), value };
        self.vault.tokens.refuse(&self.tenant, &self.server, &auth);
    }

    /// A token for a caller who came with this one, which ends so many seconds from now.
    async fn of_caller(&self, key: u128, subject: &str, seconds: u64) -> Result<String, PortError> {
        let digest = *portcullis_trail::sha256(subject.as_bytes()).as_bytes();
        let ends_at = self.clock.now().plus(Duration::from_secs(seconds));
        let subject = PresentedToken { text: Secret::new(subject.to_owned()), digest, ends_at };
        let client = grant("https://as.example/token");
        let key = format!("key_{key:026}").parse().unwrap();
        let grant = CallerGrant { client, key, subject: Some(Arc::new(subject)) };
        let secret = Secret::new("s1".to_owned());
        let token = self.vault.of_caller(&self.tenant, &self.server, &grant, secret).await;
        token.map(|token| token.expose().to_owned())
    }

    /// As [`World::answer`], to an exchange.
    fn answer_exchange(&self, token: &str, expires_in: u64) {
        self.egress.answer(ScriptedResponse::json(
            200,
            &json!({
                "access_token": token, "token_type": "Bearer", "expires_in": expires_in,
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            }),
        ));
    }

    fn asked(&self) -> usize {
        self.egress.requests().len()
    }
}

fn wanted(owner: &Owner, grant: &ClientGrant, secret: &str) -> Wanted {
    let secret = Secret::new(secret.to_owned());
    Wanted { owner: owner.clone(), grant: grant.clone(), secret, subject: None }
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
        subject_token_type: None,
        audience: None,
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
    let elsewhere = Owner { server: other, ..world.owner() };
    let other = grant("https://as.example/other");
    let four = world.vault.exchanged(wanted(&elsewhere, &other, "rotated")).await;
    assert_eq!(four.unwrap().expose(), "four");
    world.answer("five", 300);
    let stranger = fixtures::tenant(2);
    let theirs = Owner { tenant: stranger.clone(), ..elsewhere };
    let five = world.vault.exchanged(wanted(&theirs, &other, "rotated")).await;
    assert_eq!(five.unwrap().expose(), "five", "no token is shared between tenants");
    assert_eq!(world.egress.requests()[4].0, stranger);
    // What was refused upstream is asked for anew.
    world.answer("six", 300);
    assert_eq!(world.token_of(&first, "s1").await.unwrap(), "six");
    world.refuse("six");
    world.answer("seven", 300);
    assert_eq!(world.token_of(&first, "s1").await.unwrap(), "seven");
    world.refuse("six");
    assert_eq!(world.token_of(&first, "s1").await.unwrap(), "seven", "a late refusal is not of this one");
}

#[tokio::test]
async fn a_server_that_refuses_each_token_does_not_set_the_pace_of_asking() {
    let world = World::new();
    world.answer("one", 3600);
    assert_eq!(world.token().await.unwrap(), "one");
    world.refuse("one");
    world.answer("two", 3600);
    assert_eq!(world.token().await.unwrap(), "two");
    world.refuse("two");
    for _ in 0..3 {
        let error = world.token().await.unwrap_err();
        assert_eq!((error.code(), world.asked()), (codes::UPSTREAM_UNAUTHORIZED, 2));
    }
    // Another caller's is another's.
    world.answer_exchange("for-alice", 300);
    assert_eq!(world.of_caller(1, "alice.token.1", 600).await.unwrap(), "for-alice");
    world.clock.advance(Duration::from_secs(30));
    // What was refused is not used because it is handed out once more.
    world.answer("two", 3600);
    let error = world.token().await.unwrap_err();
    assert_eq!((error.code(), world.asked()), (codes::UPSTREAM_TOKEN_REFUSED, 4));
    assert_eq!(world.token().await.unwrap_err().code(), codes::UPSTREAM_UNAUTHORIZED);
    world.clock.advance(Duration::from_secs(30));
    world.answer("three", 3600);
    assert_eq!(world.token().await.unwrap(), "three");
}

#[test]
fn a_tenant_that_holds_much_has_its_own_forgotten_and_nobody_elses() {
    let tokens = UpstreamTokens::default();
    let server = ServerId::generate(&UniqueIds::new());
    let of = |tenant: u8, caller: u32| {
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&caller.to_be_bytes());
        let key = "key_01jd0000000000000000000000".parse().unwrap();
        Owner { tenant: fixtures::tenant(tenant.into()), server: server.clone(), caller: Some((key, digest)) }
    };
    let grant = grant("https://as.example/token");
    let secret = Secret::new("s1".to_owned());
    let hold = |owner: &Owner, seconds: u64| {
        let lifetime = Duration::from_secs(seconds);
        let issued = IssuedToken { token: Secret::new("t".to_owned()), lifetime, refresh: None };
        let place = tokens.place(owner, Duration::ZERO);
        place.hold(Held::of(&grant, &secret, issued, Duration::ZERO, None));
    };
    let is_held =
        |owner: &Owner| tokens.place(owner, Duration::ZERO).usable(&grant, &secret, Duration::ZERO).is_some();
    let bearer = |token: String| AuthHeader {
        name: "authorization".to_owned(),
        value: Secret::new(format!("Bearer {token}")),
    };
    hold(&of(1, 0), 60);
    tokens.refuse(&fixtures::tenant(1), &server, &bearer("theirs".to_owned()));
    for caller in 0..4097 {
        // The second ends soonest.
        hold(&of(2, caller), if caller == 1 { 10 } else { 100 });
        tokens.refuse(&fixtures::tenant(2), &server, &bearer(caller.to_string()));
    }
    assert!(is_held(&of(1, 0)) && is_held(&of(2, 0)) && is_held(&of(2, 4096)));
    assert!(!is_held(&of(2, 1)), "the soonest to end makes room");
    let is_refused = |tenant: u8, token: &str| {
        tokens.is_refused(&fixtures::tenant(tenant.into()), &server, &Secret::new(token.to_owned()))
    };
    assert!(is_refused(1, "theirs") && is_refused(2, "4096") && !is_refused(2, "0"));
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

#[tokio::test]
async fn what_a_callers_token_is_exchanged_for_serves_that_caller_and_token_alone() {
    let world = World::new();
    world.answer_exchange("for-alice", 300);
    assert_eq!(world.of_caller(1, "alice.token.1", 600).await.unwrap(), "for-alice");
    assert_eq!(world.of_caller(1, "alice.token.1", 600).await.unwrap(), "for-alice");
    assert_eq!(world.asked(), 1, "it is held");
    world.answer_exchange("for-bob", 300);
    assert_eq!(world.of_caller(2, "bob.token.1", 600).await.unwrap(), "for-bob");
    world.answer_exchange("for-alice-again", 300);
    assert_eq!(world.of_caller(1, "alice.token.2", 600).await.unwrap(), "for-alice-again");
    // The same text from another key is another caller.
    world.answer_exchange("for-mallory", 300);
    assert_eq!(world.of_caller(3, "alice.token.1", 600).await.unwrap(), "for-mallory");
    world.answer("own", 300);
    assert_eq!(world.token().await.unwrap(), "own", "the client's own is nobody's of theirs");
    assert_eq!(world.asked(), 5);
    let (_, request) = &world.egress.requests()[0];
    let body = String::from_utf8(request.body.to_vec()).unwrap();
    assert!(body.contains("subject_token=alice.token.1&"), "{body}");
    assert_eq!(request.url, "https://as.example/token", "and nowhere else");
    world.refuse("for-alice");
    world.answer_exchange("for-alice-anew", 300);
    assert_eq!(world.of_caller(1, "alice.token.1", 600).await.unwrap(), "for-alice-anew");
    assert_eq!(world.of_caller(2, "bob.token.1", 600).await.unwrap(), "for-bob");
}

#[tokio::test]
async fn what_was_exchanged_ends_with_what_it_was_exchanged_for() {
    let world = World::new();
    world.answer_exchange("one", 86_400);
    assert_eq!(world.of_caller(1, "alice.token.1", 100).await.unwrap(), "one");
    world.clock.advance(Duration::from_secs(79));
    assert_eq!(world.of_caller(1, "alice.token.1", 21).await.unwrap(), "one");
    world.clock.advance(Duration::from_secs(21));
    world.egress.answer(ScriptedResponse::json(400, &json!({ "error": "invalid_grant" })));
    let error = world.of_caller(1, "alice.token.1", 0).await.unwrap_err();
    assert_eq!(error.code(), codes::UPSTREAM_TOKEN_REFUSED, "the old one is used no more");
}

#[tokio::test]
async fn one_exchanges_and_the_others_of_the_caller_wait() {
    let world = World::new();
    world.answer_exchange("one", 300);
    let call = || world.of_caller(1, "alice.token.1", 600);
    let (a, b) = tokio::join!(call(), call());
    assert_eq!([a.unwrap(), b.unwrap()], ["one", "one"]);
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn the_callers_own_token_is_never_what_goes_upstream() {
    let world = World::new();
    world.answer_exchange("alice.token.1", 300);
    let error = world.of_caller(1, "alice.token.1", 600).await.unwrap_err();
    assert_eq!(error.code(), codes::UPSTREAM_TOKEN_UNUSABLE);
    assert!(!error.detail().contains("alice"), "{error:?}");
    // An answer that does not say what it is (RFC 8693 section 2.2.1).
    world.answer("other", 300);
    assert_eq!(
        world.of_caller(1, "alice.token.1", 600).await.unwrap_err().code(),
        codes::UPSTREAM_TOKEN_UNUSABLE
    );
    let client = grant("https://as.example/token");
    let key = "key_01jd0000000000000000000000".parse().unwrap();
    let without = CallerGrant { client, key, subject: None };
    let secret = Secret::new("s1".to_owned());
    let error = world.vault.of_caller(&world.tenant, &world.server, &without, secret).await.unwrap_err();
    assert_eq!((error.code(), world.asked()), (codes::ACCESS_TOKEN_REQUIRED, 2), "nothing is asked for it");
}

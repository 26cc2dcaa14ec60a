//! Access tokens: whose they are, when an issuer's keys are asked for, and that what shuts a key out shuts them out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_schemas::api_keys::operations::{
    CreateApiKey, FreezeApiKey, ListApiKeys, RegisterTokenClient, RevokeApiKey, UnfreezeApiKey,
};
use portcullis_schemas::api_keys::tokens::{TokenAlgorithm, TokenIssuer, TokenRule, TokenSettings};
use portcullis_schemas::codes;
use portcullis_schemas::context::CallContext;
use portcullis_schemas::controls::operations::ThrowKillSwitch;
use portcullis_schemas::egress::{Egress, EgressError, EgressPurpose};
use portcullis_schemas::ids::{RequestId, TenantId};
use portcullis_schemas::integrations::connections::operations::{
    BeginConnection, ConnectWithSecret, GetConnection,
};
use portcullis_schemas::logs::ports::CheckpointSigner;
use portcullis_schemas::operation::{Authority, Operation};
use portcullis_schemas::principal::{ActorType, Principal, Scope};
use portcullis_schemas::runtime::Clock;
use portcullis_schemas::{Error, ErrorKind};
use portcullis_testkit::fakes::{ScriptedEgress, ScriptedResponse};
use portcullis_vault::CheckpointKeys;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::halting::Halting;
use crate::house::{House, call_of, reply};

const ISSUER: &str = "https://id.example";
const RESOURCE: &str = "https://gw.example";

/// A house that trusts one issuer, which this test is.
pub(crate) struct Realm {
    pub(crate) house: House,
    pub(crate) egress: Arc<ScriptedEgress>,
}

impl Realm {
    async fn open(register: bool) -> Self {
        Self::with(register, |egress| egress).await
    }

    /// With what stands before the egress.
    async fn with<E: Egress + 'static>(
        register: bool,
        way_out: impl FnOnce(Arc<ScriptedEgress>) -> Arc<E>,
    ) -> Self {
        let egress =
            Arc::new(ScriptedEgress::allowing(&["https://mcp.example", "https://as.example", ISSUER]));
        let way_out = way_out(egress.clone());
        let house = House::build(
            |ports| ports.egress = way_out,
            |options, tenant| options.tokens = Some(settings(tenant, register)),
        )
        .await;
        Self { house, egress }
    }

    /// With the client `alice`, who may do what these scopes say.
    pub(crate) async fn with_alice(scopes: &[&str]) -> (Self, String) {
        let realm = Self::open(false).await;
        let key = realm.register_alice(scopes).await;
        (realm, key)
    }

    /// With the client `alice`, and a token endpoint that is asked once what halts is let go.
    pub(crate) async fn halting(scopes: &[&str]) -> (Self, Arc<Halting>) {
        let mut halting = None;
        let realm =
            Self::with(false, |egress| halting.insert(Halting::before("/token", egress)).clone()).await;
        realm.register_alice(scopes).await;
        (realm, halting.unwrap())
    }

    async fn register_alice(&self, scopes: &[&str]) -> String {
        let request = json!({ "name": "Alice", "scopes": scopes, "issuer": ISSUER, "subject": "alice" });
        self.house.admin::<RegisterTokenClient>(request).await.unwrap().key_id.to_string()
    }

    pub(crate) fn answer_keys(&self, signers: &[(&str, u8)]) {
        let key = |(kid, seed): &(&str, u8)| {
            let x = URL_SAFE_NO_PAD.encode(signer(*seed).public_keys()[0]);
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x })
        };
        let keys: Vec<Value> = signers.iter().map(key).collect();
        self.egress.answer(ScriptedResponse::json(200, &json!({ "keys": keys })));
    }

    pub(crate) fn claims(&self, members: Value) -> Value {
        let now = self.house.clock.now().as_micros() / 1_000_000;
        let mut claims = json!({
            "iss": ISSUER, "aud": RESOURCE, "sub": "alice", "scope": "invoke", "group": "agents", "exp": now + 60,
        });
        claims.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        claims
    }

    async fn present(&self, kid: &str, seed: u8, members: Value) -> Result<Principal, Error> {
        self.house.spine.authenticate(&token(kid, seed, &self.claims(members)).await).await
    }

    async fn refused(&self, kid: &str, seed: u8, members: Value) {
        let error = self.present(kid, seed, members).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthenticated, codes::UNAUTHENTICATED));
    }
}

fn settings(tenant: &TenantId, register: bool) -> TokenSettings {
    let rule = TokenRule {
        tenant: tenant.clone(),
        subject_claim: "sub".to_owned(),
        actor_type: ActorType::Human,
        scopes: None,
        register,
        when: BTreeMap::from([("group".to_owned(), "agents".to_owned())]),
    };
    let issuer = TokenIssuer {
        issuer: ISSUER.to_owned(),
        jwks_uri: Some(format!("{ISSUER}/keys")),
        audiences: Vec::new(),
        algorithms: vec![TokenAlgorithm::EdDsa],
        skew_seconds: 30,
        rules: vec![rule],
    };
    TokenSettings { resource: RESOURCE.to_owned(), scope_prefix: String::new(), issuers: vec![issuer] }
}

fn signer(seed: u8) -> CheckpointKeys {
    CheckpointKeys::new(Vec::new(), Zeroizing::new([seed; 32])).unwrap()
}

pub(crate) async fn token(kid: &str, seed: u8, claims: &Value) -> String {
    let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = signer(seed).sign(signed.as_bytes()).await.unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn a_token_stands_for_the_key_of_its_subject() {
    let (realm, key_id) = Realm::with_alice(&["invoke", "read"]).await;
    realm.answer_keys(&[("one", 1)]);
    let principal = realm.present("one", 1, json!({ "scope": "invoke admin" })).await.unwrap();
    assert_eq!((principal.tenant(), principal.key().as_str()), (&realm.house.tenant, key_id.as_str()));
    assert_eq!(principal.actor(), "Alice");
    assert_eq!(principal.scopes().iter().copied().collect::<Vec<_>>(), [Scope::Invoke], "what both hold");
    let (_, request) = &realm.egress.requests()[0];
    assert_eq!(
        (request.purpose, request.url.as_str()),
        (EgressPurpose::TokenIssuer, "https://id.example/keys")
    );
    for members in [
        json!({ "sub": "bob" }),
        json!({ "group": "others" }),
        json!({ "aud": "https://else.example" }),
        json!({ "iss": "https://else.example" }),
        json!({ "exp": 0 }),
    ] {
        realm.refused("one", 1, members).await;
    }
    realm.refused("one", 2, json!({})).await;
    let good = token("one", 1, &realm.claims(json!({}))).await;
    let forged = token("one", 1, &realm.claims(json!({ "sub": "bob" }))).await;
    let [head, _, sign] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let mixed = format!("{head}.{}.{sign}", forged.split('.').nth(1).unwrap());
    assert!(realm.house.spine.authenticate(&mixed).await.is_err());
    assert!(realm.house.spine.authenticate(&good).await.is_ok());
    assert_eq!(realm.egress.requests().len(), 1, "the keys were asked for once");
}

#[tokio::test]
async fn a_token_for_a_toolset_is_good_there_alone() {
    let (realm, _) = Realm::with_alice(&["invoke"]).await;
    realm.answer_keys(&[("one", 1)]);
    let text = token("one", 1, &realm.claims(json!({ "aud": "https://gw.example/mcp/desk" }))).await;
    let spine = &realm.house.spine;
    assert!(spine.authenticate_at("/mcp/desk", &text).await.is_ok());
    assert!(spine.authenticate_at("/mcp/other", &text).await.is_err());
    assert!(spine.authenticate(&text).await.is_err());
}

#[tokio::test]
async fn a_token_for_a_toolset_connects_its_callers_own_account() {
    let (realm, _) = Realm::with_alice(&["invoke", "admin"]).await;
    realm.answer_keys(&[("one", 1)]);
    let spine = &realm.house.spine;
    let of = async |audience: &str| token("one", 1, &realm.claims(json!({ "aud": audience }))).await;
    let text = of("https://gw.example/mcp/desk").await;
    for own in [ConnectWithSecret::NAME, BeginConnection::NAME, GetConnection::NAME] {
        assert!(spine.authenticate_for(own, &text).await.is_ok(), "{own}");
    }
    let own = spine.authenticate_for(ConnectWithSecret::NAME, &text).await.unwrap();
    assert!(!own.holds(Authority::Admin), "for what is the caller's own it takes no admin");
    assert!(spine.authenticate_for("integrations.mcp_servers.get_server", &text).await.is_err());
    for elsewhere in ["https://gw.example/mcp/", "https://gw.example/mcp/a/b", "https://gw.example/other"] {
        let text = of(elsewhere).await;
        assert!(spine.authenticate_for(ConnectWithSecret::NAME, &text).await.is_err(), "{elsewhere}");
    }
}

#[tokio::test]
async fn what_shuts_a_key_out_shuts_its_tokens_out() {
    let (realm, key) = Realm::with_alice(&["invoke"]).await;
    realm.answer_keys(&[("one", 1)]);
    let house = &realm.house;
    let tool = house.approved_tool("read_file").await;
    house.client.answer_call(Ok(reply()));
    let principal = realm.present("one", 1, json!({})).await.unwrap();
    let ctx = || CallContext::new(principal.clone(), RequestId::generate(house.ids()));
    house.spine.run(ctx(), call_of(&tool, json!({ "q": "x" }))).await.unwrap();

    house.admin::<FreezeApiKey>(json!({ "key_id": key })).await.unwrap();
    realm.refused("one", 1, json!({})).await;
    // Authenticated before, and called after.
    let late = house.spine.run(ctx(), call_of(&tool, json!({ "q": "x" }))).await.unwrap_err();
    assert_eq!(late.code(), codes::UNAUTHENTICATED);
    house.admin::<UnfreezeApiKey>(json!({ "key_id": key })).await.unwrap();
    let freeze = json!({ "target": { "kind": "key", "id": key }, "reason": "a test" });
    house.admin::<ThrowKillSwitch>(freeze).await.unwrap();
    let frozen = house.spine.run(ctx(), call_of(&tool, json!({ "q": "x" }))).await.unwrap_err();
    assert_eq!(frozen.code(), codes::FROZEN);
    house.admin::<RevokeApiKey>(json!({ "key_id": key })).await.unwrap();
    realm.refused("one", 1, json!({})).await;
    let created = house.story_of(&key).await;
    assert_eq!(created[0], "api_key.created");
}

#[tokio::test]
async fn a_subject_has_one_client_and_an_unknown_issuer_none() {
    let (realm, _) = Realm::with_alice(&["invoke"]).await;
    let register = |name: &str, issuer: &str, scopes: &[&str]| json!({ "name": name, "scopes": scopes, "issuer": issuer, "subject": "alice" });
    let house = &realm.house;
    let table = [
        (register("again", ISSUER, &["invoke"]), "subject"),
        (register("else", "https://else.example", &["invoke"]), "issuer"),
        (register("slash", "https://id.example/", &["invoke"]), "issuer"),
        (register("more", ISSUER, &["operator"]), "scopes"),
        (register("none", ISSUER, &[]), "scopes"),
    ];
    for (request, field) in table {
        let error = house.admin::<RegisterTokenClient>(request.clone()).await.unwrap_err();
        assert_eq!(error.field(), Some(field), "{request}");
    }
    let error = House::open().await.admin::<RegisterTokenClient>(register("x", ISSUER, &["invoke"])).await;
    assert_eq!(error.unwrap_err().field(), Some("issuer"), "where no issuer is trusted");
    let other = json!({ "name": "Alice", "scopes": ["invoke"], "issuer": ISSUER, "subject": "alice2" });
    assert_eq!(house.admin::<RegisterTokenClient>(other).await.unwrap_err().field(), Some("name"));
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_a_minute() {
    let (realm, _) = Realm::with_alice(&["invoke"]).await;
    realm.answer_keys(&[("one", 1)]);
    assert!(realm.present("one", 1, json!({})).await.is_ok());
    for _ in 0..5 {
        realm.refused("two", 2, json!({})).await;
    }
    assert_eq!(realm.egress.requests().len(), 1, "they were asked for a moment ago");
    realm.house.clock.advance(Duration::from_secs(60));
    realm.answer_keys(&[("one", 1), ("two", 2)]);
    let asks = (0..8).map(|_| realm.present("two", 2, json!({})));
    for outcome in all(asks).await {
        assert!(outcome.is_ok());
    }
    assert_eq!(realm.egress.requests().len(), 2, "one asks for all");
    // A key that was taken back is not used for longer than the keys are fresh.
    realm.house.clock.advance(Duration::from_secs(600));
    realm.answer_keys(&[("two", 2)]);
    assert!(realm.present("two", 2, json!({})).await.is_ok());
    realm.refused("one", 1, json!({})).await;
}

/// Runs all of them beside one another.
async fn all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = futures.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        running.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(value) => {
                done.push(value);
                false
            }
            std::task::Poll::Pending => true,
        });
        if running.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

#[tokio::test]
async fn an_issuer_that_is_away_lets_nobody_in_and_keeps_nobody_out_at_once() {
    let (realm, _) = Realm::with_alice(&["invoke"]).await;
    let unavailable = |outcome: Result<Principal, Error>| {
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, codes::TOKEN_ISSUER_UNAVAILABLE));
    };
    realm.egress.fail(EgressError::refused("addr"));
    unavailable(realm.present("one", 1, json!({})).await);
    unavailable(realm.present("one", 1, json!({})).await);
    assert_eq!(realm.egress.requests().len(), 1, "not for every token");
    for wrong in [
        ScriptedResponse::json(302, &json!({})),
        ScriptedResponse::json(200, &json!({ "keys": {} })),
        ScriptedResponse::json(200, &json!([])),
    ] {
        realm.house.clock.advance(Duration::from_secs(5));
        realm.egress.answer(wrong);
        unavailable(realm.present("one", 1, json!({})).await);
    }
    realm.house.clock.advance(Duration::from_secs(5));
    realm.answer_keys(&[("one", 1)]);
    assert!(realm.present("one", 1, json!({})).await.is_ok());
    // It goes away later: for an hour the keys that are known will do.
    for seconds in [600, 1200, 1799] {
        realm.house.clock.advance(Duration::from_secs(seconds));
        realm.egress.fail(EgressError::refused("addr"));
        assert!(realm.present("one", 1, json!({})).await.is_ok(), "{seconds}");
    }
    realm.house.clock.advance(Duration::from_secs(61));
    realm.egress.fail(EgressError::refused("addr"));
    unavailable(realm.present("one", 1, json!({})).await);
}

#[tokio::test]
async fn a_rule_may_let_subjects_in_by_their_first_token() {
    let realm = Realm::open(true).await;
    realm.answer_keys(&[("one", 1)]);
    let both = (0..4).map(|_| realm.present("one", 1, json!({ "sub": "carol" })));
    let principals: Vec<_> = all(both).await.into_iter().map(Result::unwrap).collect();
    assert!(principals.iter().all(|principal| principal.key() == principals[0].key()), "one key for all");
    assert_eq!(principals[0].actor_type(), ActorType::Human);
    let house = &realm.house;
    let listed = house.admin::<ListApiKeys>(json!({})).await.unwrap();
    let carol: Vec<_> = listed.items.iter().filter(|key| key.token.is_some()).collect();
    assert_eq!((carol.len(), carol[0].created_by.as_str()), (1, "portcullis"));
    assert_eq!(house.story_of(carol[0].key_id.as_str()).await, ["api_key.created"]);
    realm.refused("one", 1, json!({ "sub": "dave", "scope": "openid" })).await;
    realm.refused("one", 1, json!({ "sub": "dave", "group": "others" })).await;
    // Who was shut out stays out: no other client is made for the same subject.
    house.admin::<RevokeApiKey>(json!({ "key_id": carol[0].key_id })).await.unwrap();
    realm.refused("one", 1, json!({ "sub": "carol" })).await;
}

#[tokio::test]
async fn no_secret_stands_for_a_token_client_and_no_token_for_a_key() {
    let (realm, key_id) = Realm::with_alice(&["invoke"]).await;
    let house = &realm.house;
    let created =
        house.admin::<CreateApiKey>(json!({ "name": "plain", "scopes": ["invoke"] })).await.unwrap();
    assert!(house.spine.authenticate(&created.secret.0).await.is_ok());
    let ulid = |id: &str| id.trim_start_matches("key_").to_owned();
    let own = created.secret.0.replace(&ulid(created.key.key_id.as_str()), &ulid(&key_id));
    assert!(house.spine.authenticate(&own).await.is_err());
    realm.answer_keys(&[("one", 1)]);
    realm.refused("one", 1, json!({ "sub": "plain" })).await;
    // Where no issuer is trusted, a token is a malformed key.
    let closed = House::open().await;
    let text = token("one", 1, &realm.claims(json!({}))).await;
    assert_eq!(closed.spine.authenticate(&text).await.unwrap_err().internal(), Some("malformed key"));
}

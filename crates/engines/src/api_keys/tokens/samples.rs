//! Tokens and settings for tests. Nothing here is signed: a signature is not looked at in this crate.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_schemas::api_keys::tokens::{TokenAlgorithm, TokenIssuer, TokenRule, TokenSettings};
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::principal::ActorType;
use portcullis_schemas::timestamp::Timestamp;
use serde_json::{Value, json};

pub(super) const ISSUER: &str = "https://id.example/realms/acme";
pub(super) const RESOURCE: &str = "https://gw.example";
/// 2026-07-28T00:00:00Z.
pub(super) const NOW_SECONDS: i64 = 1_785_196_800;
pub(super) const NOW: Timestamp = Timestamp::from_micros(NOW_SECONDS * 1_000_000);

pub(super) fn rule() -> TokenRule {
    TokenRule {
        tenant: TenantId::from_trusted("t_a").unwrap(),
        subject_claim: "sub".to_owned(),
        actor_type: ActorType::Machine,
        scopes: None,
        register: false,
        when: BTreeMap::new(),
    }
}

pub(super) fn settings(rules: Vec<TokenRule>) -> TokenSettings {
    let issuer = TokenIssuer {
        issuer: ISSUER.to_owned(),
        jwks_uri: None,
        audiences: Vec::new(),
        algorithms: vec![TokenAlgorithm::Es256, TokenAlgorithm::Rs256],
        skew_seconds: 30,
        rules,
    };
    TokenSettings { resource: RESOURCE.to_owned(), scope_prefix: "pcl:".to_owned(), issuers: vec![issuer] }
}

pub(super) fn header() -> Value {
    json!({ "alg": "ES256", "typ": "at+jwt", "kid": "one" })
}

pub(super) fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": RESOURCE, "sub": "alice", "scope": "openid pcl:invoke pcl:operator",
        "iat": NOW_SECONDS - 10, "exp": NOW_SECONDS + 300,
    })
}

pub(super) fn token(header: &Value, claims: &Value) -> String {
    token_of(&header.to_string(), &claims.to_string())
}

pub(super) fn token_of(header: &str, claims: &str) -> String {
    format!("{}.{}.c2lnbmVk", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

/// `base` with some members set, or taken away where they are null.
pub(super) fn with(mut base: Value, members: Value) -> Value {
    let Value::Object(members) = members else { panic!("expected members") };
    for (name, value) in members {
        match value {
            Value::Null => drop(base.as_object_mut().unwrap().remove(&name)),
            value => base[name.as_str()] = value,
        }
    }
    base
}

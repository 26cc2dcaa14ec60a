//! Hostile tokens, key sets and metadata; and whom good ones stand for.

use std::collections::BTreeMap;

use portcullis_schemas::api_keys::tokens::{
    TokenAlgorithm, TokenKeyMaterial, TokenRule, TokenSettings, TokenSubject,
};
use portcullis_schemas::api_keys::{ApiKey, ApiKeyStatus};
use portcullis_schemas::principal::Scope;
use portcullis_schemas::timestamp::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::samples::{
    ISSUER, NOW, NOW_SECONDS, RESOURCE, claims, header, rule, settings, token, token_of, with,
};
use super::*;

/// What becomes of a token up to its signature, at the endpoint of the toolset `desk`.
fn judged(text: &str, settings: &TokenSettings) -> Result<(), TokenFault> {
    let jws = Jws::parse(text)?;
    Claimed::judge(&jws, settings, Place::Path("/mcp/desk"), NOW).map(drop)
}

fn of_header(members: Value) -> String {
    token(&with(header(), members), &claims())
}

fn of_claims(members: Value) -> String {
    token(&header(), &with(claims(), members))
}

#[test]
fn a_good_token_is_let_through_in_all_its_spellings() {
    let good = [
        token(&header(), &claims()),
        of_header(json!({ "typ": "JWT" })),
        of_header(json!({ "typ": "application/AT+JWT" })),
        of_header(json!({ "typ": null, "kid": null })),
        of_header(json!({ "alg": "RS256" })),
        // Where its keys would be is not asked of a token.
        of_header(json!({ "jku": "https://evil.example/keys", "x5u": "https://evil.example/cert" })),
        of_header(json!({ "kid": "../../../../dev/null" })),
        of_claims(json!({ "aud": ["https://else.example", RESOURCE] })),
        of_claims(json!({ "aud": "https://gw.example/mcp/desk" })),
        of_claims(json!({ "exp": NOW_SECONDS - 29 })),
        of_claims(json!({ "exp": f64::from(1_785_196_800) + 0.5, "iat": null })),
        of_claims(json!({ "nbf": NOW_SECONDS + 30, "iat": NOW_SECONDS + 30 })),
    ];
    for text in good {
        assert_eq!(judged(&text, &settings(vec![rule()])), Ok(()), "{text}");
    }
}

#[test]
fn hostile_tokens_are_refused_by_their_rule() {
    use TokenFault::{Algorithm, Audience, Critical, Early, Expired, Form, Issuer, Json, KeyId, Size, Type};
    let good = token(&header(), &claims());
    let (start, signature) = good.rsplit_once('.').unwrap();
    let doubled = claims().to_string().replacen('{', "{\"sub\":\"root\",", 1);
    let table = [
        ("none", of_header(json!({ "alg": "none" })), Algorithm),
        ("None", of_header(json!({ "alg": "None" })), Algorithm),
        ("a public key as a secret", of_header(json!({ "alg": "HS256" })), Algorithm),
        ("not one of the issuer's", of_header(json!({ "alg": "EdDSA" })), Algorithm),
        ("a weak one", of_header(json!({ "alg": "RS1" })), Algorithm),
        ("es256", of_header(json!({ "alg": "es256" })), Algorithm),
        ("no algorithm", of_header(json!({ "alg": null })), Algorithm),
        ("a list of algorithms", of_header(json!({ "alg": ["ES256"] })), Algorithm),
        ("crit", of_header(json!({ "crit": ["exp"] })), Critical),
        ("an empty crit", of_header(json!({ "crit": [] })), Critical),
        ("b64", of_header(json!({ "b64": false, "crit": ["b64"] })), Critical),
        ("b64 alone", of_header(json!({ "b64": true })), Critical),
        ("an ID token by type", of_header(json!({ "typ": "id_token+jwt" })), Type),
        ("a logout token", of_header(json!({ "typ": "logout+jwt" })), Type),
        ("a proof of DPoP", of_header(json!({ "typ": "dpop+jwt" })), Type),
        ("a type that is no text", of_header(json!({ "typ": 1 })), Type),
        ("kid is no text", of_header(json!({ "kid": 1 })), KeyId),
        ("kid is empty", of_header(json!({ "kid": "" })), KeyId),
        ("kid with a line break", of_header(json!({ "kid": "a\nb" })), KeyId),
        ("kid without end", of_header(json!({ "kid": "a".repeat(257) })), KeyId),
        ("no signature", format!("{start}."), Form),
        ("two parts", start.to_owned(), Form),
        ("four parts", format!("{good}.{signature}"), Form),
        ("five parts, as of a JWE", format!("{good}.a.a"), Form),
        ("padding", format!("{good}="), Form),
        ("base64 and not base64url", format!("{start}.+/+/"), Form),
        ("bits left over", format!("{start}.c2lnbmVkZh"), Form),
        ("spaces", format!(" {good}"), Form),
        ("nothing", "..".to_owned(), Form),
        ("too long", of_claims(json!({ "pad": "x".repeat(16 * 1024) })), Size),
        ("claims in a list", token(&header(), &json!([claims()])), Json),
        ("a header twice", token_of(r#"{"alg":"ES256","alg":"none"}"#, &claims().to_string()), Json),
        ("a claim twice", token_of(&header().to_string(), &doubled), Json),
        ("twice, once escaped", token_of(r#"{"alg":"ES256","\u0061lg":"none"}"#, "{}"), Json),
        ("a byte order mark", token_of(&header().to_string(), &format!("\u{feff}{}", claims())), Json),
        ("something behind", token_of(&header().to_string(), &format!("{}{{}}", claims())), Json),
        ("too deep", token_of(&header().to_string(), &format!("{}{}", "[".repeat(99), "]".repeat(99))), Json),
        ("no issuer", of_claims(json!({ "iss": null })), Issuer),
        ("another issuer", of_claims(json!({ "iss": "https://evil.example" })), Issuer),
        ("almost the issuer", of_claims(json!({ "iss": format!("{ISSUER}/") })), Issuer),
        ("a list of issuers", of_claims(json!({ "iss": [ISSUER] })), Issuer),
        ("no audience", of_claims(json!({ "aud": null })), Audience),
        ("another audience", of_claims(json!({ "aud": "https://else.example" })), Audience),
        ("another toolset", of_claims(json!({ "aud": "https://gw.example/mcp/other" })), Audience),
        ("almost us", of_claims(json!({ "aud": "https://gw.example/" })), Audience),
        ("our name in another", of_claims(json!({ "aud": "https://gw.example.evil.example" })), Audience),
        ("what is no text among them", of_claims(json!({ "aud": [RESOURCE, 1] })), Audience),
        ("everybody", of_claims(json!({ "aud": vec![RESOURCE; 17] })), Audience),
        ("no end", of_claims(json!({ "exp": null })), Expired),
        ("over", of_claims(json!({ "exp": NOW_SECONDS - 30 })), Expired),
        ("an end in text", of_claims(json!({ "exp": "4102444800" })), Expired),
        ("an end beyond all times", of_claims(json!({ "exp": 1e300 })), Expired),
        ("a negative end", of_claims(json!({ "exp": -1 })), Expired),
        ("not yet", of_claims(json!({ "nbf": NOW_SECONDS + 31 })), Early),
        ("made tomorrow", of_claims(json!({ "iat": NOW_SECONDS + 86_400 })), Early),
        ("a begin in text", of_claims(json!({ "nbf": "0" })), Early),
    ];
    for (what, text, expected) in table {
        assert_eq!(judged(&text, &settings(vec![rule()])), Err(expected), "{what}");
    }
}

#[test]
fn named_audiences_stand_instead_of_our_own() {
    let mut settings = settings(vec![rule()]);
    settings.issuers[0].audiences = vec!["api://gateway".to_owned()];
    assert_eq!(judged(&of_claims(json!({ "aud": "api://gateway" })), &settings), Ok(()));
    assert_eq!(judged(&token(&header(), &claims()), &settings), Err(TokenFault::Audience));
}

fn identified(rules: Vec<TokenRule>, text: &str) -> Result<TokenIdentity, TokenFault> {
    let settings = settings(rules);
    let jws = Jws::parse(text).unwrap();
    let claimed = Claimed::judge(&jws, &settings, Place::Path(""), NOW).unwrap();
    identify(&claimed, &settings)
}

fn when(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn the_first_rule_that_fits_decides_and_there_is_no_default() {
    let text = of_claims(json!({
        "groups": ["ops", "agents"], "verified": true, "realm_access": { "roles": ["caller"] },
    }));
    let table = [
        (when(&[]), true),
        (when(&[("groups", "agents")]), true),
        (when(&[("groups", "agents"), ("sub", "alice")]), true),
        (when(&[("groups", "agents"), ("sub", "bob")]), false),
        (when(&[("/realm_access/roles", "caller")]), true),
        (when(&[("/realm_access/roles", "admin")]), false),
        (when(&[("/realm_access", "caller")]), false),
        (when(&[("verified", "true")]), true),
        (when(&[("scope", "pcl:invoke")]), true),
        (when(&[("scope", "pcl")]), false),
        (when(&[("groups", "agent")]), false),
        (when(&[("absent", "")]), false),
    ];
    for (when, fits) in table {
        let shown = format!("{when:?}");
        let only = TokenRule { when, ..rule() };
        let found = identified(vec![only.clone()], &text);
        assert_eq!(found.is_ok(), fits, "{shown}");
        let later = TokenRule { register: true, ..rule() };
        let found = identified(vec![only, later], &text).unwrap();
        assert_eq!(found.register, !fits, "{shown}");
    }
    assert_eq!(identified(Vec::new(), &text), Err(TokenFault::Rule));
}

#[test]
fn a_subject_is_a_plain_text() {
    let by = |claim: &str| TokenRule { subject_claim: claim.to_owned(), ..rule() };
    let text =
        of_claims(json!({ "client": { "id": "desk-bot" }, "n": 7, "empty": "", "hidden": "a\u{202e}b" }));
    let found = identified(vec![by("/client/id")], &text).unwrap();
    assert_eq!((found.binding.subject.as_str(), found.binding.issuer.as_str()), ("desk-bot", ISSUER));
    for claim in ["absent", "n", "empty", "hidden", "client", "/client", "/client/id/deeper", "/"] {
        assert_eq!(identified(vec![by(claim)], &text), Err(TokenFault::Rule), "{claim}");
    }
}

#[test]
fn scopes_are_the_tokens_or_the_rules_and_never_the_operators() {
    let granted = |scopes: Option<Vec<Scope>>, claims: Value| {
        let found = identified(vec![TokenRule { scopes, ..rule() }], &of_claims(claims)).unwrap();
        found.scopes.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(granted(None, json!({})), [Scope::Invoke]);
    assert_eq!(granted(None, json!({ "scope": null })), []);
    assert_eq!(granted(None, json!({ "scope": "invoke read" })), []);
    assert_eq!(
        granted(None, json!({ "scope": null, "scp": ["pcl:read", "pcl:admin"] })),
        [Scope::Read, Scope::Admin]
    );
    let all = Some(vec![Scope::Read, Scope::Operator]);
    assert_eq!(granted(all, json!({ "scope": null })), [Scope::Read]);
}

#[test]
fn a_subject_is_let_in_by_its_own_living_key_alone() {
    let text = of_claims(json!({ "scope": "pcl:invoke pcl:read" }));
    let identity = identified(vec![rule()], &text).unwrap();
    let id = "key_01jd0000000000000000000000".parse().unwrap();
    let mut key = enrolled(&identity, id, NOW).unwrap();
    assert_eq!((key.name.as_str(), key.created_by.as_str()), ("alice (000000)", "portcullis"));
    key.scopes = vec![Scope::Invoke, Scope::Admin];
    let principal = admit(&identity, Some(&key), NOW).unwrap();
    assert_eq!(principal.scopes().iter().copied().collect::<Vec<_>>(), [Scope::Invoke], "what both hold");
    assert_eq!((principal.tenant().as_str(), principal.key()), ("t_a", &key.key_id));
    let other = portcullis_schemas::ids::TenantId::from_trusted("t_b").unwrap();
    let mut stranger = key.clone();
    stranger.token.as_mut().unwrap().subject = TokenSubject::new("bob").unwrap();
    let refused = [
        ApiKey { status: ApiKeyStatus::Frozen, ..key.clone() },
        ApiKey { status: ApiKeyStatus::Revoked, ..key.clone() },
        ApiKey { expires_at: Some(NOW), ..key.clone() },
        ApiKey { tenant_id: other, ..key.clone() },
        ApiKey { token: None, ..key.clone() },
        stranger,
    ];
    for key in refused {
        assert_eq!(admit(&identity, Some(&key), NOW), Err(TokenFault::Client), "{key:?}");
    }
    assert_eq!(admit(&identity, None, NOW), Err(TokenFault::Client));
    let nothing = TokenIdentity { scopes: std::collections::BTreeSet::new(), ..identity };
    assert!(enrolled(&nothing, key.key_id, Timestamp::from_micros(0)).is_err());
}

/// RFC 7517 appendix A.1, RFC 8037 appendix A.2, and what must not be kept.
fn key_set(extra: &[Value]) -> Vec<u8> {
    let mut keys = vec![
        json!({
            "kty": "EC", "crv": "P-256", "use": "enc", "kid": "enc",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        }),
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "kid": "one",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }),
    ];
    keys.extend_from_slice(extra);
    json!({ "keys": keys }).to_string().into_bytes()
}

#[test]
fn keys_are_found_by_their_names_and_kinds() {
    let keys = TokenKeys::parse(&key_set(&[])).unwrap();
    let fitting = |members: Value| {
        let text = of_header(members);
        let jws = Jws::parse(&text).unwrap();
        keys.fitting(&jws).len()
    };
    assert_eq!(fitting(json!({})), 1);
    assert_eq!(fitting(json!({ "kid": null })), 1, "the only one that fits");
    assert_eq!(fitting(json!({ "kid": "enc" })), 0, "it is for something else");
    assert_eq!(fitting(json!({ "kid": "two" })), 0);
    assert_eq!(fitting(json!({ "alg": "RS256" })), 0, "the kind of the key decides");
    assert_eq!(fitting(json!({ "alg": "EdDSA", "kid": null })), 1);
}

#[test]
fn keys_that_prove_nothing_are_left_out() {
    let n = "A".repeat(342);
    let useless = [
        json!({ "kty": "oct", "k": "c2VjcmV0", "kid": "x", "alg": "HS256" }),
        json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "x" }),
        json!({ "kty": "RSA", "n": n, "kid": "x" }),
        json!({ "kty": "RSA", "n": n, "e": "AQAB", "kid": "x", "alg": "RSA-OAEP" }),
        json!({ "kty": "RSA", "n": n, "e": "AQAB", "kid": "x", "d": "AQAB" }),
        json!({ "kty": "RSA", "n": n, "e": "AQAB", "kid": "x", "key_ops": ["encrypt"] }),
        json!({ "kty": "EC", "crv": "P-384", "x": "AA", "y": "AA", "kid": "x" }),
        json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "x" }),
        json!({ "kty": "OKP", "crv": "X25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }),
        json!("a text"),
        json!({}),
    ];
    assert_eq!(TokenKeys::parse(&key_set(&useless)), TokenKeys::parse(&key_set(&[])));
    let good = json!({ "kty": "RSA", "n": n, "e": "AQAB", "kid": "x", "use": "sig", "key_ops": ["verify"] });
    assert_ne!(TokenKeys::parse(&key_set(&[good])), TokenKeys::parse(&key_set(&[])));
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        assert_eq!(TokenKeys::parse(text.as_bytes()), Err(TokenFault::Json), "{text}");
    }
    let long = vec![b' '; MAX_DOCUMENT_BYTES + 1];
    assert_eq!(TokenKeys::parse(&long), Err(TokenFault::Size));
}

#[test]
fn a_key_that_is_for_one_algorithm_serves_no_other() {
    let n = "A".repeat(342);
    let key = json!({ "kty": "RSA", "n": n, "e": "AQAB", "kid": "one", "alg": "PS256" });
    let keys = TokenKeys::parse(json!({ "keys": [key] }).to_string().as_bytes()).unwrap();
    for (algorithm, expected) in [("RS256", 0), ("PS256", 1)] {
        let text = of_header(json!({ "alg": algorithm }));
        let jws = Jws::parse(&text).unwrap();
        let found = keys.fitting(&jws);
        assert_eq!(found.len(), expected, "{algorithm}");
        assert!(found.iter().all(|key| matches!(key.material(), TokenKeyMaterial::Rsa { .. })));
    }
    assert_eq!(Jws::parse(&of_header(json!({}))).unwrap().algorithm(), TokenAlgorithm::Es256);
}

#[test]
fn metadata_is_where_the_specifications_say_and_of_this_issuer_alone() {
    let table: [(&str, &[&str]); 5] = [
        (
            "https://id.example",
            &[
                "https://id.example/.well-known/oauth-authorization-server",
                "https://id.example/.well-known/openid-configuration",
            ],
        ),
        (
            "https://id.example/",
            &[
                "https://id.example/.well-known/oauth-authorization-server",
                "https://id.example/.well-known/openid-configuration",
            ],
        ),
        (
            ISSUER,
            &[
                "https://id.example/.well-known/oauth-authorization-server/realms/acme",
                "https://id.example/.well-known/openid-configuration/realms/acme",
                "https://id.example/realms/acme/.well-known/openid-configuration",
            ],
        ),
        ("https://id.example/?a", &[]),
        ("ftp://id.example", &[]),
    ];
    for (issuer, expected) in table {
        assert_eq!(metadata_urls(issuer), expected, "{issuer}");
    }
    let document = |issuer: &str| json!({ "issuer": issuer, "jwks_uri": "https://id.example/k" }).to_string();
    assert_eq!(key_set_of(document(ISSUER).as_bytes(), ISSUER).as_deref(), Ok("https://id.example/k"));
    for other in ["https://evil.example", "https://id.example/realms/acme/", "https://ID.example/realms/acme"]
    {
        assert_eq!(key_set_of(document(other).as_bytes(), ISSUER), Err(TokenFault::Issuer), "{other}");
    }
    let twice = format!(r#"{{"issuer":"https://evil.example",{}"#, &document(ISSUER)[1..]);
    assert_eq!(key_set_of(twice.as_bytes(), ISSUER), Err(TokenFault::Json));
    assert_eq!(key_set_of(json!({ "issuer": ISSUER }).to_string().as_bytes(), ISSUER), Err(TokenFault::Json));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_panics(text in ".{0,200}", header in "\\PC{0,80}", claims in "\\PC{0,80}") {
        let settings = settings(vec![rule()]);
        let _ = judged(&text, &settings);
        let _ = judged(&token_of(&header, &claims), &settings);
        let _ = TokenKeys::parse(claims.as_bytes());
        let _ = key_set_of(claims.as_bytes(), ISSUER);
        let _ = metadata_urls(&text);
    }

    /// Whatever is changed in a good token changes what is signed, or the signature: no byte of it is ignored.
    #[test]
    fn no_byte_is_ignored(at in any::<prop::sample::Index>(), byte in 0x21_u8..0x7f) {
        let good = token(&header(), &claims());
        let mut changed = good.clone().into_bytes();
        let at = at.index(changed.len());
        prop_assume!(changed[at] != byte);
        changed[at] = byte;
        let changed = String::from_utf8(changed).unwrap();
        let (good, read) = (Jws::parse(&good).unwrap(), Jws::parse(&changed));
        let differs = |jws: Jws<'_>| jws.signed() != good.signed() || jws.signature() != good.signature();
        prop_assert!(read.map_or(true, differs));
    }

    /// Any claims: what is let through names the issuer, us, and an end that has not passed.
    #[test]
    fn what_is_let_through_is_for_us(
        aud in prop::sample::select(vec![RESOURCE, "https://gw.example/mcp/desk", "https://else.example", ""]),
        iss in prop::sample::select(vec![ISSUER, "https://else.example"]),
        exp in NOW_SECONDS - 100..NOW_SECONDS + 100,
    ) {
        let text = of_claims(json!({ "aud": aud, "iss": iss, "exp": exp }));
        let ours = aud == RESOURCE || aud == "https://gw.example/mcp/desk";
        let expected = iss == ISSUER && ours && exp + 30 > NOW_SECONDS;
        prop_assert_eq!(judged(&text, &settings(vec![rule()])).is_ok(), expected);
    }
}

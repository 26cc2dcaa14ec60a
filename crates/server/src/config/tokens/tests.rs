//! Issuers as an operator writes them, and what is said of mistakes.

use std::fs;

use portcullis_schemas::api_keys::tokens::TokenAlgorithm;
use portcullis_schemas::principal::{ActorType, Scope};
use tempfile::TempDir;

use crate::config::{Flags, Settings};

fn load(text: &str) -> Result<Settings, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("portcullis.toml");
    fs::write(&path, text).unwrap();
    Settings::load_from(Flags::new(Some(path)), []).map_err(|mistakes| {
        let lines: Vec<_> = mistakes.0.iter().map(|one| format!("{}: {}", one.key, one.expected)).collect();
        lines.join("\n")
    })
}

const WHOLE: &str = r#"
    [tokens]
    resource = "https://gw.example"
    scope_prefix = "portcullis:"
    [[tokens.issuers]]
    issuer = "https://login.example/realms/acme"
    jwks_uri = "https://login.example/realms/acme/certs"
    audiences = ["api://gateway"]
    algorithms = ["ES256", "EdDSA"]
    skew_seconds = 0
    [[tokens.issuers.rules]]
    tenant = "ten_01jd0000000000000000000000"
    subject_claim = "/act/sub"
    actor_type = "human"
    scopes = ["invoke", "read"]
    register = true
    [tokens.issuers.rules.when]
    groups = "agents"
    "/realm_access/roles" = "caller"
    [[tokens.issuers]]
    issuer = "https://other.example"
    [[tokens.issuers.rules]]
    tenant = "default"
"#;

#[test]
fn issuers_come_from_a_file_whole() {
    let settings = load(WHOLE).unwrap();
    let tokens = settings.tokens.clone().unwrap();
    assert_eq!(
        (tokens.resource.as_str(), tokens.scope_prefix.as_str()),
        ("https://gw.example", "portcullis:")
    );
    let [first, second] = &tokens.issuers[..] else { panic!("two issuers") };
    assert_eq!(first.algorithms, [TokenAlgorithm::Es256, TokenAlgorithm::EdDsa]);
    assert_eq!((first.skew_seconds, first.audiences.len()), (0, 1));
    let rule = &first.rules[0];
    assert_eq!(
        (rule.actor_type, rule.register, rule.subject_claim.as_str()),
        (ActorType::Human, true, "/act/sub")
    );
    assert_eq!(rule.scopes, Some(vec![Scope::Invoke, Scope::Read]));
    assert_eq!(rule.when["/realm_access/roles"], "caller");
    assert_eq!((second.skew_seconds, second.algorithms.len()), (30, 4));
    let rule = &second.rules[0];
    assert_eq!(
        (rule.actor_type, rule.register, rule.subject_claim.as_str()),
        (ActorType::Machine, false, "sub")
    );
    assert_eq!((rule.scopes.as_ref(), rule.when.len()), (None, 0));
    assert_eq!(load(&settings.to_toml()).unwrap(), settings, "what is written out is read again");
}

#[test]
fn every_mistake_says_where_it_is_and_repeats_no_value() {
    let rule = "[[tokens.issuers.rules]]\ntenant = \"default\"\n";
    let with = |issuer: &str| {
        format!("[tokens]\nresource = \"https://gw.example\"\n[[tokens.issuers]]\n{issuer}\n{rule}")
    };
    let ruled = |more: &str| with("issuer = \"https://id.example\"") + more;
    let table = [
        (with(""), "item 1: issuer: expected a URL"),
        (with("issuer = \"https://swordfish@id.example\""), "item 1: issuer: expected a URL"),
        (with("issuer = \"https://id.example/?swordfish\""), "item 1: issuer: expected a URL"),
        (with("issuer = \"https://id.example\"\njwks_uri = \"swordfish\""), "jwks_uri: expected a URL"),
        (with("issuer = \"https://id.example\"\nalgorithms = [\"none\"]"), "algorithms: expected one of: RS256"),
        (with("issuer = \"https://id.example\"\nalgorithms = [\"HS256\"]"), "algorithms: expected one of: RS256"),
        (with("issuer = \"https://id.example\"\nalgorithms = []"), "algorithms: expected one or more"),
        (with("issuer = \"https://id.example\"\nskew_seconds = 301"), "skew_seconds: expected a whole number"),
        (with("issuer = \"https://id.example\"\nskew_seconds = -1"), "skew_seconds: expected a whole number"),
        (with("issuer = \"https://id.example\"\ncolour = \"swordfish\""), "colour: unknown setting"),
        (ruled("scopes = [\"operator\"]"), "rules, item 1: scopes: expected invoke"),
        (ruled("scopes = [\"swordfish\"]"), "rules, item 1: scopes: expected one of"),
        (ruled("actor_type = \"system\""), "rules, item 1: actor_type"),
        (ruled("register = \"swordfish\""), "rules, item 1: register"),
        (ruled("when = { groups = 1 }"), "rules, item 1: when"),
        (ruled("[[tokens.issuers.rules]]\ntenant = \"Swordfish\""), "rules, item 2: tenant: expected the id"),
        (format!("{}[[tokens.issuers]]\nissuer = \"https://id.example\"\n{rule}", ruled("")), "item 2: issuer: expected each issuer once"),
        ("[tokens]\nresource = \"https://gw.example\"\n[[tokens.issuers]]\nissuer = \"https://id.example\"".to_owned(), "item 1: rules: expected 1 to 64"),
        (ruled("").replace("resource = \"https://gw.example\"", ""), "tokens.resource: expected the origin"),
        (ruled("").replace("https://gw.example", "https://gw.example/"), "tokens.resource: expected the origin"),
        ("[tokens]\nresource = \"https://gw.example\"\nissuers = \"swordfish\"".to_owned(), "expected tables"),
    ];
    for (text, expected) in table {
        let found = load(&text).unwrap_err();
        assert!(found.contains(expected), "{text}\n{found}");
        assert!(!found.to_lowercase().contains("swordfish"), "{found}");
    }
}

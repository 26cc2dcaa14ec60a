//! Whom a sealed secret is for.

use portcullis_schemas::integrations::mcp::server::McpAuthType;
use portcullis_schemas::text::UrlText;
use portcullis_testkit::fixtures;
use portcullis_testkit::ids::SequentialIds;

use super::*;

fn server() -> McpServer {
    McpServer {
        auth_type: McpAuthType::Bearer,
        credential_ref: CredentialRefText::new(CALLERS_OWN).ok(),
        ..fixtures::server(&SequentialIds::new(), &fixtures::tenant(1), "weather", 0)
    }
}

fn key(n: u32) -> KeyId {
    format!("key_01jd00000000000000000{n:05}").parse().unwrap()
}

#[test]
fn only_a_server_that_names_it_is_asked_with_callers_own_secrets() {
    assert!(own_secret_grant(&server(), &key(1)).is_some());
    let vaulted =
        McpServer { credential_ref: CredentialRefText::new("cus-vault://t_a/own").ok(), ..server() };
    assert!(own_secret_grant(&vaulted, &key(1)).is_none());
    assert!(own_secret_grant(&McpServer { credential_ref: None, ..server() }, &key(1)).is_none());
    let exchanged = McpServer { auth_type: McpAuthType::OauthAuthorizationCode, ..server() };
    assert!(own_secret_grant(&exchanged, &key(1)).is_none());
}

#[test]
fn a_sealed_secret_is_for_its_key_address_and_header() {
    let grant = own_secret_grant(&server(), &key(1)).unwrap();
    let sealed = SealedOwnSecret::sealable(&grant, &Secret::new("ghp_1".to_owned())).unwrap();
    let opened = |server: &McpServer, of: u32| {
        let grant = own_secret_grant(server, &key(of)).unwrap();
        SealedOwnSecret::opened(&sealed, &grant).map(|secret| secret.expose().to_owned())
    };
    assert_eq!(opened(&server(), 1).as_deref(), Some("ghp_1"));
    assert_eq!(opened(&server(), 2), None, "another caller");
    let moved = McpServer { url: UrlText::new("https://elsewhere.example/mcp").unwrap(), ..server() };
    assert_eq!(opened(&moved, 1), None, "another address");
    assert_eq!(opened(&McpServer { auth_type: McpAuthType::ApiKey, ..server() }, 1), None, "another header");
    assert!(SealedOwnSecret::opened(&Secret::new("ghp_1".to_owned()), &grant).is_none(), "not sealed by us");
}

#[test]
fn what_a_vault_could_not_open_again_is_not_sealed() {
    let grant = own_secret_grant(&server(), &key(1)).unwrap();
    let refused = SealedOwnSecret::sealable(&grant, &Secret::new("x".repeat(MAX_BYTES + 1))).unwrap_err();
    assert_eq!((refused.code(), refused.field()), (codes::INVALID_FIELD, Some("secret")));
    let widest = SealedOwnSecret::sealable(&grant, &Secret::new("\"".repeat(MAX_BYTES))).unwrap();
    assert!(widest.expose().len() <= Secret::MAX_BYTES);
}

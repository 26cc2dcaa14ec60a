//! Settings that fit together, and headers from secrets.

use super::*;
use crate::integrations::mcp::samples::World;

fn header(name: &str) -> HeaderNameText {
    HeaderNameText::new(name).unwrap()
}

#[test]
fn type_header_and_reference_fit_or_the_field_is_named() {
    let reference = CredentialRefText::new("cus-vault://t_0001/key").unwrap();
    let (some, none) = (Some(&reference), None);
    let custom = header("X-Token");
    let table = [
        (McpAuthType::None, None, none, None),
        (McpAuthType::None, None, some, Some("credential_ref")),
        (McpAuthType::None, Some(&custom), none, Some("auth_header")),
        (McpAuthType::ApiKey, None, some, None),
        (McpAuthType::ApiKey, Some(&custom), some, None),
        (McpAuthType::ApiKey, Some(&custom), none, Some("credential_ref")),
        (McpAuthType::Bearer, None, some, None),
        (McpAuthType::Bearer, Some(&custom), some, Some("auth_header")),
        (McpAuthType::Basic, None, none, Some("credential_ref")),
    ];
    for (auth_type, named, reference, expected) in table {
        let field =
            check_auth(auth_type, named, reference).map_err(|error| error.field().unwrap().to_owned()).err();
        assert_eq!(field.as_deref(), expected, "{auth_type} {named:?} {reference:?}");
    }
}

#[test]
fn header_names_are_tokens_that_nobody_else_sets() {
    for good in ["X-API-Key", "Authorization", "x-sourcegraph", "api_key", "Cookie"] {
        assert!(check_header_name(good).is_ok(), "{good}");
    }
    let bad = [
        "Host",
        "content-length",
        "Content-Type",
        "Connection",
        "Transfer-Encoding",
        "Mcp-Session-Id",
        "mcp-param-x",
        "Proxy-Authorization",
        "X-Forwarded-For",
        "traceparent",
        "a b",
        "a:b",
        "é",
        "a\"b",
        "(x)",
    ];
    for name in bad {
        assert_eq!(check_header_name(name).unwrap_err().field(), Some("auth_header"), "{name}");
    }
}

#[test]
fn secrets_become_headers() {
    let made = |auth_type, named: Option<&str>, secret: &str| {
        let header = auth_header(auth_type, named, &Secret::new(secret.to_owned())).unwrap();
        header.map(|header| format!("{}: {}", header.name, header.value.expose()))
    };
    assert_eq!(made(McpAuthType::None, None, "x"), None);
    assert_eq!(made(McpAuthType::ApiKey, None, "k1").as_deref(), Some("X-API-Key: k1"));
    assert_eq!(
        made(McpAuthType::ApiKey, Some("Authorization"), "token k1").as_deref(),
        Some("Authorization: token k1")
    );
    assert_eq!(made(McpAuthType::Bearer, None, "t0k.en").as_deref(), Some("Authorization: Bearer t0k.en"));
    let basic = made(McpAuthType::Basic, None, "Aladdin:open sesame");
    assert_eq!(basic.as_deref(), Some("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
}

#[test]
fn no_secret_can_leave_its_header_or_the_error() {
    let types = [McpAuthType::ApiKey, McpAuthType::Bearer];
    for byte in (0u8..=255).filter(|byte| !(0x21..=0x7e).contains(byte)) {
        let secret = format!("s3cr{}", char::from(byte));
        for auth_type in types {
            let error = auth_header(auth_type, None, &Secret::new(secret.clone())).unwrap_err();
            assert_eq!(error.code(), codes::CREDENTIAL_UNUSABLE);
            assert!(!format!("{error:?}").contains("s3cr"));
        }
    }
    for (auth_type, secret) in [
        (McpAuthType::ApiKey, ""),
        (McpAuthType::ApiKey, " k"),
        (McpAuthType::Bearer, "a b"),
        (McpAuthType::Basic, "no-colon"),
        (McpAuthType::Basic, "user:pass\r\nX: y"),
    ] {
        assert!(
            auth_header(auth_type, None, &Secret::new(secret.to_owned())).is_err(),
            "{auth_type} {secret:?}"
        );
    }
}

#[test]
fn identities_differ_when_the_caller_upstream_does() {
    let mut server = World::new().server;
    let plain = target(&server, &key(0), None, None).identity;
    server.auth_type = McpAuthType::Bearer;
    server.credential_ref = Some(CredentialRefText::new("cus-vault://t_0001/key").unwrap());
    let first = target(&server, &key(0), Some(1), None).identity;
    let rotated = target(&server, &key(0), Some(2), None).identity;
    assert!(plain != first && first != rotated);
    assert!(!first.contains("vault"));
    assert_eq!(first, target(&server, &key(0), Some(1), None).identity);
}

#[test]
fn a_dropped_credential_says_so() {
    let mut server = World::new().server;
    assert_eq!(required_reference(&server).unwrap(), None);
    server.auth_type = McpAuthType::Basic;
    assert_eq!(required_reference(&server).unwrap_err().code(), codes::CREDENTIAL_REFERENCE);
}

fn key(n: u32) -> KeyId {
    format!("key_01jd00000000000000000{n:05}").parse().unwrap()
}

#[test]
fn no_two_callers_share_a_session() {
    for auth_type in [McpAuthType::None, McpAuthType::Bearer, McpAuthType::OauthAuthorizationCode] {
        let server = McpServer { auth_type, ..World::new().server };
        let identity = |caller| target(&server, &key(caller), Some(1), None).identity;
        assert_ne!(identity(0), identity(1), "{auth_type}");
    }
}

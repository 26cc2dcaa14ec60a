//! Whatever MCP servers and authorization servers say on the way to a token, it is judged, and what is believed is what was
//! asked for.
//!
//! The input is a line that says what answers: `challenge`, `resource`, `server`, or `token` or `registration` with a
//! status; then its text.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portcullis_engines::integrations::mcp::authorization::{
    AuthorizationServer, Challenge, ProtectedResource, judge_registration, scope_to_ask,
};
use portcullis_engines::upstream_tokens::{Ask, judge_answer};
use portcullis_schemas::integrations::mcp::oauth::{ClientGrant, OauthClientAuth};
use portcullis_schemas::integrations::mcp::server::McpAuthType;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::text::UrlText;
use serde_json::json;

const SERVER: &str = "https://mcp.example/files";
const OWN: &str = "callers.own.token";

static ISSUER: LazyLock<UrlText> = LazyLock::new(|| UrlText::new("https://as.example").expect("a URL"));
static GRANT: LazyLock<ClientGrant> = LazyLock::new(|| {
    let oauth = json!({ "token_endpoint": "https://as.example/token", "client_id": "gate", "scope": "read write" });
    ClientGrant { oauth: serde_json::from_value(oauth).expect("settings"), resource: SERVER.to_owned() }
});

fuzz_target!(|bytes: &[u8]| {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return };
    let (line, body) = (&bytes[..end], &bytes[end + 1..]);
    let Ok(line) = std::str::from_utf8(line) else { return };
    let (what, status) = line.split_once(' ').unwrap_or((line, ""));
    let status = status.parse().unwrap_or(200);
    match what {
        "challenge" => challenge(body),
        "resource" => resource(body),
        "server" => server(body),
        "token" => token(status, body),
        "registration" => registration(status, body),
        _ => {}
    }
});

fn challenge(body: &[u8]) {
    let Ok(text) = std::str::from_utf8(body) else { return };
    let challenge = Challenge::bearer(text.lines()).unwrap_or_default();
    let unnamed = json!({ "resource": SERVER, "authorization_servers": [ISSUER.as_str()] }).to_string();
    let known = json!({ "issuer": ISSUER.as_str(), "token_endpoint": "https://as.example/token" }).to_string();
    let resource = ProtectedResource::judge(unnamed.as_bytes(), SERVER).expect("a resource");
    let machines = McpAuthType::OauthClientCredentials;
    let server = AuthorizationServer::judge(known.as_bytes(), &ISSUER, machines).expect("a server");
    let scope = scope_to_ask(None, challenge.scope.as_deref(), &resource, &server, false);
    let words = scope.as_ref().map_or("", |scope| scope.as_str()).split(' ');
    assert!(!words.into_iter().any(|word| word == "offline_access"));
}

fn resource(body: &[u8]) {
    let Ok(found) = ProtectedResource::judge(body, SERVER) else { return };
    assert!(SERVER.starts_with(found.resource.as_str().trim_end_matches('/')), "{}", found.resource);
    assert!(!found.issuers.is_empty());
}

fn server(body: &[u8]) {
    for auth_type in [McpAuthType::OauthAuthorizationCode, McpAuthType::OauthClientCredentials] {
        let Ok(found) = AuthorizationServer::judge(body, &ISSUER, auth_type) else { continue };
        assert_eq!(found.issuer, *ISSUER);
        let by_browser = auth_type == McpAuthType::OauthAuthorizationCode;
        assert!(!by_browser || found.authorization_endpoint.is_some());
    }
}

fn token(status: u16, body: &[u8]) {
    let own = Secret::new(OWN.to_owned());
    for ask in [Ask::Client, Ask::Refresh(&own), Ask::Exchange(&own)] {
        let Ok(issued) = judge_answer(status, body.to_vec(), &GRANT, &ask) else { continue };
        assert_eq!(status, 200);
        let is_sendable = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        assert!(is_sendable(issued.token.expose()));
        assert!(!matches!(ask, Ask::Exchange(_)) || issued.token.expose() != OWN, "a caller's own token");
    }
}

fn registration(status: u16, body: &[u8]) {
    for auth_type in [McpAuthType::OauthAuthorizationCode, McpAuthType::OauthClientCredentials] {
        let judged = judge_registration(status, body.to_vec(), OauthClientAuth::Basic, auth_type);
        let Ok((_, way, secret)) = judged else { continue };
        assert_eq!(secret.is_none(), way == OauthClientAuth::None);
        assert!(secret.is_some() || auth_type == McpAuthType::OauthAuthorizationCode, "a public machine");
    }
}

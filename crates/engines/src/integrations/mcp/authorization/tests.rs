//! Honest and hostile documents, and who we are at whom.

use portcullis_schemas::integrations::mcp::oauth::{
    ClientRegistration, KnownClient, OauthAudience, OauthClientAuth, OauthClientId, SubjectTokenType,
};
use portcullis_schemas::integrations::mcp::server::McpAuthType;
use portcullis_schemas::text::CredentialRefText;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::integrations::mcp::samples::World;

const SERVER: &str = "https://mcp.example/team/mcp";
const CODE: McpAuthType = McpAuthType::OauthAuthorizationCode;

fn url(text: &str) -> UrlText {
    UrlText::new(text).unwrap()
}

fn resource_of(document: &Value) -> Result<ProtectedResource, Unusable> {
    ProtectedResource::judge(document.to_string().as_bytes(), SERVER)
}

fn resource() -> ProtectedResource {
    resource_of(&json!({
        "resource": SERVER, "authorization_servers": ["https://as.example", "https://other.example"],
        "scopes_supported": ["read", "write"],
    }))
    .unwrap()
}

fn metadata() -> Value {
    json!({
        "issuer": "https://as.example",
        "authorization_endpoint": "https://as.example/authorize",
        "token_endpoint": "https://as.example/token",
        "registration_endpoint": "https://as.example/register",
        "code_challenge_methods_supported": ["plain", "S256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "none", "client_secret_post"],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": true,
        "scopes_supported": ["read", "offline_access"],
    })
}

fn server_of(document: &Value) -> Result<AuthorizationServer, Unusable> {
    AuthorizationServer::judge(document.to_string().as_bytes(), &url("https://as.example"), CODE)
}

fn with(mut document: Value, name: &str, value: Value) -> Value {
    document[name] = value;
    document
}

fn asked(auth_type: McpAuthType) -> Asked<'static> {
    let (client, redirect_uri, callback, document) = (None, None, None, None);
    Asked { auth_type, client, redirect_uri, callback, document, register_anew: false }
}

#[test]
fn a_resource_is_the_server_and_names_who_gives_its_tokens() {
    let found = resource();
    assert_eq!(found.issuer(None).unwrap().as_str(), "https://as.example");
    assert!(found.issuer(Some(&url("https://other.example"))).is_ok());
    assert!(found.issuer(Some(&url("https://as.example/"))).is_err(), "sign by sign");
    let good = json!({ "resource": SERVER, "authorization_servers": ["https://as.example"] });
    let wrong = [
        with(good.clone(), "resource", json!("https://evil.example/team/mcp")),
        with(good.clone(), "resource", json!("https://mcp.example/te")),
        with(good.clone(), "resource", json!(null)),
        with(good.clone(), "resource", json!([SERVER])),
        with(good.clone(), "authorization_servers", json!([])),
        with(good.clone(), "authorization_servers", json!(null)),
        with(good.clone(), "authorization_servers", json!("https://as.example")),
        with(good.clone(), "authorization_servers", json!(["javascript:alert(1)"])),
        with(good.clone(), "authorization_servers", json!(["https://user:secret@as.example"])),
        with(good.clone(), "authorization_servers", json!(["https://as.example\r\nx: y"])),
        with(good.clone(), "scopes_supported", json!([1])),
        json!([]),
    ];
    for document in wrong {
        assert!(resource_of(&document).is_err(), "{document}");
    }
    let twice = format!(
        r#"{{"resource":"https://evil.example","resource":"{SERVER}","authorization_servers":["https://a"]}}"#
    );
    assert!(ProtectedResource::judge(twice.as_bytes(), SERVER).is_err());
}

#[test]
fn an_authorization_server_is_who_it_was_asked_as_and_knows_s256() {
    let found = server_of(&metadata()).unwrap();
    assert!(found.names_issuer && found.takes_documents && found.is_offline);
    assert_eq!(found.client_auth, [OauthClientAuth::Post, OauthClientAuth::None], "ours, the best first");
    let silent = with(metadata(), "token_endpoint_auth_methods_supported", json!(null));
    assert_eq!(server_of(&silent).unwrap().client_auth, [OauthClientAuth::Basic]);
    let wrong = [
        ("issuer", json!("https://as.example/")),
        ("issuer", json!("https://AS.example")),
        ("issuer", json!("https://evil.example")),
        ("issuer", json!(null)),
        ("token_endpoint", json!(null)),
        ("token_endpoint", json!("file:///etc/passwd")),
        ("authorization_endpoint", json!(null)),
        ("authorization_endpoint", json!("javascript:alert(1)")),
        ("registration_endpoint", json!(7)),
        ("code_challenge_methods_supported", json!(null)),
        ("code_challenge_methods_supported", json!(["plain"])),
        ("code_challenge_methods_supported", json!("S256")),
    ];
    for (name, value) in wrong {
        let document = with(metadata(), name, value);
        assert!(server_of(&document).is_err(), "{document}");
    }
    let machines = with(metadata(), "code_challenge_methods_supported", json!(null));
    let issuer = url("https://as.example");
    let judged = |auth_type| AuthorizationServer::judge(machines.to_string().as_bytes(), &issuer, auth_type);
    assert!(judged(McpAuthType::OauthClientCredentials).is_ok(), "no browser, no code to protect");
}

#[test]
fn scopes_are_those_of_the_challenge_before_those_of_the_resource() {
    let (found, named) = (server_of(&metadata()).unwrap(), resource());
    let plain = server_of(&with(metadata(), "scopes_supported", json!(null))).unwrap();
    let unnamed = ProtectedResource { scopes: None, ..named.clone() };
    let ask = |admins: Option<&str>, challenged, resource: &ProtectedResource, server, by_browser| {
        let admins = admins.map(|scope| OauthScope::new(scope).unwrap());
        let scope = scope_to_ask(admins.as_ref(), challenged, resource, server, by_browser);
        scope.map(|scope| scope.to_string())
    };
    let table = [
        (ask(Some("mine"), Some("a"), &named, &found, true), Some("mine")),
        (ask(Some("mine offline_access"), None, &named, &plain, true), Some("mine offline_access")),
        // Fixed for a browser, which is used no more.
        (ask(Some("mine offline_access"), Some("a"), &named, &found, false), Some("mine")),
        (ask(Some("offline_access"), Some("a"), &named, &found, false), None),
        (ask(None, Some("a b a"), &named, &found, true), Some("a b offline_access")),
        (ask(None, None, &named, &found, true), Some("read write offline_access")),
        (ask(None, None, &named, &plain, true), Some("read write")),
        (ask(None, Some("a offline_access"), &named, &plain, true), Some("a")),
        (ask(None, None, &named, &found, false), Some("read write")),
        (ask(None, None, &unnamed, &found, true), None),
        (ask(None, Some("a\"b c\\d é ok"), &named, &plain, true), Some("ok")),
    ];
    for (at, (found, expected)) in table.into_iter().enumerate() {
        assert_eq!(found.as_deref(), expected, "row {at}");
    }
    let much = "x".repeat(1000);
    let many = format!("{much} {much}y z");
    let bounded = ask(None, Some(&many), &unnamed, &plain, true).unwrap();
    assert_eq!(bounded, format!("{much} z"));
}

#[test]
fn more_scopes_are_named_with_those_that_are_asked_for() {
    let world = World::new();
    let found = Discovered::of(
        &world.server,
        &server_of(&metadata()).unwrap(),
        &resource(),
        &asked(CODE),
        OauthScope::new("read").ok(),
        (OauthClientId::new("id").unwrap(), OauthClientAuth::None, None),
        (CredentialRefText::new("encrypted://x").unwrap(), ClientRegistration::Dynamic),
    );
    let server = McpServer { auth_type: CODE, oauth: Some(found.oauth), ..world.server };
    let failure = McpFailure {
        scope: OauthScope::new("write read SYSTEM:send_mail").ok(),
        ..McpFailure::new(codes::SCOPE_REQUIRED, "", false)
    };
    let stepped = stepped_up(failure.clone(), &server);
    assert_eq!(stepped.scope.as_ref().unwrap().as_str(), "read write SYSTEM:send_mail");
    assert!(!stepped.detail.contains("write") && !stepped.detail.contains("SYSTEM"), "no word of a stranger");
    let advised = |auth_type| scope_advice(&stepped, &McpServer { auth_type, ..server.clone() });
    assert!(advised(CODE).contains("`read write SYSTEM:send_mail`, and callers connect anew"));
    assert!(!advised(McpAuthType::OauthClientCredentials).contains("callers"));
    assert!(advised(McpAuthType::Bearer).contains("stores a credential"));
    let silent = stepped_up(McpFailure { scope: None, ..failure }, &server);
    assert_eq!(silent.scope, None, "it does not say which");
    let other = McpFailure::new(codes::UPSTREAM_ERROR, "as it was", false);
    assert_eq!(stepped_up(other.clone(), &server), other);
}

#[test]
fn who_we_are_is_chosen_in_the_order_of_the_specification() {
    let world = World::new();
    let found = server_of(&metadata()).unwrap();
    let document = url("https://gw.example/connections/client.json");
    let (own, client) = (
        url("https://gw.example/connections/callback"),
        KnownClient {
            issuer: url("https://as.example"),
            client_id: OauthClientId::new("mine").unwrap(),
            client_auth: None,
            credential_ref: CredentialRefText::new("cus-vault://t/c").ok(),
        },
    );
    let of_server = url("https://gw.example/connections/callback/mcp_1");
    let document = Document { id: &document, callback: &own };
    let offered = Asked { document: Some(document), callback: Some(&of_server), ..asked(CODE) };
    let given = Asked { client: Some(&client), ..offered.clone() };
    let chosen = choose(&world.server, &found, &given).unwrap();
    assert_eq!((chosen.registration, chosen.client_auth), (ClientRegistration::Given, OauthClientAuth::Post));
    let chosen = choose(&world.server, &found, &offered).unwrap();
    assert_eq!(chosen.registration, ClientRegistration::MetadataDocument);
    assert_eq!(chosen.client_id.unwrap().as_str(), document.id.as_str());
    assert_eq!(chosen.redirect_uri.as_ref(), Some(&own), "the address that stands in it");
    // RFC 9700 section 4.4.2: who does not name the issuer could not be told from another who knows the document.
    let silent = AuthorizationServer { names_issuer: false, ..found.clone() };
    let chosen = choose(&world.server, &silent, &offered).unwrap();
    assert_eq!(chosen.registration, ClientRegistration::Dynamic);
    assert_eq!(chosen.redirect_uri.as_ref(), Some(&of_server), "an address of this server's alone");
    let registering = |found: &AuthorizationServer, asked: &Asked<'_>| choose(&world.server, found, asked);
    let no_documents = AuthorizationServer { takes_documents: false, ..found.clone() };
    let chosen = registering(&no_documents, &offered).unwrap();
    assert_eq!((chosen.registration, chosen.client_id), (ClientRegistration::Dynamic, None));
    let nobody = AuthorizationServer { registration_endpoint: None, ..no_documents.clone() };
    assert_eq!(registering(&nobody, &offered).unwrap().registration, ClientRegistration::Required);
    // A client that is public could ask for tokens in its own name without proving anything.
    let public = AuthorizationServer { client_auth: vec![OauthClientAuth::None], ..found };
    assert!(registering(&public, &asked(McpAuthType::OauthClientCredentials)).is_err());
    assert!(registering(&AuthorizationServer { client_auth: Vec::new(), ..public }, &asked(CODE)).is_err());
}

#[test]
fn callers_tokens_are_shown_to_nobody_whom_the_server_names() {
    const EXCHANGE: McpAuthType = McpAuthType::OauthTokenExchange;
    let world = World::new();
    let found =
        AuthorizationServer { client_auth: vec![OauthClientAuth::Basic], ..server_of(&metadata()).unwrap() };
    assert_eq!(asked(EXCHANGE).check(&world.server).unwrap_err().field(), Some("client"));
    assert!(choose(&world.server, &found, &asked(EXCHANGE)).is_err(), "whatever was checked before");
    let client = KnownClient {
        issuer: url("https://as.example"),
        client_id: OauthClientId::new("mine").unwrap(),
        client_auth: None,
        credential_ref: CredentialRefText::new("cus-vault://t/c").ok(),
    };
    let given = Asked { client: Some(&client), ..asked(EXCHANGE) };
    given.check(&world.server).unwrap();
    assert_eq!(given.issuer(&world.server), Some(&client.issuer));
    let chosen = choose(&world.server, &found, &given).unwrap();
    assert_eq!(chosen.registration, ClientRegistration::Given);
    // What an admin has named by hand, without an issuer, is found again at its own token endpoint and no other.
    let mut before = Discovered::of(
        &world.server,
        &found,
        &resource(),
        &given,
        None,
        (client.client_id.clone(), OauthClientAuth::Basic, None),
        (CredentialRefText::new("cus-vault://t/c").unwrap(), ClientRegistration::Given),
    );
    before.oauth.issuer = None;
    before.oauth.audience = OauthAudience::new("files-api").ok();
    before.oauth.subject_token_type = Some(SubjectTokenType::Jwt);
    let server = McpServer {
        auth_type: EXCHANGE,
        oauth: Some(before.oauth),
        credential_ref: Some(before.credential_ref),
        ..world.server
    };
    asked(EXCHANGE).check(&server).unwrap();
    let kept = choose(&server, &found, &asked(EXCHANGE)).unwrap();
    assert_eq!(kept.registration, ClientRegistration::Kept);
    let evil = AuthorizationServer { token_endpoint: url("https://evil.example/token"), ..found.clone() };
    assert!(choose(&server, &evil, &asked(EXCHANGE)).is_err());
    let anew = Asked { register_anew: true, ..asked(EXCHANGE) };
    assert_eq!(anew.check(&server).unwrap_err().field(), Some("client"));
    let again = Discovered::of(
        &server,
        &found,
        &resource(),
        &asked(EXCHANGE),
        None,
        (kept.client_id.unwrap(), kept.client_auth, None),
        (kept.credential_ref.unwrap(), kept.registration),
    );
    assert_eq!(again.oauth.audience.unwrap().as_str(), "files-api");
    assert_eq!(again.oauth.subject_token_type, Some(SubjectTokenType::Jwt));
}

#[test]
fn a_request_is_judged_before_anything_is_sent() {
    let world = World::new();
    let own = url("https://gw.example/back");
    let client = |client_auth, credential_ref: Option<&str>| KnownClient {
        issuer: url("https://as.example"),
        client_id: OauthClientId::new("mine").unwrap(),
        client_auth,
        credential_ref: credential_ref.map(|reference| CredentialRefText::new(reference).unwrap()),
    };
    let (public, proves) = (client(None, None), client(Some(OauthClientAuth::Basic), None));
    let machine = asked(McpAuthType::OauthClientCredentials);
    let code = Asked { redirect_uri: Some(&own), ..asked(CODE) };
    let table = [
        (asked(McpAuthType::Bearer), Some("auth_type")),
        (asked(CODE), Some("redirect_uri")),
        (Asked { callback: Some(&own), ..asked(CODE) }, None),
        (Asked { redirect_uri: Some(&own), ..machine.clone() }, Some("redirect_uri")),
        (Asked { client: Some(&public), ..machine.clone() }, Some("client.credential_ref")),
        (Asked { client: Some(&public), ..code.clone() }, None),
        (Asked { client: Some(&proves), ..code }, Some("client.credential_ref")),
        (machine, None),
    ];
    for (asked, field) in table {
        let error = asked.check(&world.server).err();
        assert_eq!(error.as_ref().and_then(|error| error.field()), field, "{asked:?}");
    }
}

#[test]
fn what_an_admin_has_fixed_is_not_widened() {
    let fixed = OauthScope::new("read").unwrap();
    let server = server_of(&metadata()).unwrap();
    let scope = scope_to_ask(Some(&fixed), Some("read admin offline_access"), &resource(), &server, true);
    assert_eq!(scope.as_ref(), Some(&fixed));
    let wider = |challenged| wider_than(scope.as_ref(), challenged, &resource());
    assert_eq!(wider(Some("read admin offline_access")).unwrap().as_str(), "admin");
    assert_eq!(wider(None).unwrap().as_str(), "write", "of the resource, where there is no challenge");
    assert_eq!(wider(Some("read")), None);
}

#[test]
fn a_registration_is_kept_at_its_own_issuer_and_nowhere_else() {
    let world = World::new();
    let found = server_of(&with(metadata(), "client_id_metadata_document_supported", json!(false))).unwrap();
    let own = url("https://gw.example/connections/callback");
    let asked = Asked { callback: Some(&own), ..asked(CODE) };
    let before = Discovered::of(
        &world.server,
        &found,
        &resource(),
        &asked,
        None,
        (OauthClientId::new("id").unwrap(), OauthClientAuth::Post, Some(own.clone())),
        (CredentialRefText::new("encrypted://secret").unwrap(), ClientRegistration::Dynamic),
    );
    let server = McpServer {
        auth_type: CODE,
        oauth: Some(before.oauth),
        credential_ref: Some(before.credential_ref),
        ..world.server
    };
    let chosen = choose(&server, &found, &asked).unwrap();
    assert_eq!(chosen.registration, ClientRegistration::Kept);
    assert_eq!(chosen.credential_ref.unwrap().as_str(), "encrypted://secret");
    let elsewhere = [
        AuthorizationServer { issuer: url("https://other.example"), ..found.clone() },
        AuthorizationServer { token_endpoint: url("https://as.example/token2"), ..found.clone() },
    ];
    for found in elsewhere {
        let chosen = choose(&server, &found, &asked).unwrap();
        assert_eq!((chosen.client_id, chosen.credential_ref), (None, None), "{found:?}");
    }
    let elsewhere = url("https://app.example/back");
    let moved = Asked { redirect_uri: Some(&elsewhere), ..asked.clone() };
    assert_eq!(choose(&server, &found, &moved).unwrap().registration, ClientRegistration::Dynamic);
    let anew = Asked { register_anew: true, ..asked.clone() };
    assert_eq!(choose(&server, &found, &anew).unwrap().registration, ClientRegistration::Dynamic);
    let dropped = McpServer { credential_ref: None, ..server };
    assert_eq!(choose(&dropped, &found, &asked).unwrap().client_id, None);
}

#[test]
fn a_registration_says_what_kind_of_application_it_is() {
    let scope = OauthScope::new("read").unwrap();
    let of = |auth_type, redirect: Option<&str>| {
        let chosen = Chosen {
            registration: ClientRegistration::Dynamic,
            client_id: None,
            client_auth: OauthClientAuth::Basic,
            credential_ref: None,
            redirect_uri: redirect.map(url),
        };
        registration_of(&asked(auth_type), &chosen, Some(&scope))
    };
    assert_eq!(
        of(CODE, Some("https://gw.example/back")),
        json!({
            "client_name": "Portcullis", "token_endpoint_auth_method": "client_secret_basic",
            "application_type": "web", "redirect_uris": ["https://gw.example/back"],
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "scope": "read",
        })
    );
    assert_eq!(of(CODE, Some("http://127.0.0.1:8080/back"))["application_type"], "native");
    assert_eq!(of(McpAuthType::OauthClientCredentials, None)["grant_types"], json!(["client_credentials"]));
}

#[test]
fn hostile_registrations_make_no_client() {
    let judged_for = |auth_type, status, body: &Value| {
        judge_registration(status, body.to_string().into_bytes(), OauthClientAuth::Basic, auth_type)
    };
    let judged = |status, body: &Value| judged_for(CODE, status, body);
    let good = json!({ "client_id": "id", "client_secret": "secret" });
    let (id, way, secret) = judged(201, &good).unwrap();
    assert_eq!((id.as_str(), way, secret.unwrap().expose()), ("id", OauthClientAuth::Basic, "secret"));
    let public = with(good.clone(), "token_endpoint_auth_method", json!("none"));
    assert!(judged(201, &public).unwrap().2.is_none(), "a secret that is not used is not kept");
    assert!(judged_for(McpAuthType::OauthClientCredentials, 201, &public).is_err(), "no machine is public");
    let hostile = "never-to-be-quoted";
    let wrong = [
        (400, good.clone()),
        (302, good.clone()),
        (201, with(good.clone(), "client_id", json!("a\r\nb"))),
        (201, with(good.clone(), "client_id", json!(""))),
        (201, with(good.clone(), "client_id", json!(null))),
        (201, with(good.clone(), "client_secret", json!(null))),
        (201, with(good.clone(), "client_secret", json!("s".repeat(9000)))),
        (201, with(good.clone(), "token_endpoint_auth_method", json!("private_key_jwt"))),
        (201, json!("id")),
        (201, with(good.clone(), "token_endpoint_auth_method", json!(hostile))),
        (201, json!({ "client_id": format!("{hostile}\u{7f}"), "client_secret": hostile })),
        (400, json!({ "error": hostile, "error_description": hostile })),
    ];
    for (status, body) in wrong {
        let unusable = judged(status, &body).unwrap_err();
        assert!(!unusable.to_string().contains(hostile), "{unusable}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_panics(status in any::<u16>(), body in "\\PC{0,200}") {
        let bytes = body.clone().into_bytes();
        let _ = ProtectedResource::judge(&bytes, SERVER);
        let _ = AuthorizationServer::judge(&bytes, &url("https://as.example"), CODE);
        let _ = judge_registration(status, bytes, OauthClientAuth::None, CODE);
    }
}

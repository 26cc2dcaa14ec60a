//! Finding a server's authorization server: what is asked in which order, what is kept, and what hostile ones get.

use std::sync::Arc;

use portcullis_schemas::codes;
use portcullis_schemas::controls::operations::ThrowKillSwitch;
use portcullis_schemas::egress::{Egress, EgressPurpose, EgressRequest};
use portcullis_schemas::incidents::operations::ListIncidents;
use portcullis_schemas::integrations::mcp::oauth::ClientRegistration;
use portcullis_schemas::integrations::mcp::operations::{
    DiscoverMcpAuthorization, DiscoveredAuthorization, GetMcpServer, RegisterMcpServer, UpdateMcpServer,
};
use portcullis_schemas::integrations::mcp::server::{McpAuthType, McpServer};
use portcullis_schemas::logs::event::AuditEventType;
use portcullis_schemas::logs::ledger::{IntentKind, IntentSubject, LONGEST_OPEN};
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, ErrorKind};
use portcullis_testkit::fakes::{ScriptedEgress, ScriptedResponse};
use serde_json::{Value, json};

use crate::halting::Halting;
use crate::house::House;

const CHALLENGE: &str = "Bearer scope=\"files\", resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/files\"";

/// A word of every wrong document.
const STRANGERS: &str = "evil.example";

/// So late that no lease and no intent is young any more.
fn much_later(office: &Office) -> Timestamp {
    office.house.spine.ports().clock.now().plus(LONGEST_OPEN * 2)
}

/// A house with one server that nobody has named an authorization server of.
struct Office {
    house: House,
    egress: Arc<ScriptedEgress>,
    server: String,
}

impl Office {
    async fn open() -> Self {
        let egress = Arc::new(ScriptedEgress::allowing(&["https://mcp.example", "https://as.example"]));
        Self::with(egress.clone(), egress).await
    }

    async fn with(egress: Arc<ScriptedEgress>, way_out: Arc<dyn Egress>) -> Self {
        let house = House::build(
            |ports| ports.egress = way_out,
            |options, _| options.public_url = Some("https://gw.example".to_owned()),
        )
        .await;
        let body = json!({ "name": "files", "url": "https://mcp.example/files", "auto_discover": false });
        let server = house.admin::<RegisterMcpServer>(body).await.unwrap().server.server_id.to_string();
        Self { house, egress, server }
    }

    /// An office whose metadata are answered, once what halts is let go.
    async fn halting() -> (Self, Arc<Halting>) {
        let inner = Arc::new(ScriptedEgress::allowing(&["https://mcp.example", "https://as.example"]));
        let halting = Halting::before("/.well-known/oauth-authorization-server", inner.clone());
        let office = Self::with(inner, halting.clone()).await;
        office.answer_metadata(|_, _| {});
        (office, halting)
    }

    /// The server's refusal, its metadata, and those of the authorization server.
    fn answer_metadata(&self, change: impl FnOnce(&mut Value, &mut Value)) {
        let mut resource = json!({
            "resource": "https://mcp.example/files", "authorization_servers": ["https://as.example"],
        });
        let mut server = json!({
            "issuer": "https://as.example",
            "authorization_endpoint": "https://as.example/authorize",
            "token_endpoint": "https://as.example/token",
            "registration_endpoint": "https://as.example/register",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        });
        change(&mut resource, &mut server);
        self.egress.answer(ScriptedResponse::new(401, &[("www-authenticate", CHALLENGE)], Vec::new()));
        self.egress.answer(ScriptedResponse::json(200, &resource));
        self.egress.answer(ScriptedResponse::json(200, &server));
    }

    fn answer_registration(&self) {
        let body = json!({ "client_id": "registered", "client_secret": "a secret of the gate" });
        self.egress.answer(ScriptedResponse::json(201, &body));
    }

    async fn discover(&self, members: Value) -> Result<DiscoveredAuthorization, Error> {
        let mut request = json!({ "server_id": self.server });
        request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        self.house.admin::<DiscoverMcpAuthorization>(request).await
    }

    async fn server(&self) -> McpServer {
        self.house.admin::<GetMcpServer>(json!({ "server_id": self.server })).await.unwrap()
    }

    /// What was asked since the last look, in order.
    fn asked(&self) -> Vec<EgressRequest> {
        self.egress.requests().into_iter().map(|(_, request)| request).collect()
    }
}

#[tokio::test]
async fn an_admin_needs_the_servers_url_alone() {
    let office = Office::open().await;
    office.answer_metadata(|_, _| {});
    office.answer_registration();
    let found = office.discover(json!({})).await.unwrap();
    assert_eq!(
        (found.issuer.as_str(), found.registration),
        ("https://as.example", ClientRegistration::Dynamic)
    );
    let asked = office.asked();
    let urls: Vec<_> = asked.iter().map(|request| request.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "https://mcp.example/files",
            "https://mcp.example/.well-known/oauth-protected-resource/files",
            "https://as.example/.well-known/oauth-authorization-server",
            "https://as.example/register",
        ]
    );
    assert_eq!(asked[3].purpose, EgressPurpose::AuthorizationServer);
    let sent: Value = serde_json::from_slice(&asked[3].body).unwrap();
    let own = format!("https://gw.example/connections/callback/{}", office.server);
    assert_eq!(sent["redirect_uris"], json!([own]), "an address of this server's alone");
    assert_eq!((&sent["application_type"], &sent["scope"]), (&json!("web"), &json!("files")));
    let none_is_ours =
        |request: &EgressRequest| !request.headers.iter().any(|(name, _)| name == "authorization");
    assert!(asked.iter().all(none_is_ours), "no credential is sent to find out");

    let server = office.server().await;
    let oauth = server.oauth.as_ref().unwrap();
    assert_eq!(server.auth_type, McpAuthType::OauthAuthorizationCode);
    assert_eq!(oauth.client_id.as_str(), "registered");
    assert_eq!(oauth.scope.as_ref().unwrap().as_str(), "files");
    assert_eq!(oauth.names_issuer, Some(true));
    assert!(server.credential_ref.as_ref().unwrap().as_str().starts_with("encrypted://"));
    assert!(!serde_json::to_string(&server).unwrap().contains("a secret of the gate"));
    let story = office.house.story_of(&office.server).await;
    assert_eq!(
        story,
        [
            "mcp_server.registered",
            "mcp_exchange.started",
            "mcp_exchange.started",
            "mcp_server.updated",
            "mcp_exchange.completed",
        ]
    );
    let trail = office.house.trail().await;
    let before = trail.iter().find(|event| event.facts.contains_key("registration_endpoint")).unwrap();
    assert_eq!(before.facts["purpose"], "register_client");
    assert_eq!(before.facts["issuer"], "https://as.example");
    let changed = trail.iter().rfind(|event| event.facts.contains_key("registration")).unwrap();
    assert_eq!(changed.facts["oauth"]["token_endpoint"], "https://as.example/token");
    assert_eq!(changed.facts["oauth"]["client_id"], "registered");
    assert_eq!(changed.facts["previous_oauth"], Value::Null);
}

#[tokio::test]
async fn no_server_names_who_is_shown_the_tokens_of_callers() {
    let office = Office::open().await;
    let error = office.discover(json!({ "auth_type": "oauth_token_exchange" })).await.unwrap_err();
    assert_eq!((error.field(), office.asked().len()), (Some("client"), 0));
    let client = json!({
        "issuer": "https://as.example", "client_id": "mine", "credential_ref": "encrypted://5ec2e7",
    });
    office.answer_metadata(|_, _| {});
    let named = json!({ "auth_type": "oauth_token_exchange", "client": client });
    let found = office.discover(named).await.unwrap();
    assert_eq!(found.registration, ClientRegistration::Given);
    let settings = office.server().await.oauth;
    // From now on that issuer is asked, whomever the server names, and none that moves its endpoint.
    office.answer_metadata(|resource, _| {
        resource["authorization_servers"] = json!(["https://as.example/evil", "https://as.example"]);
    });
    let kept = office.discover(json!({})).await.unwrap();
    assert_eq!((kept.issuer.as_str(), kept.registration), ("https://as.example", ClientRegistration::Kept));
    let evil = |resource: &mut Value, server: &mut Value| {
        resource["authorization_servers"] = json!(["https://as.example/evil"]);
        server["issuer"] = json!("https://as.example/evil");
    };
    office.answer_metadata(evil);
    let error = office.discover(json!({})).await.unwrap_err();
    assert_eq!(error.code(), codes::AUTHORIZATION_REFUSED);
    assert_eq!(office.server().await.oauth, settings);
}

#[tokio::test]
async fn scopes_that_an_admin_has_fixed_are_not_widened_by_the_server() {
    let office = Office::open().await;
    office.answer_metadata(|_, _| {});
    office.answer_registration();
    office.discover(json!({ "scope": "read" })).await.unwrap();
    office.answer_metadata(|_, _| {});
    let again = office.discover(json!({})).await.unwrap();
    assert_eq!(again.server.oauth.unwrap().scope.unwrap().as_str(), "read");
    assert_eq!(again.wider_scope.unwrap().as_str(), "files", "the admin hears of it");
}

#[tokio::test]
async fn nothing_is_asked_without_a_record_and_nothing_told_without_its_outcome() {
    let office = Office::open().await;
    office.house.ledger.fail_record(true);
    let error = office.discover(json!({})).await.unwrap_err();
    assert_eq!((error.code(), office.asked().len()), (codes::AUDIT_UNAVAILABLE, 0));
    office.house.ledger.fail_record(false);
    office.house.ledger.fail_settle(true);
    office.answer_metadata(|_, _| {});
    office.answer_registration();
    assert_eq!(office.discover(json!({})).await.unwrap_err().code(), codes::OUTCOME_UNRECORDED);
}

#[tokio::test]
async fn an_intent_is_open_while_it_is_asked() {
    let (office, halting) = Office::halting().await;
    office.answer_registration();
    let open = async || {
        let open = office.house.ledger().abandoned(much_later(&office), 10).await.unwrap();
        open.into_iter().map(|intent| intent.subject).collect::<Vec<_>>()
    };
    let (found, ()) = tokio::join!(office.discover(json!({})), async {
        halting.reached.notified().await;
        let open = open().await;
        let [IntentSubject::Exchange { purpose, server_id, .. }] = &open[..] else { panic!("{open:?}") };
        assert_eq!((*purpose, server_id.as_str()), (IntentKind::DiscoverAuthorization, &*office.server));
        halting.go.notify_one();
    });
    found.unwrap();
    assert_eq!(open().await, []);
}

#[tokio::test]
async fn its_outcome_says_whether_a_client_may_have_been_registered() {
    for (status, may_have_acted) in [(None, false), (Some(500), true)] {
        let office = Office::open().await;
        match status {
            None => office.answer_metadata(|_, server| server["issuer"] = json!("https://as.example/other")),
            Some(status) => {
                office.answer_metadata(|_, _| {});
                office.egress.answer(ScriptedResponse::json(status, &json!({})));
            }
        }
        office.discover(json!({})).await.unwrap_err();
        let trail = office.house.trail().await;
        let last = trail.iter().rfind(|event| event.event_type == AuditEventType::McpExchangeFailed).unwrap();
        assert_eq!(last.facts["purpose"], "discover_authorization");
        assert_eq!(last.facts["may_have_acted"], may_have_acted);
    }
}

#[tokio::test]
async fn a_freeze_in_the_middle_is_heeded_before_a_client_is_registered() {
    let (office, halting) = Office::halting().await;
    let freeze = json!({ "target": { "kind": "server", "id": office.server }, "reason": "now" });
    let (found, ()) = tokio::join!(office.discover(json!({})), async {
        halting.reached.notified().await;
        office.house.admin::<ThrowKillSwitch>(freeze).await.unwrap();
        halting.go.notify_one();
    });
    assert_eq!(found.unwrap_err().code(), codes::FROZEN);
    assert_eq!(office.asked().len(), 3, "nobody was registered");
}

#[tokio::test]
async fn what_an_admin_changes_meanwhile_is_kept_and_does_not_lose_a_registration() {
    let (office, halting) = Office::halting().await;
    office.answer_registration();
    let server = json!({ "server_id": office.server });
    let body = json!({ "server_id": office.server, "description": "of the team" });
    // A description says nothing of the server's authorization.
    let (found, ()) = tokio::join!(office.discover(json!({})), async {
        halting.reached.notified().await;
        office.house.admin::<UpdateMcpServer>(body).await.unwrap();
        halting.go.notify_one();
    });
    assert_eq!(found.unwrap().registration, ClientRegistration::Dynamic);
    let server = office.house.admin::<GetMcpServer>(server).await.unwrap();
    assert_eq!(server.description.unwrap().as_str(), "of the team");
    assert_eq!(server.oauth.unwrap().client_id.as_str(), "registered");
}

#[tokio::test]
async fn a_registration_is_kept_for_its_issuer_and_made_anew_for_another() {
    let office = Office::open().await;
    office.answer_metadata(|_, _| {});
    office.answer_registration();
    office.discover(json!({})).await.unwrap();
    office.answer_metadata(|_, _| {});
    let kept = office.discover(json!({ "scope": "files more" })).await.unwrap();
    assert_eq!(kept.registration, ClientRegistration::Kept);
    let oauth = kept.server.oauth.unwrap();
    assert_eq!((oauth.client_id.as_str(), oauth.scope.unwrap().as_str()), ("registered", "files more"));

    let moved = |resource: &mut Value, server: &mut Value| {
        resource["authorization_servers"] = json!(["https://as.example/new"]);
        server["issuer"] = json!("https://as.example/new");
    };
    let asked = office.asked().len();
    office.answer_metadata(moved);
    let body = json!({ "client_id": "other", "client_secret": "another secret" });
    office.egress.answer(ScriptedResponse::json(201, &body));
    let anew = office.discover(json!({})).await.unwrap();
    assert_eq!(anew.registration, ClientRegistration::Dynamic);
    assert_eq!(anew.server.oauth.unwrap().client_id.as_str(), "other");
    let later = office.asked();
    let is_silent = |request: &EgressRequest| !String::from_utf8_lossy(&request.body).contains("registered");
    assert!(later[asked..].iter().all(is_silent), "nothing of the first issuer goes to the second");
}

#[tokio::test]
async fn who_takes_documents_is_shown_ours_and_who_registers_nobody_waits_for_an_admin() {
    let office = Office::open().await;
    office.answer_metadata(|_, server| server["client_id_metadata_document_supported"] = json!(true));
    let found = office.discover(json!({})).await.unwrap();
    assert_eq!(found.registration, ClientRegistration::MetadataDocument);
    assert_eq!(found.server.oauth.unwrap().client_id.as_str(), "https://gw.example/connections/client.json");
    // Who names no issuer in its answers is not shown the client that others are shown too.
    let silent = Office::open().await;
    silent.answer_metadata(|_, server| {
        server["client_id_metadata_document_supported"] = json!(true);
        server["authorization_response_iss_parameter_supported"] = json!(false);
    });
    silent.answer_registration();
    assert_eq!(silent.discover(json!({})).await.unwrap().registration, ClientRegistration::Dynamic);
    // The document names our page, and no other address.
    office.answer_metadata(|_, server| server["client_id_metadata_document_supported"] = json!(true));
    office.answer_registration();
    let elsewhere = office.discover(json!({ "redirect_uri": "https://app.example/back" })).await.unwrap();
    assert_eq!(elsewhere.registration, ClientRegistration::Dynamic);

    let office = Office::open().await;
    let closed = |_: &mut Value, server: &mut Value| server["registration_endpoint"] = json!(null);
    office.answer_metadata(closed);
    let found = office.discover(json!({})).await.unwrap();
    assert_eq!((found.registration, found.server.oauth), (ClientRegistration::Required, None));
    let client = json!({
        "issuer": "https://as.example", "client_id": "mine", "credential_ref": "encrypted://5ec2e7",
    });
    office.answer_metadata(closed);
    let given = office.discover(json!({ "client": client })).await.unwrap();
    assert_eq!(given.registration, ClientRegistration::Given);
    assert_eq!(given.server.credential_ref.unwrap().as_str(), "encrypted://5ec2e7");
    // A client of another issuer is not shown to this one.
    let mut stranger = client;
    stranger["issuer"] = json!("https://other.example");
    office.answer_metadata(closed);
    let error = office.discover(json!({ "client": stranger })).await.unwrap_err();
    assert_eq!(error.code(), codes::AUTHORIZATION_REFUSED);
}

#[tokio::test]
async fn what_is_wrong_with_it_changes_nothing_and_is_on_record() {
    type Change = fn(&mut Value, &mut Value);
    let table: [(&str, Change); 5] = [
        ("`resource`", |resource, _| resource["resource"] = json!(format!("https://{STRANGERS}/files"))),
        ("`issuer`", |_, server| server["issuer"] = json!(format!("https://{STRANGERS}/"))),
        ("S256", |_, server| server["code_challenge_methods_supported"] = json!([STRANGERS])),
        ("`token_endpoint`", |_, server| server["token_endpoint"] = json!(format!("ftp:{STRANGERS}"))),
        ("`authorization_servers`", |resource, _| resource["authorization_servers"] = json!([STRANGERS])),
    ];
    for (named, change) in table {
        let office = Office::open().await;
        let before = office.server().await;
        office.answer_metadata(change);
        let error = office.discover(json!({})).await.unwrap_err();
        let is_anothers = named == "`issuer`";
        let code = if is_anothers { codes::ISSUER_MISMATCH } else { codes::AUTHORIZATION_REFUSED };
        assert_eq!((error.kind(), error.code()), (ErrorKind::Upstream, code), "{named}");
        assert!(error.public().contains(named), "{named}: {}", error.public());
        assert!(!error.public().contains(STRANGERS), "no word of a stranger: {}", error.public());
        assert_eq!(office.server().await, before);
        let story = office.house.story_of(&office.server).await;
        assert_eq!(story[1..3], ["mcp_exchange.started", "mcp_exchange.failed"], "{named}");
        let incidents = office.house.admin::<ListIncidents>(json!({})).await.unwrap().items;
        assert_eq!(incidents.len(), usize::from(is_anothers), "{named}");
    }
}

#[tokio::test]
async fn a_challenge_that_leads_to_another_host_is_not_followed() {
    let office = Office::open().await;
    let challenge = format!("Bearer resource_metadata=\"https://{STRANGERS}/metadata\"");
    office.egress.answer(ScriptedResponse::new(401, &[("www-authenticate", &challenge)], Vec::new()));
    let error = office.discover(json!({})).await.unwrap_err();
    assert_eq!(error.code(), codes::AUTHORIZATION_REFUSED);
    assert!(error.public().contains("`resource_metadata`"), "{}", error.public());
    assert_eq!(office.asked().len(), 1, "the server alone");
}

#[tokio::test]
async fn what_leads_elsewhere_is_judged_before_anything_is_sent_there() {
    for endpoint in ["token_endpoint", "authorization_endpoint", "registration_endpoint"] {
        let office = Office::open().await;
        office.answer_metadata(|_, server| server[endpoint] = json!("http://169.254.169.254/inside"));
        let error = office.discover(json!({})).await.unwrap_err();
        assert_eq!(error.code(), codes::EGRESS_REFUSED, "{endpoint}");
        assert!(error.public().contains("`http://169.254.169.254`"), "{}", error.public());
        assert_eq!(office.asked().len(), 3, "and nobody was registered for it");
        let trail = office.house.trail().await;
        assert!(
            !trail.iter().any(|event| event.facts.contains_key("registration_endpoint")),
            "nor about to be"
        );
    }
    // Who has a client there registers nowhere.
    let office = Office::open().await;
    office.answer_metadata(|_, server| server["registration_endpoint"] = json!("http://10.0.0.5/register"));
    let client = json!({
        "issuer": "https://as.example", "client_id": "mine", "credential_ref": "encrypted://5ec2e7",
    });
    let given = office.discover(json!({ "client": client })).await.unwrap();
    assert_eq!(given.registration, ClientRegistration::Given);
    office.answer_metadata(|_, server| server["registration_endpoint"] = json!("http://10.0.0.5/register"));
    assert_eq!(office.discover(json!({})).await.unwrap().registration, ClientRegistration::Kept);
}

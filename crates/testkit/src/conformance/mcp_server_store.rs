//! The suite of [`McpServerStore`](portcullis_schemas::integrations::mcp::ports::McpServerStore).

use portcullis_schemas::codes;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::input::InputKind;
use portcullis_schemas::integrations::mcp::oauth::{
    OauthAudience, OauthClientAuth, OauthClientId, OauthScope, SubjectTokenType, UpstreamOauth,
};
use portcullis_schemas::integrations::mcp::server::{
    DefinitionCheck, McpAuthType, McpServer, McpServerStatus, ProtocolPin,
};
use portcullis_schemas::paging::PageRequest;
use portcullis_schemas::store::Store;
use portcullis_schemas::text::{CredentialRefText, Description, HeaderNameText, Tag, UrlText};

use super::steps::{IDS, conflict, cursor, page_limit, reading, refused, two_tenants};
use crate::fixtures::{self, time, valid};

/// Servers are kept whole, unique while they live, versioned, listed by state, and seen by their tenant only.
pub async fn mcp_server_store(store: &dyn Store) {
    isolates_tenants(store).await;
    keeps_every_field(store).await;
    names_and_urls_are_unique_while_live(store).await;
    updates_are_versioned(store).await;
    lists_by_state(store).await;
}

async fn keeps_every_field(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let bare = McpServer {
        protocol_version: None,
        capabilities: Vec::new(),
        capabilities_hash: None,
        last_discovery_at: None,
        status: McpServerStatus::Pending,
        ..fixtures::server(&IDS, &tenant, "bare", 0)
    };
    let full = McpServer {
        description: Some(valid(Description::new("what it is for, in 'quotes' and \"quotes\", é漢"))),
        auth_type: McpAuthType::ApiKey,
        auth_header: Some(valid(HeaderNameText::new("X-API-Key"))),
        credential_ref: Some(valid(CredentialRefText::new(format!("cus-vault://{tenant}/stripe-live")))),
        protocol: ProtocolPin::V2026_07_28,
        agent_input: vec![InputKind::Elicitation, InputKind::Roots],
        definition_check: DefinitionCheck::EachCall,
        status: McpServerStatus::Degraded,
        capabilities: vec!["logging".to_owned(), "tools".to_owned()],
        tool_count: 12,
        health_check_failures: 2,
        last_health_check_at: Some(time(7)),
        last_error: Some(codes::UPSTREAM_TIMEOUT.as_str().to_owned()),
        tags: vec![valid(Tag::new("finance")), valid(Tag::new("a, b"))],
        ..fixtures::server(&IDS, &tenant, "full", 1)
    };
    let asking = McpServer {
        auth_type: McpAuthType::OauthClientCredentials,
        oauth: Some(a_client()),
        credential_ref: Some(valid(CredentialRefText::new(format!("cus-vault://{tenant}/client")))),
        ..fixtures::server(&IDS, &tenant, "asking", 2)
    };
    let accounts = McpServer {
        auth_type: McpAuthType::OauthAuthorizationCode,
        oauth: asking.oauth.clone().map(|oauth| UpstreamOauth {
            authorization_endpoint: Some(valid(UrlText::new("https://as.example/authorize"))),
            redirect_uri: Some(valid(UrlText::new("https://gw.example/oauth/callback"))),
            issuer: Some(valid(UrlText::new("https://as.example"))),
            names_issuer: Some(true),
            ..oauth
        }),
        credential_ref: asking.credential_ref.clone(),
        ..fixtures::server(&IDS, &tenant, "accounts", 3)
    };
    let exchanging = McpServer {
        auth_type: McpAuthType::OauthTokenExchange,
        oauth: asking.oauth.clone().map(|oauth| UpstreamOauth {
            subject_token_type: Some(SubjectTokenType::Jwt),
            audience: Some(valid(OauthAudience::new("files api"))),
            ..oauth
        }),
        credential_ref: asking.credential_ref.clone(),
        ..fixtures::server(&IDS, &tenant, "exchanging", 4)
    };
    for server in [bare, full, asking, accounts, exchanging] {
        insert(store, &server).await;
        assert_eq!(
            get(store, &tenant, &server.server_id).await.as_ref(),
            Some(&server),
            "a server is kept whole"
        );
        let url = server.url.as_str();
        let found = seen!(store, "looking a URL up", unit => unit.mcp_servers().find_by_url(&tenant, url));
        assert_eq!(found, Some(server), "a server is found by its URL");
    }
    let absent = ServerId::generate(&IDS);
    assert_eq!(get(store, &tenant, &absent).await, None, "an absent server is none");
}

/// Settings of a client that asks in its own name.
fn a_client() -> UpstreamOauth {
    UpstreamOauth {
        token_endpoint: valid(UrlText::new("https://as.example/token")),
        client_id: valid(OauthClientId::new("gateway")),
        client_auth: Some(OauthClientAuth::Post),
        scope: Some(valid(OauthScope::new("read write"))),
        resource: None,
        authorization_endpoint: None,
        redirect_uri: None,
        issuer: None,
        names_issuer: None,
        subject_token_type: None,
        audience: None,
    }
}

async fn names_and_urls_are_unique_while_live(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let first = fixtures::server(&IDS, &tenant, "first", 0);
    insert(store, &first).await;
    let same_name = McpServer { name: first.name.clone(), ..fixtures::server(&IDS, &tenant, "second", 1) };
    let same_url = McpServer { url: first.url.clone(), ..fixtures::server(&IDS, &tenant, "third", 2) };
    for twin in [&same_name, &same_url] {
        let result = attempted!(store, unit => unit.mcp_servers().insert(&tenant, twin));
        conflict("a second server of the same name or URL", result, codes::ALREADY_EXISTS);
    }
    let other = fixtures::server(&IDS, &tenant, "fourth", 3);
    insert(store, &other).await;
    let renamed = McpServer { name: first.name.clone(), version: 2, ..other };
    let result = attempted!(store, unit => unit.mcp_servers().update(&tenant, &renamed));
    conflict("renaming a server to a taken name", result, codes::ALREADY_EXISTS);

    let gone = McpServer {
        status: McpServerStatus::Deleted,
        deleted_at: Some(time(4)),
        version: 2,
        ..first.clone()
    };
    committed!(store, "deleting a server softly", unit => unit.mcp_servers().update(&tenant, &gone));
    assert_eq!(get(store, &tenant, &gone.server_id).await, Some(gone), "a deleted server is still there");
    let url = first.url.as_str();
    let found = seen!(store, "looking a URL up", unit => unit.mcp_servers().find_by_url(&tenant, url));
    assert_eq!(found, None, "a deleted server is not found by its URL");
    let heir = McpServer { name: first.name.clone(), ..same_url };
    insert(store, &heir).await;
    assert_eq!(
        get(store, &tenant, &heir.server_id).await,
        Some(heir),
        "name and URL are free after a delete"
    );
}

async fn updates_are_versioned(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let server = fixtures::server(&IDS, &tenant, "versioned", 0);
    insert(store, &server).await;
    let second = McpServer { tool_count: 3, updated_at: time(9), version: 2, ..server.clone() };
    committed!(store, "an update of the next version", unit => unit.mcp_servers().update(&tenant, &second));
    for version in [1, 2, 4] {
        let stale = McpServer { tool_count: 99, version, ..second.clone() };
        let result = attempted!(store, unit => unit.mcp_servers().update(&tenant, &stale));
        conflict("an update that is not of the next version", result, codes::STATE_CONFLICT);
    }
    assert_eq!(
        get(store, &tenant, &server.server_id).await,
        Some(second),
        "a refused update changes nothing"
    );
    let unknown = McpServer { version: 2, ..fixtures::server(&IDS, &tenant, "unknown", 0) };
    refused(
        "an update of an absent server",
        attempted!(store, unit => unit.mcp_servers().update(&tenant, &unknown)),
    );
}

async fn lists_by_state(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let mut active = Vec::new();
    for n in 0..7_i64 {
        let status = if n == 3 { McpServerStatus::Disabled } else { McpServerStatus::Active };
        let server = McpServer { status, ..fixtures::server(&IDS, &tenant, &format!("listed-{n}"), n) };
        insert(store, &server).await;
        if n != 3 {
            active.insert(0, server);
        }
    }
    let states = [McpServerStatus::Active, McpServerStatus::Degraded];
    let mut unit = reading(store).await;
    let listed = walked!(2, request => unit.mcp_servers().list(&tenant, &states, &request));
    assert_eq!(listed, active, "servers of these states, newest first, each once");
    let disabled =
        walked!(2, request => unit.mcp_servers().list(&tenant, &[McpServerStatus::Disabled], &request));
    assert_eq!(disabled.len(), 1, "the disabled one");
    let none = walked!(2, request => unit.mcp_servers().list(&tenant, &[], &request));
    assert!(none.is_empty(), "no state, no server");
}

async fn isolates_tenants(store: &dyn Store) {
    let (tenant, other) = two_tenants(store).await;
    let servers = [0, 1].map(|n| fixtures::server(&IDS, &tenant, &format!("walled-{n}"), n));
    for server in &servers {
        insert(store, server).await;
    }
    let server = &servers[0];
    assert_eq!(
        get(store, &other, &server.server_id).await,
        None,
        "a foreign server answers as an absent one"
    );
    let url = server.url.as_str();
    let found = seen!(store, "looking a URL up", unit => unit.mcp_servers().find_by_url(&other, url));
    assert_eq!(found, None, "a foreign server is not found by its URL");
    let stolen = McpServer { tenant_id: other.clone(), tool_count: 99, version: 2, ..server.clone() };
    refused(
        "an update of a foreign server",
        attempted!(store, unit => unit.mcp_servers().update(&other, &stolen)),
    );
    assert_eq!(get(store, &tenant, &server.server_id).await.as_ref(), Some(server), "and it is unchanged");
    let twin = McpServer { server_id: ServerId::generate(&IDS), tenant_id: other.clone(), ..server.clone() };
    insert(store, &twin).await;

    let mut unit = reading(store).await;
    let listed = walked!(1, request => unit.mcp_servers().list(&other, McpServerStatus::ALL, &request));
    assert_eq!(listed, std::slice::from_ref(&twin), "a list holds own servers only");
    let first = PageRequest::new(Some(page_limit(1)), None);
    let page = unit.mcp_servers().list(&tenant, McpServerStatus::ALL, &first).await;
    let position = page.ok().and_then(|page| page.next_cursor).map(|text| cursor(&text));
    let request = PageRequest::new(Some(page_limit(100)), position);
    let by_foreign_cursor = unit.mcp_servers().list(&other, McpServerStatus::ALL, &request).await;
    let items = by_foreign_cursor.map(|page| page.items).unwrap_or_default();
    assert!(items.iter().all(|row| *row == twin), "a foreign cursor opens no foreign rows");
}

async fn insert(store: &dyn Store, server: &McpServer) {
    committed!(store, "adding a server", unit => unit.mcp_servers().insert(&server.tenant_id, server));
}

async fn get(store: &dyn Store, tenant: &TenantId, id: &ServerId) -> Option<McpServer> {
    seen!(store, "reading a server", unit => unit.mcp_servers().get(tenant, id))
}

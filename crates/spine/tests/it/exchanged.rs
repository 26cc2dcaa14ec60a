//! Callers' tokens exchanged (RFC 8693): who brings one gets one, and it is never what goes upstream.

use portcullis_schemas::api_keys::operations::RegisterTokenClient;
use portcullis_schemas::codes;
use portcullis_schemas::context::CallContext;
use portcullis_schemas::egress::EgressPurpose;
use portcullis_schemas::ids::RequestId;
use portcullis_schemas::integrations::credentials::operations::{SetCredentialGrants, StoreCredential};
use portcullis_schemas::integrations::mcp::operations::{
    ApproveMcpTool, DiscoverMcpTools, ListMcpTools, RegisterMcpServer,
};
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::integrations::mcp::wire::{McpCatalogue, McpFailure};
use portcullis_schemas::principal::Scope;
use portcullis_schemas::{Error, ErrorKind};
use portcullis_testkit::fakes::ScriptedResponse;
use serde_json::json;

use crate::house::{call_of, catalogue, definition, reply};
use crate::tokens::{Realm, token};

impl Realm {
    /// A server that takes callers' tokens exchanged, and a second client of the issuer.
    pub(crate) async fn exchanging(&self) -> String {
        let secret = json!({ "name": "client", "credential_type": "custom", "secret": "client secret" });
        let stored = self.house.admin::<StoreCredential>(secret).await.unwrap();
        let body = json!({
            "name": "files", "url": "https://mcp.example/files", "auth_type": "oauth_token_exchange",
            "credential_ref": stored.reference, "auto_discover": false,
            "oauth": {
                "token_endpoint": "https://as.example/token", "client_id": "gate", "scope": "files",
                "subject_token_type": "access_token", "audience": "files-api",
            },
        });
        let server = self.house.admin::<RegisterMcpServer>(body).await.unwrap().server.server_id.to_string();
        let grants = json!({ "credential_id": stored.credential_id, "grants": [{ "mcp_server": server }] });
        self.house.admin::<SetCredentialGrants>(grants).await.unwrap();
        let bob =
            json!({ "name": "Bob", "scopes": ["invoke"], "issuer": "https://id.example", "subject": "bob" });
        self.house.admin::<RegisterTokenClient>(bob).await.unwrap();
        server
    }

    /// The server's tool, found by an admin who came with a token.
    pub(crate) async fn tool(&self, server: &str, admin: &CallContext) -> McpTool {
        self.tool_in(server, admin, catalogue(&[definition("read", "reads")])).await
    }

    /// The first tool of what the server offers, as [`tool`](Self::tool).
    pub(crate) async fn tool_in(&self, server: &str, admin: &CallContext, offered: McpCatalogue) -> McpTool {
        self.house.client.answer_discover(Ok(offered));
        let of_server = json!({ "server_id": server });
        let request = serde_json::from_value::<DiscoverMcpTools>(of_server.clone()).unwrap();
        self.house.spine.run(admin.clone(), request).await.unwrap();
        let tool = self.house.admin::<ListMcpTools>(of_server).await.unwrap().items.remove(0);
        let approval = json!({
            "server_id": server, "tool_id": tool.tool_id, "definition_hash": tool.definition_hash,
        });
        self.house.admin::<ApproveMcpTool>(approval).await.unwrap()
    }

    pub(crate) fn answer_exchange(&self, token: &str) {
        let body = json!({
            "access_token": token, "token_type": "Bearer", "expires_in": 300, "scope": "files",
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        });
        self.egress.answer(ScriptedResponse::json(200, &body));
    }

    pub(crate) async fn caller(&self, text: &str) -> CallContext {
        let principal = self.house.spine.authenticate(text).await.unwrap();
        CallContext::new(principal, RequestId::generate(self.house.ids()))
    }

    async fn call(&self, caller: &CallContext, tool: &McpTool) -> Result<(), Error> {
        self.house.spine.run(caller.clone(), call_of(tool, json!({ "q": "x" }))).await.map(drop)
    }

    fn last_body(&self) -> String {
        let (_, request) = self.egress.requests().pop().unwrap();
        assert_eq!(
            (request.purpose, request.url.as_str()),
            (EgressPurpose::TokenEndpoint, "https://as.example/token")
        );
        String::from_utf8(request.body.to_vec()).unwrap()
    }
}

#[tokio::test]
async fn each_caller_acts_with_what_their_own_token_is_exchanged_for() {
    let (realm, _) = Realm::with_alice(&["invoke", "admin"]).await;
    let server = realm.exchanging().await;
    realm.answer_keys(&[("one", 1)]);
    let text = token("one", 1, &realm.claims(json!({ "scope": "invoke admin" }))).await;
    let alice = realm.caller(&text).await;
    let bobs = token("one", 1, &realm.claims(json!({ "sub": "bob" }))).await;
    let bob = realm.caller(&bobs).await;

    // An admin with an API key has nothing to exchange, and is told so; nothing is sent.
    let asked = realm.egress.requests().len();
    let request = json!({ "server_id": server });
    let error = realm.house.admin::<DiscoverMcpTools>(request).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, codes::ACCESS_TOKEN_REQUIRED));
    assert_eq!(realm.egress.requests().len(), asked);

    realm.answer_exchange("for-alice");
    let tool = realm.tool(&server, &alice).await;
    let body = realm.last_body();
    assert!(body.contains(&format!("subject_token={text}&")), "a token of RFC 7519 needs no escapes");
    assert!(body.contains("audience=files-api&scope=files"), "{body}");
    realm.house.client.answer_call(Ok(reply()));
    realm.call(&alice, &tool).await.unwrap();
    realm.answer_exchange("for-bob");
    realm.house.client.answer_call(Ok(reply()));
    realm.call(&bob, &tool).await.unwrap();
    assert!(realm.last_body().contains(&format!("subject_token={bobs}&")));

    let sent: Vec<_> = realm.house.client.exchanges().into_iter().map(|sent| sent.target).collect();
    let tokens: Vec<_> = sent.iter().map(|target| target.auth.as_ref().unwrap().value.expose()).collect();
    assert_eq!(tokens, ["Bearer for-alice", "Bearer for-alice", "Bearer for-bob"]);
    assert_ne!(sent[1].identity, sent[2].identity, "no two callers share a session");

    // What the server does not know is asked for anew by the next call; one that may not do it is good for others.
    let forbidden = McpFailure::new(codes::UPSTREAM_UNAUTHORIZED, "http status 403", false);
    realm.house.client.answer_call(Err(forbidden.clone()));
    realm.call(&alice, &tool).await.unwrap_err();
    realm.house.client.answer_call(Err(McpFailure { is_unauthenticated: true, ..forbidden }));
    realm.call(&alice, &tool).await.unwrap_err();
    realm.answer_exchange("for-alice-2");
    realm.house.client.answer_call(Ok(reply()));
    realm.call(&alice, &tool).await.unwrap();

    let error = realm.call(&realm.house.caller(Scope::Invoke), &tool).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, codes::ACCESS_TOKEN_REQUIRED));
    let trail = serde_json::to_string(&realm.house.trail().await).unwrap();
    for secret in [&text, &bobs, "for-alice", "for-bob", "client secret"] {
        assert!(!trail.contains(secret), "the trail holds no token");
    }
    assert!(trail.contains("access_token_required"), "the refusal is on record");
}

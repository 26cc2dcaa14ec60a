//! What an admin does before the first call: credential, server, grant, approval, and a key for the agent.

use portcullis::ids::{RequestId, ServerId};
use portcullis::operations::api_keys::CreateApiKey;
use portcullis::operations::credentials::{SetCredentialGrants, StoreCredential};
use portcullis::operations::mcp_servers::{
    ApproveMcpTool, DiscoverMcpTools, ListMcpTools, RegisterMcpServer,
};
use portcullis::records::{CredentialGrant, CredentialType, McpAuthType, McpTool};
use portcullis::text::{CredentialRefText, Name, UrlText};
use portcullis::{CallContext, Scope, Secret, Spine, codes};

use crate::ticket_server::TicketServer;
use crate::vault::DeskVault;
use crate::{Outcome, TOKEN};

/// The caller of one operation. A service makes it once per request, from the key that its caller has shown.
pub async fn caller(spine: &Spine, key: &str) -> Outcome<CallContext> {
    let principal = spine.authenticate(key).await?;
    Ok(CallContext::new(principal, RequestId::generate(&*spine.ports().ids)))
}

/// The secret goes into the desk's vault; the server gets a reference, and nothing until it is granted.
pub async fn register(
    spine: &Spine,
    admin: &str,
    tickets: &TicketServer,
    vault: &DeskVault,
) -> Outcome<ServerId> {
    let store = StoreCredential {
        name: Name::new("tickets-token")?,
        description: None,
        credential_type: CredentialType::Bearer,
        secret: Secret::new(TOKEN.to_owned()),
        grants: Vec::new(),
    };
    let credential = spine.run(caller(spine, admin).await?, store).await?;
    assert_eq!(vault.held(), 1);

    let register = RegisterMcpServer {
        name: Name::new("tickets")?,
        description: None,
        url: UrlText::new(tickets.url())?,
        transport: None,
        auth_type: Some(McpAuthType::Bearer),
        auth_header: None,
        credential_ref: Some(CredentialRefText::new(credential.reference)?),
        protocol: None,
        agent_input: Vec::new(),
        definition_check: None,
        tags: Vec::new(),
        auto_discover: Some(false),
        oauth: None,
    };
    let server_id = spine.run(caller(spine, admin).await?, register).await?.server.server_id;

    let discover = DiscoverMcpTools { server_id: server_id.clone() };
    let early = spine.run(caller(spine, admin).await?, discover.clone()).await.map(|_| ());
    assert_eq!(early.map_err(|error| error.code()), Err(codes::CREDENTIAL_DENIED));

    let grants = vec![CredentialGrant { mcp_server: server_id.clone() }];
    let grant = SetCredentialGrants { credential_id: credential.credential_id, grants };
    spine.run(caller(spine, admin).await?, grant).await?;
    let found = spine.run(caller(spine, admin).await?, discover).await?;
    assert_eq!((found.tools_added, found.protocol_version.as_str()), (2, "2026-07-28"));
    println!("registered: {} speaks {}, {} tools", tickets.url(), found.protocol_version, found.tools_added);
    Ok(server_id)
}

/// Every tool is quarantined until a person has approved the very definition that is live.
pub async fn approve(spine: &Spine, admin: &str, server: &ServerId) -> Outcome<[McpTool; 2]> {
    let list =
        ListMcpTools { server_id: server.clone(), kind: None, status: None, limit: None, cursor: None };
    let mut approved = Vec::new();
    for tool in spine.run(caller(spine, admin).await?, list).await?.items {
        let (tool_id, definition_hash) = (tool.tool_id, tool.definition_hash);
        let approve = ApproveMcpTool { server_id: server.clone(), tool_id, definition_hash };
        let tool = spine.run(caller(spine, admin).await?, approve).await?;
        println!("approved: {}, risk {}", tool.name, tool.risk_level);
        approved.push(tool);
    }
    approved.sort_by(|one, other| other.name.cmp(&one.name));
    let tools: [McpTool; 2] = approved.try_into().map_err(|_| "expected two tools")?;
    assert_eq!(tools.each_ref().map(|tool| tool.name.as_str()), ["get_ticket", "close_ticket"]);
    Ok(tools)
}

/// The agent's key may call tools, and nothing else. The roster knows the agent by the key's name.
pub async fn create_agent(spine: &Spine, admin: &str) -> Outcome<String> {
    let create = CreateApiKey {
        name: Name::new("triage-bot")?,
        actor_type: None,
        scopes: vec![Scope::Invoke],
        expires_at: None,
    };
    Ok(spine.run(caller(spine, admin).await?, create).await?.secret.0)
}

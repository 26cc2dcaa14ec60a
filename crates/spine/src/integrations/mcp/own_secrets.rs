//! Handler of `integrations.connections.connect_with_secret`: a caller's own secret at an MCP server.

use portcullis_engines::integrations::mcp::authentication::auth_header;
use portcullis_engines::upstream_tokens::accounts::next;
use portcullis_engines::upstream_tokens::own_secrets::{CALLERS_OWN, SealedOwnSecret, own_secret_grant};
use portcullis_schemas::Error;
use portcullis_schemas::api_keys::ApiKeyStatus;
use portcullis_schemas::ids::{KeyId, ServerId};
use portcullis_schemas::integrations::connections::Connection;
use portcullis_schemas::integrations::connections::operations::ConnectWithSecret;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::logs::event::AuditEventType;
use portcullis_schemas::text::HeaderNameText;
use serde_json::json;

use super::connections::{about, of_key};
use super::servers;
use crate::bridges::ApiKeysBridge;
use crate::scene::Scene;

/// Seals the secret for the server as it is now, and keeps it in place of what was there.
pub(crate) async fn connect_with_secret(
    scene: Scene,
    request: ConnectWithSecret,
) -> Result<Connection, Error> {
    let (tenant, id) = (scene.tenant(), &request.server_id);
    let key = of_key(&scene, request.key_id)?;
    let server = owners(&scene, id, &key).await?;
    let grant = own_secret_grant(&server, &key).ok_or_else(takes_none)?;
    let header = server.auth_header.as_ref().map(HeaderNameText::as_str);
    let secret = ApiKeysBridge::foreign(&scene, &request.secret).await?;
    auth_header(server.auth_type, header, secret).map_err(|error| error.with_field("secret"))?;
    let sealable = SealedOwnSecret::sealable(&grant, secret)?;
    let sealed = scene.ports().vault.encrypt(tenant, id, &sealable).await?;
    let mut work = scene.begin().await?;
    let stored = work.connections().get(tenant, id, &key).await?;
    let mut next = next(stored.as_ref(), &key, &server, scene.now());
    next.tokens = Some(sealed);
    next.attempt = None;
    next.connection.is_connected = true;
    next.connection.attempt_ends_at = None;
    work.connections().put(tenant, &next).await?;
    let facts = json!({ "scheme": "connection" });
    let event = about(&scene, AuditEventType::ConnectionMade, id, &key, facts);
    work.audit_log().append(tenant, &[event]).await?;
    // Sessions upstream are kept apart by what is sent, so none has to be forgotten.
    work.commit().await?;
    if let Err(gone) = owners(&scene, id, &key).await {
        // Who revoked the key or deleted the server meanwhile has removed what was there before.
        let mut work = scene.begin().await?;
        work.connections().remove(tenant, id, &key).await?;
        let event = about(&scene, AuditEventType::ConnectionRemoved, id, &key, json!({}));
        work.audit_log().append(tenant, &[event]).await?;
        work.commit().await?;
        return Err(gone);
    }
    Ok(next.connection)
}

/// The server, if it is there and the key, which the connection is for, may still be used. Not within a unit that writes: reading them there would count as
/// a change of the tenant's configuration, which any caller could make.
async fn owners(scene: &Scene, id: &ServerId, key: &KeyId) -> Result<McpServer, Error> {
    let mut read = scene.read().await?;
    let server = servers::find(scene, &mut *read, id).await?;
    let stored = read.api_keys().get(scene.tenant(), key).await?;
    match stored.filter(|stored| stored.status != ApiKeyStatus::Revoked) {
        Some(_) => Ok(server),
        None => Err(Error::not_found("API key").with_field("key_id")),
    }
}

fn takes_none() -> Error {
    let expected = format!(
        "expected a server whose credential_ref is {CALLERS_OWN}: to one of auth_type oauth_authorization_code you log in \
         (POST /integrations/connections), and others are not asked as their callers"
    );
    Error::invalid("server_id", expected)
}

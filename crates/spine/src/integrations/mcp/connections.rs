//! Handlers of `integrations.connections.*`: a caller's own account at an MCP server.
//!
//! Whoever completes a connection holds the key that began it. So nobody can have another log in for them, and act with
//! the other's account afterwards: the browser that comes back from the authorization server changes nothing by itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portcullis_engines::caught;
use portcullis_engines::integrations::mcp::authentication::{required_reference, unopened};
use portcullis_engines::integrations::mcp::decision::freeze_targets;
use portcullis_engines::upstream_tokens::accounts::{
    ATTEMPT, RANDOM_BYTES, SealedAttempt, SealedTokens, account_grant, begin, is_under_way, next, returned,
    server_of,
};
use portcullis_engines::upstream_tokens::own_secrets::connection_way;
use portcullis_engines::upstream_tokens::{Ask, IssuedToken};
use portcullis_schemas::ids::{KeyId, ServerId};
use portcullis_schemas::integrations::connections::operations::{
    BeginConnection, BegunConnection, CompleteConnection, GetConnection, OwnConnection, RemoveConnection,
};
use portcullis_schemas::integrations::connections::{Connection, StoredConnection};
use portcullis_schemas::integrations::credentials::CredentialAccess;
use portcullis_schemas::integrations::mcp::oauth::AccountGrant;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::wire::McpFailure;
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType};
use portcullis_schemas::logs::ledger::IntentKind;
use portcullis_schemas::operation::Authority;
use portcullis_schemas::runtime::Clock;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::store::Store;
use portcullis_schemas::{Error, ErrorKind, PortError, PortErrorKind, codes};
use serde_json::{Value, json};

use super::{exchange, servers};
use crate::bridges::ControlsBridge;
use crate::scene::Scene;

/// What the client's secret is opened for.
const KIND: IntentKind = IntentKind::ConnectAccount;
/// As long as its caller waits.
const LONGEST: Duration = Duration::MAX;

pub(crate) async fn begin_connection(
    scene: Scene,
    request: BeginConnection,
) -> Result<BegunConnection, Error> {
    let key = scene.principal().key();
    let mut random = [0_u8; RANDOM_BYTES];
    scene.ports().entropy.fill(&mut random)?;
    let server = servers::find(&scene, &mut *scene.read().await?, &request.server_id).await?;
    let begun = begin(&server, key, &random)?;
    let sealed = scene.ports().vault.encrypt(scene.tenant(), &server.server_id, &begun.attempt).await?;
    let now = scene.now();
    let expires_at = now.plus(ATTEMPT);
    let mut work = scene.begin().await?;
    let stored = work.connections().get(scene.tenant(), &server.server_id, key).await?;
    let mut next = next(stored.as_ref(), key, &server, now);
    next.connection.attempt_ends_at = Some(expires_at);
    next.attempt = Some((begun.state_digest, sealed));
    work.connections().put(scene.tenant(), &next).await?;
    let event = about(&scene, AuditEventType::ConnectionBegun, &server.server_id, key, json!({}));
    work.audit_log().append(scene.tenant(), &[event]).await?;
    work.commit().await?;
    Ok(BegunConnection { authorization_url: begun.authorization_url, expires_at })
}

pub(crate) async fn complete_connection(
    scene: Scene,
    request: CompleteConnection,
) -> Result<Connection, Error> {
    let (attempt, code) = consume(&scene, &request).await?;
    let (tenant, server) = (scene.tenant(), &attempt.server);
    let (judged, _, receipt) = exchange::record(&scene, &server.server_id, KIND, LONGEST).await?;
    let asked = AtomicBool::new(false);
    let issued = match account_grant(&judged, &attempt.grant.key) {
        Some(now) if now.binding == attempt.grant.binding => {
            let exchanged = caught(exchanged(&scene, &judged, &attempt, code, &asked)).await;
            exchanged.unwrap_or_else(|| Err(broken(asked.load(Ordering::Relaxed))))
        }
        _ => Err(meanwhile("the server was changed")),
    };
    let failure = issued.as_ref().err().map(|error| {
        // What the egress refuses is not sent.
        let is_judged =
            error.code() == codes::UPSTREAM_TOKEN_UNAVAILABLE && error.kind() == ErrorKind::Denied;
        let may_have_acted = asked.load(Ordering::Relaxed) && !is_judged;
        McpFailure::new(error.code(), error.public(), may_have_acted)
    });
    exchange::settle(&scene, &receipt, server, KIND, failure.as_ref()).await?;
    let tokens = SealedTokens::sealable(&attempt.grant, &issued?, None, scene.now())?;
    let sealed = scene.ports().vault.encrypt(tenant, &server.server_id, &tokens).await?;
    let connection = keep_first(&scene, &attempt, sealed).await?;
    if attempt.ended.tokens.is_some() {
        // What the server showed to the account that was connected before holds no more.
        scene.ports().mcp.forget(tenant, &server.server_id).await;
    }
    Ok(connection)
}

/// Asks the token endpoint for what the code is good for. That it is asked is on record. `server` is the one that may use
/// its credential; `asked` tells whether anything was sent.
async fn exchanged(
    scene: &Scene,
    server: &McpServer,
    attempt: &Attempt,
    code: &Secret,
    asked: &AtomicBool,
) -> Result<IssuedToken, Error> {
    let Attempt { grant, verifier, .. } = attempt;
    let (tenant, vault) = (scene.tenant(), &scene.ports().vault);
    let access = access(scene, server);
    let opened = vault.open(tenant, verifier, &access).await.map_err(unopened)?;
    let verifier = SealedAttempt::verifier(&opened, grant).ok_or_else(no_attempt)?;
    let reference = required_reference(server)?.ok_or_else(no_attempt)?;
    let secret = vault.open(tenant, reference.as_str(), &access).await.map_err(unopened)?;
    let ask = Ask::Code { code, verifier: &verifier };
    // Nothing is sent for a caller who has gone; what is once sent is kept.
    scene.left_to_send(LONGEST).await?;
    asked.store(true, Ordering::Relaxed);
    scene.vault(LONGEST).ask(tenant, &grant.client, &secret, &ask).await.map_err(unopened)
}

pub(crate) async fn get_connection(scene: Scene, request: GetConnection) -> Result<OwnConnection, Error> {
    let mut work = scene.read().await?;
    let server = servers::find(&scene, &mut *work, &request.server_id).await?;
    let key = scene.principal().key();
    let way = connection_way(&server, key);
    let stored = work.connections().get(scene.tenant(), &request.server_id, key).await?;
    let connection = stored.map(|stored| stored.connection);
    let is_connected = connection.as_ref().is_some_and(|connection| connection.is_connected);
    Ok(OwnConnection { is_connected, way, connection })
}

pub(crate) async fn remove_connection(scene: Scene, request: RemoveConnection) -> Result<Connection, Error> {
    let key = of_key(&scene, request.key_id)?;
    let (tenant, server) = (scene.tenant(), &request.server_id);
    let mut work = scene.begin().await?;
    let stored = work.connections().get(tenant, server, &key).await?;
    let mut connection = stored.ok_or_else(|| Error::not_found("connection"))?.connection;
    work.connections().remove(tenant, server, &key).await?;
    let event = about(&scene, AuditEventType::ConnectionRemoved, server, &key, json!({}));
    work.audit_log().append(tenant, &[event]).await?;
    work.commit().await?;
    // It ends what others have under way there too, so that whoever had no account must not bring it about.
    if connection.is_connected {
        scene.ports().mcp.forget(tenant, server).await;
    }
    connection.is_connected = false;
    connection.attempt_ends_at = None;
    connection.updated_at = scene.now();
    Ok(connection)
}

/// Whose connection is changed: the caller's own, or as an admin another's.
///
/// # Errors
/// `authority_denied`.
pub(super) fn of_key(scene: &Scene, named: Option<KeyId>) -> Result<KeyId, Error> {
    let own = scene.principal().key();
    let key = named.unwrap_or_else(|| own.clone());
    if key != *own && !scene.principal().holds(Authority::Admin) {
        let message =
            "your key may change its own connection only: to change another's it needs the scope `admin`";
        return Err(Error::new(ErrorKind::Denied, codes::AUTHORITY_DENIED, message).with_field("key_id"));
    }
    Ok(key)
}

/// Keeps the tokens of an account that were renewed, in place of those that were read. An attempt that was begun meanwhile
/// goes on.
///
/// # Errors
/// `Conflict` when the tokens were changed meanwhile; when the store cannot serve.
pub(crate) async fn keep_renewed(
    store: &dyn Store,
    clock: &dyn Clock,
    read: &StoredConnection,
    sealed: String,
) -> Result<(), PortError> {
    let Connection { tenant_id, server_id, key_id, .. } = &read.connection;
    let mut work = store.begin().await?;
    let stored = work.connections().get(tenant_id, server_id, key_id).await?;
    let Some(mut next) = stored.filter(|stored| stored.tokens == read.tokens) else {
        let detail = "the account was connected anew, or removed, while its tokens were renewed";
        return Err(PortError::new(PortErrorKind::Conflict, codes::STATE_CONFLICT, detail));
    };
    next.tokens = Some(sealed);
    next.connection.version += 1;
    next.connection.updated_at = clock.now();
    work.connections().put(tenant_id, &next).await?;
    work.commit().await
}

/// An attempt that was under way, and is so no more.
struct Attempt {
    server: McpServer,
    grant: AccountGrant,
    /// Sealed.
    verifier: String,
    /// The connection as it was left.
    ended: StoredConnection,
}

/// Ends the attempt of this state before anything is sent, so that it is good once, and gives its code. What came back
/// without one that may be exchanged is on record.
async fn consume<'r>(scene: &Scene, request: &'r CompleteConnection) -> Result<(Attempt, &'r Secret), Error> {
    let (tenant, key, now) = (scene.tenant(), scene.principal().key(), scene.now());
    let id = server_of(&request.state).ok_or_else(no_attempt)?;
    // Read apart: within the unit that writes it would count as a change of the configuration.
    let mut read = scene.read().await?;
    let server = servers::find(scene, &mut *read, &id).await?;
    let frozen = read.kill_switch().first_frozen(tenant, &freeze_targets(scene.ctx(), &id, None)).await?;
    drop(read);
    let grant = account_grant(&server, key).ok_or_else(no_attempt)?;
    let mut work = scene.begin().await?;
    let stored = work.connections().get(tenant, &id, key).await?;
    let stored = stored.filter(|stored| is_under_way(stored, &request.state, now)).ok_or_else(no_attempt)?;
    ControlsBridge::refuse(frozen.as_ref())?;
    let verifier = stored.attempt.as_ref().map(|(_, sealed)| sealed.clone()).ok_or_else(no_attempt)?;
    let mut ended: StoredConnection = next(Some(&stored), key, &server, now);
    ended.attempt = None;
    ended.connection.attempt_ends_at = None;
    work.connections().put(tenant, &ended).await?;
    let returned = returned(&grant.client.oauth, request);
    if let Err(error) = &returned {
        let facts = json!({ "error_code": error.code(), "field": error.field() });
        let event = about(scene, AuditEventType::ConnectionRefused, &id, key, facts);
        work.audit_log().append(tenant, &[event]).await?;
    }
    work.commit().await?;
    Ok((Attempt { server, grant, verifier, ended }, returned?))
}

/// Connects, if all is still as the attempt has left it: while the code was exchanged the connection may have been removed
/// or begun anew, the server changed, or something frozen.
async fn keep_first(scene: &Scene, attempt: &Attempt, sealed: String) -> Result<Connection, Error> {
    let Attempt { server, grant, ended, .. } = attempt;
    let (tenant, id, key) = (scene.tenant(), &server.server_id, &grant.key);
    let mut work = scene.begin().await?;
    let targets = freeze_targets(scene.ctx(), id, None);
    ControlsBridge::refuse(work.kill_switch().first_frozen(tenant, &targets).await?.as_ref())?;
    let now_asked = account_grant(&servers::find(scene, &mut *work, id).await?, key);
    if now_asked.is_none_or(|now_asked| now_asked.binding != grant.binding) {
        return Err(meanwhile("the server was changed"));
    }
    let stored = work.connections().get(tenant, id, key).await?;
    if stored.as_ref() != Some(ended) {
        return Err(meanwhile("the connection was removed or changed"));
    }
    let mut next = next(stored.as_ref(), key, server, scene.now());
    next.tokens = Some(sealed);
    next.connection.is_connected = true;
    work.connections().put(tenant, &next).await?;
    let event = about(scene, AuditEventType::ConnectionMade, id, key, json!({}));
    work.audit_log().append(tenant, &[event]).await?;
    work.commit().await?;
    Ok(next.connection)
}

fn access(scene: &Scene, server: &McpServer) -> CredentialAccess {
    CredentialAccess {
        mcp_server: server.server_id.clone(),
        accessor: scene.principal().actor().to_owned(),
        purpose: KIND.as_str(),
        exchange: None,
    }
}

pub(super) fn about(
    scene: &Scene,
    event: AuditEventType,
    server: &ServerId,
    key: &KeyId,
    facts: Value,
) -> AuditEventDraft {
    scene.event(event, [("key_id", key.as_str()), ("server_id", server.as_str())], facts)
}

fn broken(was_asked: bool) -> Error {
    if !was_asked {
        return exchange::panicked();
    }
    let message = "it broke on our side while the code was exchanged, and may be used up: begin anew";
    Error::new(ErrorKind::Internal, codes::OPERATION_PANICKED, message)
}

fn meanwhile(what: &str) -> Error {
    let message = format!("{what} while the account was connected, so nothing of it was kept: begin anew");
    Error::new(ErrorKind::Conflict, codes::STATE_CONFLICT, message)
}

/// One answer for a state that is unknown, another's, used or too old.
fn no_attempt() -> Error {
    let expected = "expected the state of an attempt that this key began, within 10 minutes and for the first time: begin \
                    anew";
    Error::invalid("state", expected)
}

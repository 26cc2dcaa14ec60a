//! Handlers of `api_keys.keys.*`, and the issuing of keys.

use portcullis_engines::api_keys::tokens::{TokenFault, TokenIdentity, enrolled};
use portcullis_engines::api_keys::{self, key_text, key_text::KeyEnvironment};
use portcullis_schemas::api_keys::operations::{
    CreateApiKey, CreatedApiKey, FreezeApiKey, ListApiKeys, RegisterTokenClient, RevokeApiKey, UnfreezeApiKey,
};
use portcullis_schemas::api_keys::{ApiKey, ApiKeyStatus, StoredApiKey};
use portcullis_schemas::ids::{EventId, KeyId};
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType, EventActor};
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::principal::{ActorType, Principal};
use portcullis_schemas::store::UnitOfWork;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, codes};
use serde_json::{Map, Value, json};

use crate::ports::Ports;
use crate::scene::Scene;
use crate::taken::{or_taken, taken};

pub(crate) async fn create_key(scene: Scene, request: CreateApiKey) -> Result<CreatedApiKey, Error> {
    let id = KeyId::generate(&*scene.ports().ids);
    let key = api_keys::create(request, scene.principal(), id, scene.now())?;
    let (stored, created) = issue(scene.ports(), &scene.options().environment, key)?;
    let mut work = scene.begin().await?;
    work.api_keys().insert(scene.tenant(), &stored).await.map_err(or_taken("API key", "name"))?;
    let facts = created_facts(&stored.key).into();
    let event = scene.event(AuditEventType::ApiKeyCreated, [("key_id", stored.key.key_id.as_str())], facts);
    work.audit_log().append(scene.tenant(), &[event]).await?;
    work.commit().await?;
    Ok(created)
}

pub(crate) async fn register_token_client(
    scene: Scene,
    request: RegisterTokenClient,
) -> Result<ApiKey, Error> {
    let tokens = scene.options().tokens.as_ref();
    let is_trusted =
        |issuer: &str| tokens.is_some_and(|tokens| tokens.issuers.iter().any(|known| known.issuer == issuer));
    let id = KeyId::generate(&*scene.ports().ids);
    let key = api_keys::register_token_client(request, is_trusted, scene.principal(), id, scene.now())?;
    let event = scene.event(
        AuditEventType::ApiKeyCreated,
        [("key_id", key.key_id.as_str())],
        created_facts(&key).into(),
    );
    let stored = StoredApiKey { key, secret_hash: StoredApiKey::NO_SECRET };
    let mut work = scene.begin().await?;
    if let Some(binding) = &stored.key.token
        && let Some(found) = work.api_keys().find_by_token(scene.tenant(), binding).await?
        && found.status != ApiKeyStatus::Revoked
    {
        return Err(taken("token client of this issuer", "subject"));
    }
    work.api_keys().insert(scene.tenant(), &stored).await.map_err(or_taken("API key", "name"))?;
    work.audit_log().append(scene.tenant(), &[event]).await?;
    work.commit().await?;
    Ok(stored.key)
}

pub(crate) async fn list_keys(scene: Scene, request: ListApiKeys) -> Result<Page<ApiKey>, Error> {
    let mut work = scene.read().await?;
    Ok(work.api_keys().list(scene.tenant(), &PageRequest::new(request.limit, request.cursor)).await?)
}

pub(crate) async fn freeze_key(scene: Scene, request: FreezeApiKey) -> Result<ApiKey, Error> {
    change(&scene, &request.key_id, AuditEventType::ApiKeyFrozen, api_keys::may_shut_out, api_keys::freeze)
        .await
}

pub(crate) async fn unfreeze_key(scene: Scene, request: UnfreezeApiKey) -> Result<ApiKey, Error> {
    change(&scene, &request.key_id, AuditEventType::ApiKeyUnfrozen, api_keys::may_change, api_keys::unfreeze)
        .await
}

pub(crate) async fn revoke_key(scene: Scene, request: RevokeApiKey) -> Result<ApiKey, Error> {
    let (id, event) = (&request.key_id, AuditEventType::ApiKeyRevoked);
    let mut work = scene.begin().await?;
    let key = changed(&scene, &mut *work, id, event, api_keys::may_shut_out, api_keys::revoke).await?;
    // What was sealed for it alone is of no use any more.
    work.connections().remove_of_key(scene.tenant(), id).await?;
    work.commit().await?;
    Ok(key)
}

/// Registers the subject of an access token that an operator's rule lets in without an admin. Of several of its tokens at
/// once one does so, and the others find what it made.
///
/// # Errors
/// `unauthenticated` when no key can be made of the token; when the store cannot serve.
pub(crate) async fn enrol(ports: &Ports, identity: &TokenIdentity) -> Result<ApiKey, Error> {
    let now = ports.clock.now();
    let key = enrolled(identity, KeyId::generate(&*ports.ids), now).map_err(TokenFault::to_error)?;
    let event = AuditEventDraft {
        event_id: EventId::generate(&*ports.ids),
        event_type: AuditEventType::ApiKeyCreated,
        occurred_at: now,
        actor: EventActor { name: key.created_by.clone(), key_id: None, actor_type: ActorType::System },
        request_id: None,
        subject: vec![("key_id", key.key_id.to_string())],
        facts: created_facts(&key),
    };
    let stored = StoredApiKey { key, secret_hash: StoredApiKey::NO_SECRET };
    let mut work = ports.store.begin().await?;
    match work.api_keys().insert(&identity.tenant, &stored).await {
        Ok(()) => {
            work.audit_log().append(&identity.tenant, &[event]).await?;
            work.commit().await?;
            return Ok(stored.key);
        }
        Err(error) if error.code() == codes::ALREADY_EXISTS => drop(work),
        Err(error) => return Err(error.into()),
    }
    let mut work = ports.store.read().await?;
    let found = work.api_keys().find_by_token(&identity.tenant, &identity.binding).await?;
    found.ok_or_else(|| TokenFault::Client.to_error())
}

/// What the trail says of a new key.
fn created_facts(key: &ApiKey) -> Map<String, Value> {
    let mut facts = Map::new();
    facts.insert("name".to_owned(), json!(key.name));
    facts.insert("scopes".to_owned(), json!(key.scopes));
    facts.insert("expires_at".to_owned(), json!(key.expires_at));
    facts.extend(key.token.iter().map(|token| ("token".to_owned(), json!(token))));
    facts
}

/// Gives a key its secret: the text to show once, and the row that holds a keyed hash only.
///
/// # Errors
/// When there is no randomness.
pub(crate) fn issue(
    ports: &Ports,
    environment: &KeyEnvironment,
    key: ApiKey,
) -> Result<(StoredApiKey, CreatedApiKey), Error> {
    let mut random = [0_u8; 32];
    ports.entropy.fill(&mut random)?;
    let issued = key_text::issue(environment, &key.key_id, &random);
    let secret_hash = ports.hasher.api_key_hash(&key.key_id, issued.secret.expose().as_bytes());
    let created = CreatedApiKey { key: key.clone(), secret: issued.text };
    Ok((StoredApiKey { key, secret_hash }, created))
}

async fn change(
    scene: &Scene,
    id: &KeyId,
    event_type: AuditEventType,
    allowed: fn(&Principal, &ApiKey) -> Result<(), Error>,
    step: fn(ApiKey, Timestamp) -> Result<ApiKey, Error>,
) -> Result<ApiKey, Error> {
    let mut work = scene.begin().await?;
    let key = changed(scene, &mut *work, id, event_type, allowed, step).await?;
    work.commit().await?;
    Ok(key)
}

/// A step of a key's life, with its event; not committed yet.
async fn changed(
    scene: &Scene,
    work: &mut dyn UnitOfWork,
    id: &KeyId,
    event_type: AuditEventType,
    allowed: fn(&Principal, &ApiKey) -> Result<(), Error>,
    step: fn(ApiKey, Timestamp) -> Result<ApiKey, Error>,
) -> Result<ApiKey, Error> {
    let found = work.api_keys().get(scene.tenant(), id).await?;
    let found = found.ok_or_else(|| Error::not_found("API key"))?;
    allowed(scene.principal(), &found)?;
    let key = step(found, scene.now())?;
    work.api_keys().update(scene.tenant(), &key).await?;
    let event = scene.event(event_type, [("key_id", id.as_str())], json!({ "name": key.name }));
    work.audit_log().append(scene.tenant(), &[event]).await?;
    Ok(key)
}

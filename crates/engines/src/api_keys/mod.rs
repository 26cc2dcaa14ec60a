//! API keys: who may grant what, the life of a key, and the decision whether a presented key is whose it says.

use portcullis_schemas::api_keys::operations::{CreateApiKey, RegisterTokenClient};
use portcullis_schemas::api_keys::tokens::TokenBinding;
use portcullis_schemas::api_keys::{ApiKey, ApiKeyStatus, StoredApiKey};
use portcullis_schemas::ids::{KeyId, TenantId};
use portcullis_schemas::operation::Authority;
use portcullis_schemas::principal::{ActorType, Principal, Scope};
use portcullis_schemas::text::Name;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, ErrorKind, codes};
use subtle::ConstantTimeEq;

pub mod key_text;
pub mod tokens;

/// Who creates the first key of a tenant, and those that the operator's rules make.
const SYSTEM: &str = "portcullis";

/// A new key of the creator's tenant. Nobody grants more than they hold: an admin grants `invoke`, `read` and
/// `admin`, only an operator grants `operator`.
///
/// # Errors
/// `invalid_field` for `scopes`, `actor_type` or `expires_at`; `authority_denied` for a scope that is not held.
pub fn create(
    request: CreateApiKey,
    creator: &Principal,
    id: KeyId,
    now: Timestamp,
) -> Result<ApiKey, Error> {
    let scopes = grantable(request.scopes, creator)?;
    if request.actor_type == Some(ActorType::System) {
        return Err(Error::invalid("actor_type", "expected human or machine: system is Portcullis itself"));
    }
    if request.expires_at.is_some_and(|expires_at| expires_at <= now) {
        return Err(Error::invalid(
            "expires_at",
            "expected a time in the future, or none for a key without end",
        ));
    }
    Ok(ApiKey {
        key_id: id,
        tenant_id: creator.tenant().clone(),
        name: request.name,
        actor_type: request.actor_type.unwrap_or(ActorType::Machine),
        scopes,
        status: ApiKeyStatus::Active,
        expires_at: request.expires_at,
        created_at: now,
        updated_at: now,
        created_by: creator.actor().to_owned(),
        token: None,
    })
}

/// A new token client of the creator's tenant, by the rules of [`create`]. `is_trusted` says whether the operator has
/// configured an issuer.
///
/// # Errors
/// As [`create`]; `invalid_field` for `issuer`.
pub fn register_token_client(
    request: RegisterTokenClient,
    is_trusted: impl Fn(&str) -> bool,
    creator: &Principal,
    id: KeyId,
    now: Timestamp,
) -> Result<ApiKey, Error> {
    let RegisterTokenClient { name, actor_type, scopes, expires_at, issuer, subject } = request;
    if !is_trusted(issuer.as_str()) {
        let expected =
            "expected an issuer that the operator has configured, sign by sign as its tokens name it";
        return Err(Error::invalid("issuer", expected));
    }
    if scopes.contains(&Scope::Operator) {
        return Err(Error::invalid(
            "scopes",
            "expected invoke, read, admin: tenants are managed with an API key",
        ));
    }
    let key = create(CreateApiKey { name, actor_type, scopes, expires_at }, creator, id, now)?;
    Ok(ApiKey { token: Some(TokenBinding { issuer, subject }), ..key })
}

/// The first key of a tenant, which nobody of the tenant can have created.
pub fn first_admin_key(tenant: &TenantId, name: Name, scopes: &[Scope], id: KeyId, now: Timestamp) -> ApiKey {
    ApiKey {
        key_id: id,
        tenant_id: tenant.clone(),
        name,
        actor_type: ActorType::Human,
        scopes: scopes.to_vec(),
        status: ApiKeyStatus::Active,
        expires_at: None,
        created_at: now,
        updated_at: now,
        created_by: SYSTEM.to_owned(),
        token: None,
    }
}

/// Whether a caller may freeze, release or revoke a key: only one that holds all that the key holds, so that an
/// admin does not end the operator's access, nor release a key above its own.
///
/// # Errors
/// `authority_denied`.
pub fn may_change(caller: &Principal, key: &ApiKey) -> Result<(), Error> {
    match key.scopes.iter().find(|scope| !may_grant(caller, **scope)) {
        None => Ok(()),
        Some(scope) => {
            let public = format!("your key does not hold `{scope}`: use one that does, as this key does");
            Err(Error::new(ErrorKind::Denied, codes::AUTHORITY_DENIED, public).with_field("key_id"))
        }
    }
}

/// Whether a caller may freeze or revoke a key: none does so to itself. So there is always a key left that can
/// make others; a tenant without one could not be entered again.
///
/// # Errors
/// As [`may_change`], and `state_conflict` for the caller's own key.
pub fn may_shut_out(caller: &Principal, key: &ApiKey) -> Result<(), Error> {
    if *caller.key() == key.key_id {
        let public =
            "this is the key that you call with: use another key of your tenant, or create one first";
        return Err(conflict(public).with_field("key_id"));
    }
    may_change(caller, key)
}

/// The key, refused until it is released.
///
/// # Errors
/// `state_conflict` when it is frozen or revoked.
pub fn freeze(key: ApiKey, now: Timestamp) -> Result<ApiKey, Error> {
    match key.status {
        ApiKeyStatus::Active => Ok(with_status(key, ApiKeyStatus::Frozen, now)),
        ApiKeyStatus::Frozen => Err(conflict("the key is frozen already")),
        _ => Err(conflict(REVOKED)),
    }
}

/// The key, released.
///
/// # Errors
/// `state_conflict` when it is not frozen.
pub fn unfreeze(key: ApiKey, now: Timestamp) -> Result<ApiKey, Error> {
    match key.status {
        ApiKeyStatus::Frozen => Ok(with_status(key, ApiKeyStatus::Active, now)),
        ApiKeyStatus::Active => Err(conflict("the key is not frozen")),
        _ => Err(conflict(REVOKED)),
    }
}

/// The key, refused for ever.
///
/// # Errors
/// `state_conflict` when it is revoked.
pub fn revoke(key: ApiKey, now: Timestamp) -> Result<ApiKey, Error> {
    match key.status {
        ApiKeyStatus::Active | ApiKeyStatus::Frozen => Ok(with_status(key, ApiKeyStatus::Revoked, now)),
        _ => Err(conflict(REVOKED)),
    }
}

/// Whom a presented key stands for. The hash is compared in constant time, and before anything else, so that only
/// who holds the secret learns by any means what state the key is in.
///
/// # Errors
/// [`unauthenticated`], the same for every cause.
pub fn authenticate(
    stored: &StoredApiKey,
    presented_hash: &[u8; 32],
    now: Timestamp,
) -> Result<Principal, Error> {
    let key = &stored.key;
    if key.token.is_some() {
        return Err(unauthenticated("a token client has no secret"));
    }
    if !bool::from(stored.secret_hash.ct_eq(presented_hash)) {
        return Err(unauthenticated("the secret's hash differs"));
    }
    if !may_call(key, now) {
        return Err(unauthenticated("the key is frozen or revoked, or has expired"));
    }
    let scopes = key.scopes.iter().copied();
    Ok(Principal::verified(
        key.tenant_id.clone(),
        key.key_id.clone(),
        key.name.as_str(),
        key.actor_type,
        scopes,
    ))
}

/// Whether a key that was presented rightly may be used now.
pub fn may_call(key: &ApiKey, now: Timestamp) -> bool {
    key.status == ApiKeyStatus::Active && key.expires_at.is_none_or(|expires_at| expires_at > now)
}

/// The one answer to a missing, malformed, unknown, wrong, frozen, expired or revoked key. `why` goes to the log.
pub fn unauthenticated(why: &'static str) -> Error {
    let public =
        "expected a valid API key as a bearer token: check the key, or ask an admin of your tenant for one";
    Error::new(ErrorKind::Unauthenticated, codes::UNAUTHENTICATED, public).with_internal(why)
}

const REVOKED: &str = "the key is revoked for ever: create a new one";

/// The scopes in their order, if they are one or more, each once, and held by the creator.
fn grantable(mut scopes: Vec<Scope>, creator: &Principal) -> Result<Vec<Scope>, Error> {
    scopes.sort_unstable();
    if scopes.is_empty() {
        return Err(Error::invalid("scopes", "expected one or more of invoke, read, admin"));
    }
    if scopes.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::invalid("scopes", "expected every scope once"));
    }
    match scopes.iter().find(|scope| !may_grant(creator, **scope)) {
        None => Ok(scopes),
        Some(scope) => {
            let public = format!("your key does not hold `{scope}`, and nobody grants more than they hold");
            Err(Error::new(ErrorKind::Denied, codes::AUTHORITY_DENIED, public).with_field("scopes"))
        }
    }
}

fn may_grant(creator: &Principal, scope: Scope) -> bool {
    match scope {
        Scope::Invoke => creator.holds(Authority::Invoke),
        Scope::Read => creator.holds(Authority::Read),
        Scope::Admin => creator.holds(Authority::Admin),
        Scope::Operator => creator.holds(Authority::Operator),
        _ => false,
    }
}

fn with_status(key: ApiKey, status: ApiKeyStatus, now: Timestamp) -> ApiKey {
    ApiKey { status, updated_at: now, ..key }
}

fn conflict(public: &str) -> Error {
    Error::new(ErrorKind::Conflict, codes::STATE_CONFLICT, public)
}

#[cfg(test)]
mod tests;

//! From a subject to a principal: the key that the tenant has for it.
//!
//! A token client is a key like others, but that a token proves it and no secret. So the kill switch, the grants of
//! toolsets, revocation and the trail hold for it as they are.

use portcullis_schemas::api_keys::tokens::TokenBinding;
use portcullis_schemas::api_keys::{ApiKey, ApiKeyStatus};
use portcullis_schemas::ids::KeyId;
use portcullis_schemas::principal::Principal;
use portcullis_schemas::text::Name;
use portcullis_schemas::timestamp::Timestamp;

use super::super::{SYSTEM, may_call};
use super::{TokenFault, TokenIdentity};

/// The principal of a subject, by the key that the tenant has for it. It may do what both the token and the key hold.
///
/// # Errors
/// `Client`, when there is no such key, or it is frozen, revoked or expired.
pub fn admit(
    identity: &TokenIdentity,
    key: Option<&ApiKey>,
    now: Timestamp,
) -> Result<Principal, TokenFault> {
    let key =
        key.filter(|key| key.tenant_id == identity.tenant && key.token.as_ref() == Some(&identity.binding));
    let key = key.filter(|key| may_call(key, now)).ok_or(TokenFault::Client)?;
    let scopes = key.scopes.iter().copied().filter(|scope| identity.scopes.contains(scope));
    Ok(Principal::verified(
        key.tenant_id.clone(),
        key.key_id.clone(),
        key.name.as_str(),
        key.actor_type,
        scopes,
    ))
}

/// The key of a subject that the operator's rule lets in without an admin. It has the scopes of this first token.
///
/// # Errors
/// `Client`, when the token has no scopes, or no name can be made of the subject.
pub fn enrolled(identity: &TokenIdentity, id: KeyId, now: Timestamp) -> Result<ApiKey, TokenFault> {
    if identity.scopes.is_empty() {
        return Err(TokenFault::Client);
    }
    Ok(ApiKey {
        name: name_of(&identity.binding, &id).ok_or(TokenFault::Client)?,
        key_id: id,
        tenant_id: identity.tenant.clone(),
        actor_type: identity.actor_type,
        scopes: identity.scopes.iter().copied().collect(),
        status: ApiKeyStatus::Active,
        expires_at: None,
        created_at: now,
        updated_at: now,
        created_by: SYSTEM.to_owned(),
        token: Some(identity.binding.clone()),
    })
}

/// The start of the subject, and the end of the key's id: names are unique, and subjects of two issuers may be alike.
fn name_of(binding: &TokenBinding, id: &KeyId) -> Option<Name> {
    let start: String = binding.subject.as_str().chars().take(100).collect();
    let end = id.as_str().get(id.as_str().len().checked_sub(6)?..)?;
    Name::new(format!("{start} ({end})")).ok()
}

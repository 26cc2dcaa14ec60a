//! The suite of [`ApiKeyStore`](portcullis_schemas::api_keys::ports::ApiKeyStore).

use portcullis_schemas::api_keys::tokens::{TokenBinding, TokenSubject};
use portcullis_schemas::api_keys::{ApiKey, ApiKeyStatus, StoredApiKey};
use portcullis_schemas::codes;
use portcullis_schemas::ids::{KeyId, TenantId};
use portcullis_schemas::principal::{ActorType, Scope};
use portcullis_schemas::store::Store;
use portcullis_schemas::text::UrlText;

use super::steps::{IDS, conflict, reading, two_tenants};
use crate::fixtures::{self, time};

/// Keys are kept with their hash, found for authentication in every state, unique by name until revoked, and seen by
/// their tenant only.
pub async fn api_key_store(store: &dyn Store) {
    isolates_tenants(store).await;
    keeps_and_updates(store).await;
    names_are_unique_until_revoked(store).await;
    subjects_are_unique_until_revoked(store).await;
    pages(store).await;
}

async fn keeps_and_updates(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let mut stored = fixtures::api_key(&IDS, &tenant, "kept", 0);
    stored.key.scopes = vec![Scope::Invoke, Scope::Read];
    stored.key.actor_type = ActorType::Human;
    stored.key.expires_at = Some(time(500));
    insert(store, &stored).await;
    let id = &stored.key.key_id.clone();
    assert_eq!(get(store, &tenant, id).await.as_ref(), Some(&stored.key), "a key is kept whole");
    expect_authentication(store, &stored).await;
    for (seconds, status) in
        [(1, ApiKeyStatus::Frozen), (2, ApiKeyStatus::Active), (3, ApiKeyStatus::Revoked)]
    {
        let changed = ApiKey { status, updated_at: time(seconds), ..stored.key.clone() };
        committed!(store, "changing a key", unit => unit.api_keys().update(&tenant, &changed));
        stored.key = changed;
        assert_eq!(get(store, &tenant, id).await.as_ref(), Some(&stored.key), "{status} is kept");
        expect_authentication(store, &stored).await;
    }
    let absent = KeyId::generate(&IDS);
    assert_eq!(get(store, &tenant, &absent).await, None, "an absent key is none");
    let found = seen!(store, "authenticating", unit => unit.api_keys().find_for_authentication(&absent));
    assert!(found.is_none(), "and authenticates nobody");
}

async fn expect_authentication(store: &dyn Store, stored: &StoredApiKey) {
    let found =
        seen!(store, "authenticating", unit => unit.api_keys().find_for_authentication(&stored.key.key_id));
    let found = found.map(|found| (found.key, found.secret_hash));
    assert_eq!(
        found,
        Some((stored.key.clone(), stored.secret_hash)),
        "a key is found with its hash, whatever its state"
    );
}

async fn names_are_unique_until_revoked(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let first = fixtures::api_key(&IDS, &tenant, "unique", 0);
    insert(store, &first).await;
    let twin = fixtures::api_key(&IDS, &tenant, "unique", 1);
    for status in [ApiKeyStatus::Active, ApiKeyStatus::Frozen] {
        let changed = ApiKey { status, ..first.key.clone() };
        committed!(store, "changing a key", unit => unit.api_keys().update(&tenant, &changed));
        let result = attempted!(store, unit => unit.api_keys().insert(&tenant, &twin));
        conflict("a second key of the same name", result, codes::ALREADY_EXISTS);
    }
    let revoked = ApiKey { status: ApiKeyStatus::Revoked, ..first.key };
    committed!(store, "revoking a key", unit => unit.api_keys().update(&tenant, &revoked));
    insert(store, &twin).await;
    assert_eq!(
        get(store, &tenant, &twin.key.key_id).await,
        Some(twin.key),
        "the name of a revoked key is free"
    );
}

async fn subjects_are_unique_until_revoked(store: &dyn Store) {
    let (tenant, other) = two_tenants(store).await;
    let first = token_client(&tenant, "first", "https://id.example", "alice", 0);
    let binding = first.key.token.clone().expect("a token client has a binding");
    assert_eq!(by_token(store, &tenant, &binding).await, None, "a stranger is nobody");
    insert(store, &first).await;
    insert(store, &token_client(&tenant, "of another issuer", "https://else.example", "alice", 1)).await;
    insert(store, &token_client(&tenant, "another", "https://id.example", "Alice", 2)).await;
    insert(store, &fixtures::api_key(&IDS, &tenant, "no token client", 3)).await;
    assert_eq!(get(store, &tenant, &first.key.key_id).await.as_ref(), Some(&first.key), "it is kept whole");
    assert_eq!(
        by_token(store, &tenant, &binding).await.as_ref(),
        Some(&first.key),
        "issuer and subject decide"
    );
    assert_eq!(by_token(store, &other, &binding).await, None, "a foreign client answers as an absent one");
    let twin = token_client(&tenant, "twin", "https://id.example", "alice", 4);
    let result = attempted!(store, unit => unit.api_keys().insert(&tenant, &twin));
    conflict("a second client of the same subject", result, codes::ALREADY_EXISTS);
    let revoked = ApiKey { status: ApiKeyStatus::Revoked, ..first.key };
    committed!(store, "revoking a client", unit => unit.api_keys().update(&tenant, &revoked));
    assert_eq!(by_token(store, &tenant, &binding).await.as_ref(), Some(&revoked), "who was revoked is known");
    insert(store, &twin).await;
    assert_eq!(by_token(store, &tenant, &binding).await, Some(twin.key), "who is not revoked comes first");
}

fn token_client(tenant: &TenantId, name: &str, issuer: &str, subject: &str, seconds: i64) -> StoredApiKey {
    let mut stored = fixtures::api_key(&IDS, tenant, name, seconds);
    let issuer = UrlText::new(issuer).expect("an issuer");
    stored.key.token = Some(TokenBinding { issuer, subject: TokenSubject::new(subject).expect("a subject") });
    stored.secret_hash = StoredApiKey::NO_SECRET;
    stored
}

async fn by_token(store: &dyn Store, tenant: &TenantId, binding: &TokenBinding) -> Option<ApiKey> {
    seen!(store, "finding a client", unit => unit.api_keys().find_by_token(tenant, binding))
}

async fn pages(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let mut newest_first = Vec::new();
    for n in 0..5_i64 {
        let stored = fixtures::api_key(&IDS, &tenant, &format!("paged-{n}"), n);
        insert(store, &stored).await;
        newest_first.insert(0, stored.key);
    }
    let mut unit = reading(store).await;
    let listed = walked!(2, request => unit.api_keys().list(&tenant, &request));
    assert_eq!(listed, newest_first, "keys newest first, each once");
}

async fn isolates_tenants(store: &dyn Store) {
    let (tenant, other) = two_tenants(store).await;
    let stored = fixtures::api_key(&IDS, &tenant, "walled", 0);
    insert(store, &stored).await;
    assert_eq!(get(store, &other, &stored.key.key_id).await, None, "a foreign key answers as an absent one");
    let frozen = ApiKey { tenant_id: other.clone(), status: ApiKeyStatus::Frozen, ..stored.key.clone() };
    let _refused_or_nothing = attempted!(store, unit => unit.api_keys().update(&other, &frozen));
    assert_eq!(
        get(store, &tenant, &stored.key.key_id).await.as_ref(),
        Some(&stored.key),
        "a foreign write changes nothing"
    );
    insert(store, &fixtures::api_key(&IDS, &other, "walled", 0)).await;
    let mut unit = reading(store).await;
    let listed = walked!(2, request => unit.api_keys().list(&other, &request));
    assert!(
        listed.iter().all(|key| key.tenant_id == other) && listed.len() == 1,
        "a list holds own keys only"
    );
}

async fn insert(store: &dyn Store, stored: &StoredApiKey) {
    committed!(store, "adding a key", unit => unit.api_keys().insert(&stored.key.tenant_id, stored));
}

async fn get(store: &dyn Store, tenant: &TenantId, id: &KeyId) -> Option<ApiKey> {
    seen!(store, "reading a key", unit => unit.api_keys().get(tenant, id))
}

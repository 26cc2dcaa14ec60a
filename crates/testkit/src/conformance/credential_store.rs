//! The suite of [`CredentialStore`](portcullis_schemas::integrations::credentials::ports::CredentialStore) and
//! [`SealedSecretStore`].

use portcullis_schemas::codes;
use portcullis_schemas::ids::{CredentialId, ServerId, TenantId};
use portcullis_schemas::integrations::credentials::ports::SealedSecretStore;
use portcullis_schemas::integrations::credentials::{
    CredentialGrant, CredentialMetadata, CredentialType, SealedSecret,
};
use portcullis_schemas::store::Store;
use portcullis_schemas::text::Description;

use super::steps::{IDS, conflict, done, reading, two_tenants};
use crate::fixtures::{self, time, valid};

/// Credentials are kept with their grants, rotated, destroyed on deletion, unique by name, and seen by their tenant
/// only; the vault reads what is committed.
pub async fn credential_store(store: &dyn Store, sealed: &dyn SealedSecretStore) {
    let (tenant, other) = two_tenants(store).await;
    isolates_tenants(store, sealed, &tenant, &other).await;
    keeps_and_rotates(store, sealed, &tenant).await;
    delete_destroys_the_secret(store, sealed, &tenant).await;
    names_are_unique_while_live(store, &tenant).await;
    pages(store).await;
}

async fn keeps_and_rotates(store: &dyn Store, secrets: &dyn SealedSecretStore, tenant: &TenantId) {
    let grants =
        [ServerId::generate(&IDS), ServerId::generate(&IDS)].map(|mcp_server| CredentialGrant { mcp_server });
    let credential = CredentialMetadata {
        description: Some(valid(Description::new("for the invoices"))),
        credential_type: CredentialType::Basic,
        grants: grants.to_vec(),
        ..fixtures::credential(&IDS, tenant, "kept", 0)
    };
    let first = fixtures::sealed(&[0, 255, 7, 10], 1);
    insert(store, &credential, &first).await;
    assert_eq!(
        get(store, tenant, &credential).await.as_ref(),
        Some(&credential),
        "a credential is kept whole"
    );
    assert_eq!(secret(secrets, tenant, &credential).await, Some(first.clone()), "and so is its envelope");

    let regranted =
        CredentialMetadata { grants: grants[1..].to_vec(), updated_at: time(1), ..credential.clone() };
    committed!(store, "replacing grants", unit => unit.credentials().update(tenant, &regranted, None));
    assert_eq!(get(store, tenant, &credential).await.as_ref(), Some(&regranted), "grants are replaced");
    assert_eq!(secret(secrets, tenant, &credential).await, Some(first), "the secret is left alone");

    let rotated =
        CredentialMetadata { secret_version: 2, updated_at: time(2), grants: Vec::new(), ..regranted };
    let second = fixtures::sealed(b"second", 2);
    committed!(store, "rotating", unit => unit.credentials().update(tenant, &rotated, Some(&second)));
    assert_eq!(get(store, tenant, &credential).await, Some(rotated), "all grants can be taken away");
    assert_eq!(secret(secrets, tenant, &credential).await, Some(second), "the new secret is in place");
    let absent = fixtures::credential(&IDS, tenant, "absent", 0);
    assert_eq!(get(store, tenant, &absent).await, None, "an absent credential is none");
    assert_eq!(secret(secrets, tenant, &absent).await, None, "and has no secret");
}

async fn delete_destroys_the_secret(store: &dyn Store, secrets: &dyn SealedSecretStore, tenant: &TenantId) {
    let credential = fixtures::credential(&IDS, tenant, "deleted", 0);
    insert(store, &credential, &fixtures::sealed(b"gone", 1)).await;
    let deleted = CredentialMetadata { deleted_at: Some(time(3)), updated_at: time(3), ..credential.clone() };
    committed!(store, "deleting a credential", unit => unit.credentials().delete(tenant, &deleted));
    assert_eq!(get(store, tenant, &credential).await, None, "a deleted credential answers as an absent one");
    assert_eq!(secret(secrets, tenant, &credential).await, None, "its secret is gone");
    let heir = fixtures::credential(&IDS, tenant, "deleted", 4);
    insert(store, &heir, &fixtures::sealed(b"heir", 1)).await;
    assert_eq!(get(store, tenant, &heir).await, Some(heir), "its name is free");
}

async fn names_are_unique_while_live(store: &dyn Store, tenant: &TenantId) {
    let envelope = fixtures::sealed(b"unique", 1);
    insert(store, &fixtures::credential(&IDS, tenant, "unique", 0), &envelope).await;
    let twin = fixtures::credential(&IDS, tenant, "unique", 1);
    let result = attempted!(store, unit => unit.credentials().insert(tenant, &twin, &envelope));
    conflict("a second credential of the same name", result, codes::ALREADY_EXISTS);
}

async fn isolates_tenants(
    store: &dyn Store,
    secrets: &dyn SealedSecretStore,
    tenant: &TenantId,
    other: &TenantId,
) {
    let credential = fixtures::credential(&IDS, tenant, "walled", 0);
    let envelope = fixtures::sealed(b"walled", 1);
    insert(store, &credential, &envelope).await;
    assert_eq!(get(store, other, &credential).await, None, "a foreign credential answers as an absent one");
    assert_eq!(secret(secrets, other, &credential).await, None, "and has no secret");
    let stolen = CredentialMetadata { tenant_id: other.clone(), secret_version: 9, ..credential.clone() };
    let theirs = fixtures::sealed(b"theirs", 9);
    let _refused_or_nothing =
        attempted!(store, unit => unit.credentials().update(other, &stolen, Some(&theirs)));
    let _refused_or_nothing = attempted!(store, unit => unit.credentials().delete(other, &stolen));
    assert_eq!(
        get(store, tenant, &credential).await,
        Some(credential.clone()),
        "a foreign write changes nothing"
    );
    assert_eq!(secret(secrets, tenant, &credential).await, Some(envelope.clone()), "nor the secret");
    insert(store, &fixtures::credential(&IDS, other, "walled", 0), &envelope).await;
    let mut unit = reading(store).await;
    let listed = walked!(2, request => unit.credentials().list(other, &request));
    assert_eq!(listed.len(), 1, "a list holds own credentials only");
}

async fn pages(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let mut expected = Vec::new();
    for n in 0..5_i64 {
        let mut credential = fixtures::credential(&IDS, &tenant, &format!("paged-{n}"), n);
        // The grammar of ids is wider than that of cursors.
        let dotted = format!("vendor.key.{}", credential.credential_id).parse();
        credential.credential_id =
            dotted.unwrap_or_else(|error| panic!("a fixture's id is not valid: {error}"));
        credential.reference = format!("cus-vault://{tenant}/{}", credential.credential_id);
        insert(store, &credential, &fixtures::sealed(b"paged", 1)).await;
        expected.insert(0, credential);
    }
    let mut gone = expected.remove(2);
    gone.deleted_at = Some(time(9));
    committed!(store, "deleting a credential", unit => unit.credentials().delete(&tenant, &gone));
    let mut unit = reading(store).await;
    let listed = walked!(1, request => unit.credentials().list(&tenant, &request));
    assert_eq!(listed, expected, "credentials newest first, each once, deleted ones left out");
}

async fn insert(store: &dyn Store, credential: &CredentialMetadata, envelope: &SealedSecret) {
    let tenant = &credential.tenant_id;
    committed!(store, "adding a credential", unit => unit.credentials().insert(tenant, credential, envelope));
}

async fn get(
    store: &dyn Store,
    tenant: &TenantId,
    credential: &CredentialMetadata,
) -> Option<CredentialMetadata> {
    let id: &CredentialId = &credential.credential_id;
    seen!(store, "reading a credential", unit => unit.credentials().get(tenant, id))
}

async fn secret(
    secrets: &dyn SealedSecretStore,
    tenant: &TenantId,
    credential: &CredentialMetadata,
) -> Option<SealedSecret> {
    done("reading a sealed secret", secrets.sealed(tenant, &credential.credential_id).await)
}

//! The suite of [`CredentialVault`], for a tenant's scope.

use portcullis_schemas::ids::{CredentialId, ServerId, TenantId};
use portcullis_schemas::integrations::credentials::ports::{CredentialVault, ReferenceTarget};
use portcullis_schemas::integrations::credentials::{CredentialAccess, CredentialGrant, SealedSecret};
use portcullis_schemas::secret::Secret;
use portcullis_schemas::{PortErrorKind, codes};

use super::steps::{IDS, done, refused};
use crate::fixtures::tenant;
use crate::memory::MemorySealedSecrets;

const SECRET: &str = "sk_live_a-marker-to-look-for";

/// References that no tenant may use, `t_0001` neither.
const MALFORMED: &[&str] = &[
    "",
    " ",
    "/",
    "sk_live_51H8abcdefghijklmnop",
    "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x",
    "vault://secret/data/x",
    "VAULT://secret/data/x",
    "hashicorp-vault://t_0001/x",
    "file:///run/secrets/x",
    "env://HOME",
    "env://GW_SECRET_SMTP",
    "http://169.254.169.254/",
    "cus-vault:/t_0001/x",
    "cus-vault:t_0001/x",
    " cus-vault://t_0001/x",
    "cus-vault://t_0001/x ",
    "cus-vault://t_0001/x\r\nX-Evil: 1",
    "cus-vault://t_0001/x\0",
    "Cus-Vault://t_0001/x",
    "cus-vault://T_0001/x",
    "cus-vault://",
    "cus-vault://t_0001",
    "cus-vault://t_0001/",
    "cus-vault:///x",
    "cus-vault://t_/x",
    "cus-vault://*/x",
    "cus-vault://t_0002@t_0001/x",
    "cus-vault://t_0001:443/x",
    "cus-vault://t_0001/../t_0002/x",
    "cus-vault://t_0001/..",
    "cus-vault://t_0001/.hidden",
    "cus-vault://t_0001/a..b",
    "cus-vault://t_0001//x",
    "cus-vault://t_0001/x/y",
    "cus-vault://t_0001/x?version=1",
    "cus-vault://t_0001/x#y",
    "cus-vault://t_0001/x;y",
    "cus-vault://t_0001/x%00",
    "encrypted://",
    "encrypted://!!!",
    "Encrypted://AQAA",
];

/// What is sealed opens in its place and nowhere else, references keep their grammar and their tenant, and nobody may
/// use what is not granted. The vault must read its sealed secrets from `sealed`.
pub async fn credential_vault(vault: &dyn CredentialVault, sealed: &MemorySealedSecrets) {
    references_keep_their_grammar(vault);
    grants_are_explicit(vault);
    sealed_secrets_open_in_their_place(vault, sealed).await;
    altered_secrets_do_not_open(vault, sealed).await;
    encrypted_references_are_bound(vault).await;
}

fn references_keep_their_grammar(vault: &dyn CredentialVault) {
    let own = tenant(1);
    let longest = "x".repeat(128);
    for id in ["stripe-live", "01JABCDEF0123456789ABCDEFG", "a.b_c", longest.as_str()] {
        let target = vault.check_reference(&own, &format!("cus-vault://{own}/{id}"));
        let expected = id.parse().map(ReferenceTarget::Vault);
        assert_eq!(done("an own reference", target), expected.unwrap_or_else(|error| panic!("{error}")));
    }
    let foreign = tenant(2);
    let too_long = format!("cus-vault://{own}/{}", "x".repeat(129));
    let foreign = format!("cus-vault://{foreign}/stripe-live");
    for reference in MALFORMED.iter().copied().chain([too_long.as_str(), foreign.as_str()]) {
        let error = refused(&format!("the reference {reference:?}"), vault.check_reference(&own, reference));
        let found = (error.kind(), error.code());
        assert_eq!(found, (PortErrorKind::Invalid, codes::CREDENTIAL_REFERENCE), "refusing {reference:?}");
        let echoes = reference.len() > 14 && error.detail().contains(reference);
        assert!(!echoes, "a refused reference is not echoed");
    }
}

fn grants_are_explicit(vault: &dyn CredentialVault) {
    let own = tenant(1);
    let (granted, stranger) = (ServerId::generate(&IDS), ServerId::generate(&IDS));
    let target = ReferenceTarget::Vault(CredentialId::generate(&IDS));
    let grants = [CredentialGrant { mcp_server: granted.clone() }];
    assert!(!vault.may_use(&own, &target, &[], &access(&granted)), "without a grant nobody may use it");
    assert!(vault.may_use(&own, &target, &grants, &access(&granted)), "who is granted may");
    assert!(!vault.may_use(&own, &target, &grants, &access(&stranger)), "and nobody else");
    let environment = ReferenceTarget::Environment;
    assert!(
        !vault.may_use(&own, &environment, &grants, &access(&granted)),
        "a tenant never reads the environment"
    );
}

async fn sealed_secrets_open_in_their_place(vault: &dyn CredentialVault, sealed: &MemorySealedSecrets) {
    let (own, other) = (tenant(1), tenant(2));
    let id = CredentialId::generate(&IDS);
    let access = access(&ServerId::generate(&IDS));
    let reference = |tenant: &TenantId, id: &CredentialId| format!("cus-vault://{tenant}/{id}");
    expect_unopened(vault, &own, &reference(&own, &id), &access, "an absent credential").await;
    let envelope = seal(vault, &own, &id, 1).await;
    sealed.put(&own, &id, envelope.clone());
    let opened = done("opening", vault.open(&own, &reference(&own, &id), &access).await);
    assert_eq!(opened.expose(), SECRET, "a secret comes back unchanged");
    let foreign = vault.open(&other, &reference(&own, &id), &access).await.map(|_| ());
    refused("opening another tenant's reference", foreign);

    let twin = CredentialId::generate(&IDS);
    sealed.put(&own, &twin, envelope.clone());
    expect_unopened(vault, &own, &reference(&own, &twin), &access, "an envelope of another credential").await;
    sealed.put(&other, &id, envelope.clone());
    expect_unopened(vault, &other, &reference(&other, &id), &access, "an envelope of another tenant").await;
    sealed.put(&own, &id, SealedSecret { secret_version: 2, ..envelope });
    expect_unopened(vault, &own, &reference(&own, &id), &access, "an envelope of another version").await;
    sealed.put(&own, &id, seal(vault, &own, &id, 2).await);
    done("opening after a rotation", vault.open(&own, &reference(&own, &id), &access).await);
    sealed.remove(&own, &id);
    expect_unopened(vault, &own, &reference(&own, &id), &access, "a deleted credential").await;
}

async fn altered_secrets_do_not_open(vault: &dyn CredentialVault, sealed: &MemorySealedSecrets) {
    let own = tenant(1);
    let id = CredentialId::generate(&IDS);
    let access = access(&ServerId::generate(&IDS));
    let reference = format!("cus-vault://{own}/{id}");
    let envelope = seal(vault, &own, &id, 1).await;
    let shows =
        envelope.envelope.windows(8).any(|part| SECRET.as_bytes().windows(8).any(|window| window == part));
    assert!(!shows, "an envelope does not show its secret");
    for place in 0..envelope.envelope.len() {
        let mut altered = envelope.clone();
        altered.envelope[place] ^= 1;
        sealed.put(&own, &id, altered);
        expect_unopened(vault, &own, &reference, &access, "an altered envelope").await;
    }
    for length in [0, 1, envelope.envelope.len() - 1] {
        sealed.put(
            &own,
            &id,
            SealedSecret { envelope: envelope.envelope[..length].to_vec(), ..envelope.clone() },
        );
        expect_unopened(vault, &own, &reference, &access, "a cut envelope").await;
    }
}

async fn encrypted_references_are_bound(vault: &dyn CredentialVault) {
    let (own, other) = (tenant(1), tenant(2));
    let (server, stranger) = (ServerId::generate(&IDS), ServerId::generate(&IDS));
    let secret = Secret::new(SECRET.to_owned());
    let reference = done("encrypting", vault.encrypt(&own, &server, &secret).await);
    assert!(
        reference.starts_with("encrypted://") && !reference.contains("marker"),
        "a reference shows no secret"
    );
    let target = done("checking", vault.check_reference(&own, &reference));
    assert_eq!(target, ReferenceTarget::Encrypted, "it points at itself");
    let opened = done("opening", vault.open(&own, &reference, &access(&server)).await);
    assert_eq!(opened.expose(), SECRET, "a secret comes back unchanged");
    expect_unopened(vault, &own, &reference, &access(&stranger), "an encrypted reference of another server")
        .await;
    expect_unopened(vault, &other, &reference, &access(&server), "an encrypted reference of another tenant")
        .await;
}

async fn expect_unopened(
    vault: &dyn CredentialVault,
    tenant: &TenantId,
    reference: &str,
    access: &CredentialAccess,
    what: &str,
) {
    let error = refused(&format!("opening {what}"), vault.open(tenant, reference, access).await);
    let found = (error.kind(), error.code());
    assert_eq!(found, (PortErrorKind::Refused, codes::CREDENTIAL_UNAVAILABLE), "opening {what}");
    assert!(!error.detail().contains("marker"), "an error shows no secret");
}

async fn seal(
    vault: &dyn CredentialVault,
    tenant: &TenantId,
    id: &CredentialId,
    version: u64,
) -> SealedSecret {
    let sealed = done("sealing", vault.seal(tenant, id, version, &Secret::new(SECRET.to_owned())).await);
    assert_eq!(sealed.secret_version, version, "an envelope carries its version");
    sealed
}

fn access(server: &ServerId) -> CredentialAccess {
    CredentialAccess {
        mcp_server: server.clone(),
        accessor: "agent".to_owned(),
        purpose: "invoke_tool",
        exchange: None,
    }
}

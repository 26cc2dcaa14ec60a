//! The vault against the conformance suites of its ports, and the swap matrix of its envelopes.

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis_schemas::ids::{CredentialId, ServerId, TenantId};
use portcullis_schemas::integrations::credentials::ports::{CredentialVault, KeySource, ReferenceTarget};
use portcullis_schemas::integrations::credentials::{CredentialAccess, CredentialGrant};
use portcullis_schemas::logs::ports::{AnswerSeal, CheckpointSigner};
use portcullis_schemas::secret::Secret;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use portcullis_testkit::conformance;
use portcullis_testkit::entropy::CountingEntropy;
use portcullis_testkit::memory::MemorySealedSecrets;
use portcullis_testkit::settings::FixedKeySource;
use portcullis_vault::envelope::{self, Place};
use portcullis_vault::fingerprint::{self, ForeignKeys};
use portcullis_vault::rules::{CredentialAccessRuleChecker, DenyAllRuleChecker, GrantRuleChecker};
use portcullis_vault::signing::{public_key, verify_ed25519};
use portcullis_vault::{CheckpointKeys, Keyring, SealedVault};
use zeroize::Zeroizing;

fn keys() -> FixedKeySource {
    FixedKeySource::new(1, [7; 32])
}

fn vault(secrets: Arc<MemorySealedSecrets>) -> SealedVault {
    let vault = SealedVault::new(secrets, Arc::new(keys()), Arc::new(CountingEntropy::new()));
    vault.with_rules(Arc::new(GrantRuleChecker))
}

fn tenant(name: &str) -> TenantId {
    TenantId::from_trusted(name).expect("a tenant id")
}

fn server(last: char) -> ServerId {
    format!("mcp_01jd000000000000000000000{last}").parse().expect("a server id")
}

fn access(server: &ServerId) -> CredentialAccess {
    CredentialAccess {
        mcp_server: server.clone(),
        accessor: "agent".to_owned(),
        purpose: "invoke_tool",
        exchange: None,
    }
}

#[tokio::test]
async fn conforms_as_a_vault() {
    let secrets = Arc::new(MemorySealedSecrets::new());
    conformance::credential_vault(&vault(Arc::clone(&secrets)), &secrets).await;
}

#[tokio::test]
async fn conforms_as_keyed_hash_and_answer_seal() {
    let keyring = Keyring::new(Arc::new(keys()), Arc::new(CountingEntropy::new())).unwrap();
    conformance::keyed_hash(&keyring).await;
    conformance::answer_seal(&keyring).await;
}

/// When the keys of several replicas are changed, one may not have the newest yet.
#[test]
fn a_round_under_a_key_that_is_away_is_told_apart_from_a_forgery() {
    let keyring = |id| {
        let keys = MapKeySource(BTreeMap::from([(1, [7; 32]), (id, [id; 32])]), id);
        Keyring::new(Arc::new(keys), Arc::new(CountingEntropy::new())).unwrap()
    };
    let owner = tenant("t_a");
    let sealed = keyring(2).seal_round(&owner, b"state").unwrap();
    let away = keyring(3).open_round(&owner, &sealed).unwrap_err();
    assert_eq!((away.kind(), away.code()), (PortErrorKind::Unavailable, codes::KEY_UNAVAILABLE));
    let forged = keyring(2).open_round(&tenant("t_b"), &sealed).unwrap_err();
    assert_eq!(forged.kind(), PortErrorKind::Corrupt);
}

/// Keys by their ids, and which one seals.
struct MapKeySource(BTreeMap<u8, [u8; 32]>, u8);

impl KeySource for MapKeySource {
    fn current_key_id(&self) -> u8 {
        self.1
    }

    fn key(&self, id: u8) -> Result<Zeroizing<[u8; 32]>, PortError> {
        let away = || PortError::new(PortErrorKind::Unavailable, codes::KEY_UNAVAILABLE, "no such key");
        self.0.get(&id).copied().map(Zeroizing::new).ok_or_else(away)
    }
}

#[test]
fn a_database_knows_the_keys_that_were_used_on_it() {
    let keys = |listed: &[(u8, u8)], current| {
        MapKeySource(listed.iter().map(|&(id, byte)| (id, [byte; 32])).collect(), current)
    };
    let known = fingerprint::used(&keys(&[(1, 7), (2, 8), (3, 9)], 3)).unwrap();
    assert_eq!(known.keys().copied().collect::<Vec<_>>(), [1, 3], "what hashes and what seals");
    let held = fingerprint::held(&keys(&[(1, 7), (2, 8), (3, 9)], 3)).unwrap();
    assert_eq!((held.len(), held[&1], held[&3]), (3, known[&1], known[&3]), "what may have sealed before");
    let same_bytes = fingerprint::used(&keys(&[(1, 7), (3, 7)], 3)).unwrap();
    assert_eq!(same_bytes[&1], known[&1]);
    assert!(same_bytes[&3] != same_bytes[&1] && same_bytes[&1] != [7; 32]);

    let compared = |listed, current| fingerprint::compare(&keys(listed, current), &known);
    assert_eq!(compared(&[(1, 7), (3, 9)], 3), Ok(()));
    assert_eq!(compared(&[(1, 7), (3, 9), (4, 1)], 1), Ok(()), "one more, which does not seal yet");
    assert_eq!(compared(&[(1, 6), (3, 9)], 3), Err(ForeignKeys::Differs(1)));
    assert_eq!(compared(&[(1, 7), (3, 7)], 3), Err(ForeignKeys::Differs(3)));
    assert_eq!(compared(&[(1, 7)], 1), Err(ForeignKeys::Missing(3)));
}

#[tokio::test]
async fn conforms_as_a_signer_of_checkpoints() {
    let seeds = [[1; 32], [2; 32]].map(Zeroizing::new);
    let earlier = vec![public_key(&seeds[0]).unwrap()];
    let signer = CheckpointKeys::new(earlier.clone(), seeds[1].clone()).unwrap();
    conformance::checkpoint_signer(&signer, &verify_ed25519).await;
    let error = CheckpointKeys::new(earlier, seeds[0].clone()).unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
}

/// RFC 8032 section 7.1, test 2.
#[tokio::test]
async fn signatures_are_those_of_the_published_vector() {
    let seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    let signer = CheckpointKeys::new(Vec::new(), Zeroizing::new(seed)).unwrap();
    let public: [u8; 32] = bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    assert_eq!(signer.public_keys(), [public]);
    let signature: [u8; 64] = bytes(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    );
    assert_eq!(signer.sign(&[0x72]).await.unwrap(), signature);
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    std::array::from_fn(|place| {
        u8::from_str_radix(&hex[2 * place..2 * place + 2], 16).expect("two hex digits")
    })
}

#[test]
fn an_envelope_opens_at_its_own_place_only() {
    let (a, b) = (tenant("t_a"), tenant("t_b"));
    let (one, two): (CredentialId, CredentialId) = ("one".parse().unwrap(), "two".parse().unwrap());
    let place = |tenant, id, secret_version| Place::Credential { tenant, id, secret_version };
    let sealed = envelope::seal(&keys(), &CountingEntropy::new(), place(&a, &one, 1), b"s3cret").unwrap();
    assert_eq!(envelope::open(&keys(), place(&a, &one, 1), &sealed).unwrap().as_slice(), b"s3cret");
    let elsewhere = [
        place(&b, &one, 1),
        place(&a, &two, 1),
        place(&a, &one, 2),
        Place::Answer { tenant: &a },
        Place::Server { tenant: &a, server: &server('0') },
    ];
    for (index, other) in elsewhere.into_iter().enumerate() {
        assert!(envelope::open(&keys(), other, &sealed).is_err(), "place {index}");
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let owner = tenant("t_a");
    let place = Place::Answer { tenant: &owner };
    let sealed = envelope::seal(&keys(), &CountingEntropy::new(), place, b"answer").unwrap();
    for index in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[index / 8] ^= 1 << (index % 8);
        assert!(envelope::open(&keys(), place, &changed).is_err(), "bit {index}");
    }
    let other_key = FixedKeySource::new(1, [8; 32]);
    assert!(envelope::open(&other_key, place, &sealed).is_err());
    assert!(other_key.key(1).is_ok());
}

#[tokio::test]
async fn an_encrypted_reference_serves_its_server_and_tenant_only() {
    let vault = vault(Arc::new(MemorySealedSecrets::new()));
    let (a, b) = (tenant("t_a"), tenant("t_b"));
    let (mine, other) = (server('0'), server('1'));
    let reference = vault.encrypt(&a, &mine, &Secret::new("token".to_owned())).await.unwrap();
    assert_eq!(vault.open(&a, &reference, &access(&mine)).await.unwrap().expose(), "token");
    assert!(vault.open(&a, &reference, &access(&other)).await.is_err());
    assert!(vault.open(&b, &reference, &access(&mine)).await.is_err());
}

#[test]
fn nobody_may_use_a_credential_without_a_grant() {
    let owner = tenant("t_a");
    let (mine, other) = (server('0'), server('1'));
    let grant = |server: &ServerId| vec![CredentialGrant { mcp_server: server.clone() }];
    assert!(!GrantRuleChecker.check(&owner, &[], &access(&mine)).allowed);
    assert!(!GrantRuleChecker.check(&owner, &grant(&other), &access(&mine)).allowed);
    assert!(GrantRuleChecker.check(&owner, &grant(&mine), &access(&mine)).allowed);
    assert!(!DenyAllRuleChecker.check(&owner, &grant(&mine), &access(&mine)).allowed);
}

#[test]
fn a_vault_without_chosen_rules_lets_nobody_in() {
    let secrets = Arc::new(MemorySealedSecrets::new());
    let vault = SealedVault::new(secrets, Arc::new(keys()), Arc::new(CountingEntropy::new()));
    let (owner, mine) = (tenant("t_a"), server('0'));
    let grants = [CredentialGrant { mcp_server: mine.clone() }];
    let target = ReferenceTarget::Vault("one".parse().unwrap());
    assert!(!vault.may_use(&owner, &target, &grants, &access(&mine)));
    let granted = vault.with_rules(Arc::new(GrantRuleChecker));
    assert!(granted.may_use(&owner, &target, &grants, &access(&mine)));
}

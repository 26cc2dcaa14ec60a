//! The suites of time, ids, randomness, keyed hashes, key material and the environment.

use std::collections::BTreeSet;

use portcullis_schemas::ids::KeyId;
use portcullis_schemas::integrations::credentials::ports::{Environment, KeySource};
use portcullis_schemas::runtime::{Clock, Entropy, HashPurpose, IdSource, KeyedHash};
use portcullis_schemas::{PortErrorKind, codes};

use super::steps::{IDS, done, refused};
use crate::fixtures::tenant;

/// Monotonic time never goes back; wall time is of this age.
pub async fn clock(clock: &dyn Clock) {
    let readings: Vec<_> = (0..1000).map(|_| clock.monotonic()).collect();
    assert!(readings.is_sorted(), "monotonic time never goes back");
    let text = clock.now().to_string();
    let year: u32 = text.get(..4).and_then(|year| year.parse().ok()).unwrap_or(0);
    assert!((2024..2200).contains(&year), "wall time is in UTC and of this age, not {text}");
}

/// Ids are unique, and later ones sort after earlier ones.
pub async fn id_source(ids: &dyn IdSource) {
    let issued: Vec<_> = (0..10_000).map(|_| ids.next_ulid()).collect();
    assert!(issued.is_sorted_by(|one, next| one < next), "every id sorts after the one before it");
}

/// The whole buffer is filled, and never twice alike.
pub async fn entropy(entropy: &dyn Entropy) {
    done("filling nothing", entropy.fill(&mut []));
    let mut seen = BTreeSet::new();
    for _ in 0..100 {
        let mut buffer = [0_u8; 67];
        done("filling a buffer", entropy.fill(&mut buffer));
        let tail = &buffer[40..];
        assert!(tail.iter().any(|byte| *byte != 0), "the buffer is filled to its end");
        assert!(seen.insert(buffer[..16].to_vec()), "two fills are never alike");
    }
}

/// The same values give the same hash; another tenant, purpose, key or value gives another.
pub async fn keyed_hash(hash: &dyn KeyedHash) {
    let (one, two) = (tenant(1), tenant(2));
    let keys = [KeyId::generate(&IDS), KeyId::generate(&IDS)];
    let all = || {
        let mut hashes = Vec::new();
        for tenant in [&one, &two] {
            for purpose in HashPurpose::ALL {
                for bytes in [&b""[..], b"a", b"ab", b"a\0", &[7; 5000]] {
                    hashes.push(hash.keyed_hash(tenant, *purpose, bytes));
                }
            }
        }
        for key in &keys {
            hashes.extend([&b"secret"[..], b"Secret", b""].map(|secret| hash.api_key_hash(key, secret)));
        }
        hashes
    };
    assert_eq!(all(), all(), "a hash depends on nothing but its values");
    let distinct: BTreeSet<_> = all().into_iter().collect();
    assert_eq!(distinct.len(), all().len(), "another tenant, purpose, key or value gives another hash");
    assert!(!distinct.contains(&[0; 32]), "a hash is not all zeros");
}

/// There is a key under the current id, always the same, and none under others that do not exist.
pub async fn key_source(keys: &dyn KeySource) {
    let id = keys.current_key_id();
    assert_ne!(id, 0, "key ids are 1 to 255");
    let key = done("reading the current key", keys.key(id));
    assert_eq!(*key, *done("reading it again", keys.key(id)), "a key does not change");
    assert_ne!(*key, [0; 32], "a key is not all zeros");
    let error = refused("reading a key of id 0", keys.key(0).map(|_| ()));
    assert_eq!((error.kind(), error.code()), (PortErrorKind::Unavailable, codes::KEY_UNAVAILABLE));
}

/// The variable of this name is there, others are not.
pub async fn environment(environment: &dyn Environment, present: &str) {
    assert!(environment.variable(present).is_some(), "a variable that is set is found");
    for absent in ["", "PORTCULLIS_CONFORMANCE_NO_SUCH_VARIABLE", "A=B"] {
        assert!(environment.variable(absent).is_none(), "a variable that is not set is none");
    }
}

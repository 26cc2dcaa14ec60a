//! By what a database knows the master keys that were used on it: a value of each that does not lead back to the key.
//!
//! A process with another key would open nothing and know no API key, and would yet seem to work.

use std::collections::BTreeMap;

use portcullis_schemas::PortError;
use portcullis_schemas::integrations::credentials::ports::KeySource;
use ring::hkdf;

use crate::keyring::HASH_KEY_ID;

/// HKDF-SHA-256 (RFC 5869) of a master key and its id.
pub type Fingerprint = [u8; 32];

/// Fingerprints by the ids of their keys.
pub type Fingerprints = BTreeMap<u8, Fingerprint>;

/// The keys at hand are not those that were used on a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignKeys {
    /// Under this id another key was used.
    Differs(u8),
    /// A key that was used is not at hand.
    Missing(u8),
}

/// The keys that are used from now on: the one that seals, and the one from which keyed hashes derive.
///
/// # Errors
/// `key_unavailable` when one of them is not there.
pub fn used(keys: &dyn KeySource) -> Result<Fingerprints, PortError> {
    let mut used = Fingerprints::new();
    for id in [HASH_KEY_ID, keys.current_key_id()] {
        used.insert(id, fingerprint(id, &*keys.key(id)?)?);
    }
    Ok(used)
}

/// All keys at hand: for a database that knows none yet, on which any of them may have sealed.
///
/// # Errors
/// When a fingerprint cannot be derived.
pub fn held(keys: &dyn KeySource) -> Result<Fingerprints, PortError> {
    let known = (1..=u8::MAX).filter_map(|id| Some((id, keys.key(id).ok()?)));
    known.map(|(id, key)| Ok((id, fingerprint(id, &key)?))).collect()
}

/// Compares the keys at hand with all that a database knows. Keys that it does not know may be there.
///
/// # Errors
/// [`ForeignKeys`], by the first key that is wrong.
pub fn compare(keys: &dyn KeySource, known: &Fingerprints) -> Result<(), ForeignKeys> {
    for (&id, known) in known {
        let key = keys.key(id).map_err(|_| ForeignKeys::Missing(id))?;
        if fingerprint(id, &key).ok() != Some(*known) {
            return Err(ForeignKeys::Differs(id));
        }
    }
    Ok(())
}

fn fingerprint(id: u8, key: &[u8; 32]) -> Result<Fingerprint, PortError> {
    let mut fingerprint = [0; 32];
    let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"portcullis master key fingerprint").extract(key);
    let derived = root.expand(&[&[id]], hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut fingerprint));
    derived.map_err(|_| PortError::unavailable("the fingerprint of a master key cannot be derived"))?;
    Ok(fingerprint)
}

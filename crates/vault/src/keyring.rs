//! Keyed hashes and sealed answers, under keys that are derived from the master key.

use std::sync::Arc;

use portcullis_schemas::ids::{KeyId, TenantId};
use portcullis_schemas::integrations::credentials::ports::KeySource;
use portcullis_schemas::logs::ledger::SealedAnswer;
use portcullis_schemas::logs::ports::AnswerSeal;
use portcullis_schemas::runtime::{Entropy, HashPurpose, KeyedHash};
use portcullis_schemas::{PortError, PortErrorKind, codes};
use ring::{hkdf, hmac};
use zeroize::Zeroizing;

use crate::envelope::{self, Place};

/// Hashes must stay comparable for as long as the trail is kept, so they derive from this key whatever seals now.
pub(crate) const HASH_KEY_ID: u8 = 1;

/// Implements [`KeyedHash`] and [`AnswerSeal`].
pub struct Keyring {
    keys: Arc<dyn KeySource>,
    entropy: Arc<dyn Entropy>,
    root: hkdf::Prk,
}

impl Keyring {
    /// A keyring over these keys; key 1 must be there.
    ///
    /// # Errors
    /// `key_unavailable` when key 1 is missing.
    pub fn new(keys: Arc<dyn KeySource>, entropy: Arc<dyn Entropy>) -> Result<Self, PortError> {
        let root =
            hkdf::Salt::new(hkdf::HKDF_SHA256, b"portcullis keyed hashes").extract(&*keys.key(HASH_KEY_ID)?);
        Ok(Self { keys, entropy, root })
    }

    fn mac(&self, labels: &[&str], bytes: &[u8]) -> [u8; 32] {
        let framed: Vec<Vec<u8>> = labels.iter().map(|label| framed(label)).collect();
        let info: Vec<&[u8]> = framed.iter().map(Vec::as_slice).collect();
        let mut key = Zeroizing::new([0_u8; 32]);
        // Expanding 32 bytes of HKDF-SHA-256 cannot fail: the limit is 255 times that (RFC 5869 section 2.3).
        if let Ok(okm) = self.root.expand(&info, hkdf::HKDF_SHA256) {
            let _ = okm.fill(&mut *key);
        }
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &*key), bytes);
        let mut hash = [0; 32];
        hash.copy_from_slice(tag.as_ref());
        hash
    }
}

impl KeyedHash for Keyring {
    fn keyed_hash(&self, tenant: &TenantId, purpose: HashPurpose, bytes: &[u8]) -> [u8; 32] {
        self.mac(&[purpose.as_str(), tenant.as_str()], bytes)
    }

    fn api_key_hash(&self, key_id: &KeyId, secret: &[u8]) -> [u8; 32] {
        self.mac(&["api-key-pepper", key_id.as_str()], secret)
    }
}

impl AnswerSeal for Keyring {
    fn seal_answer(&self, tenant: &TenantId, answer: &[u8]) -> Result<SealedAnswer, PortError> {
        envelope::seal(&*self.keys, &*self.entropy, Place::Answer { tenant }, answer).map(SealedAnswer)
    }

    fn open_answer(&self, tenant: &TenantId, sealed: &SealedAnswer) -> Result<Vec<u8>, PortError> {
        let opened = envelope::open(&*self.keys, Place::Answer { tenant }, &sealed.0);
        opened.map(|answer| answer.to_vec()).map_err(|error| {
            PortError::new(PortErrorKind::Corrupt, codes::STORE_CORRUPT, "a kept answer cannot be opened")
                .with_source(error)
        })
    }

    fn seal_round(&self, tenant: &TenantId, state: &[u8]) -> Result<Vec<u8>, PortError> {
        envelope::seal(&*self.keys, &*self.entropy, Place::Round { tenant }, state)
    }

    fn open_round(&self, tenant: &TenantId, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        if let Some(key) = envelope::key_of(sealed) {
            self.keys.key(key)?;
        }
        let opened = envelope::open(&*self.keys, Place::Round { tenant }, sealed);
        opened.map(|state| state.to_vec()).map_err(|error| {
            let detail = "the state of a round cannot be opened";
            PortError::new(PortErrorKind::Corrupt, codes::STORE_CORRUPT, detail).with_source(error)
        })
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring(..)")
    }
}

/// A label with its length, so that no two lists of labels have the same bytes.
fn framed(label: &str) -> Vec<u8> {
    let mut bytes = (label.len() as u64).to_be_bytes().to_vec();
    bytes.extend_from_slice(label.as_bytes());
    bytes
}

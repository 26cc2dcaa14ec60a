//! Sealed secrets: AES-256-GCM with a data key of its own for every secret, wrapped under a key that is derived for
//! this one envelope from the master key.
//!
//! Layout: version (1) | key id (1) | commitment (16) | salt (32) | wrapped data key (32 + 16) | nonce (12) |
//! ciphertext | tag (16). The associated data binds tenant, kind, id, version and key id, so that an envelope opens
//! only where it was sealed. AES-GCM does not commit to its key, so the envelope carries a commitment besides.

use portcullis_schemas::codes;
use portcullis_schemas::ids::{CredentialId, ServerId, TenantId};
use portcullis_schemas::integrations::credentials::ports::KeySource;
use portcullis_schemas::runtime::Entropy;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::{PortError, PortErrorKind};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The only version. An envelope of another one is refused: there is no downgrade.
pub const ENVELOPE_VERSION: u8 = 1;

const COMMITMENT: usize = 16;
const SALT: usize = 32;
const TAG: usize = 16;
const KEY: usize = 32;
const HEADER: usize = 2 + COMMITMENT + SALT;
const WRAPPED: usize = KEY + TAG;
/// An envelope of an empty secret.
pub const MIN_BYTES: usize = HEADER + WRAPPED + NONCE_LEN + TAG;

/// Where an envelope belongs. Everything in it is authenticated.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// The secret of a stored credential, in this version.
    Credential {
        /// Owner.
        tenant: &'a TenantId,
        /// Credential.
        id: &'a CredentialId,
        /// Counts rotations.
        secret_version: u64,
    },
    /// An `encrypted://` reference of one server.
    Server {
        /// Owner.
        tenant: &'a TenantId,
        /// Server.
        server: &'a ServerId,
    },
    /// An answer that is kept for a repeat of its request.
    Answer {
        /// Owner.
        tenant: &'a TenantId,
    },
    /// The state of a round, which its caller carries.
    Round {
        /// Owner.
        tenant: &'a TenantId,
    },
}

impl Place<'_> {
    /// Length-prefixed, so that no two places have the same bytes.
    fn associated_data(&self, key_id: u8) -> Vec<u8> {
        let version;
        let (tenant, kind, id, field): (&TenantId, &str, &str, &str) = match self {
            Self::Credential { tenant, id, secret_version } => {
                version = secret_version.to_string();
                (tenant, "credential", id.as_str(), &version)
            }
            Self::Server { tenant, server } => (tenant, "server", server.as_str(), "auth"),
            Self::Answer { tenant } => (tenant, "answer", "", ""),
            Self::Round { tenant } => (tenant, "round", "", ""),
        };
        let mut data = vec![ENVELOPE_VERSION, key_id];
        for part in [tenant.as_str(), kind, id, field] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

/// Seals `plaintext` for a place under the current key.
///
/// # Errors
/// `key_unavailable` when there is no key or no randomness.
pub fn seal(
    keys: &dyn KeySource,
    entropy: &dyn Entropy,
    place: Place<'_>,
    plaintext: &[u8],
) -> Result<Vec<u8>, PortError> {
    let key_id = keys.current_key_id();
    let master = keys.key(key_id)?;
    let data = place.associated_data(key_id);
    let mut random = Zeroizing::new([0_u8; SALT + KEY + NONCE_LEN]);
    entropy.fill(&mut *random)?;
    let (salt, rest) = random.split_at(SALT);
    let (data_key, nonce) = rest.split_at(KEY);

    let derived = derive(&master, salt, &data)?;
    let mut sealed = vec![ENVELOPE_VERSION, key_id];
    sealed.extend_from_slice(&commitment(&derived.commit, salt, &data));
    sealed.extend_from_slice(salt);
    // The wrapping key is used for this one envelope, so a fixed nonce is safe.
    sealed.extend_from_slice(&encrypt(&*derived.wrap, &[0; NONCE_LEN], &data, data_key)?);
    sealed.extend_from_slice(nonce);
    sealed.extend_from_slice(&encrypt(data_key, nonce, &data, plaintext)?);
    Ok(sealed)
}

/// The key that an envelope says it was sealed under; `None` for what has not the form of one.
pub(crate) fn key_of(envelope: &[u8]) -> Option<u8> {
    let has_form = envelope.len() >= MIN_BYTES && envelope[0] == ENVELOPE_VERSION;
    has_form.then(|| envelope[1])
}

/// Opens an envelope at its place.
///
/// # Errors
/// `credential_unavailable` when it was sealed elsewhere, was changed, or its key is gone.
pub fn open(
    keys: &dyn KeySource,
    place: Place<'_>,
    envelope: &[u8],
) -> Result<Zeroizing<Vec<u8>>, PortError> {
    let Some(key_id) = key_of(envelope) else { return Err(refused("the envelope has another form")) };
    let gone = |error: PortError| refused("its key is gone, or its key id was changed").with_source(error);
    let master = keys.key(key_id).map_err(gone)?;
    let data = place.associated_data(key_id);
    let (header, body) = envelope.split_at(HEADER);
    let (given, salt) = header[2..].split_at(COMMITMENT);
    let (wrapped, rest) = body.split_at(WRAPPED);
    let (nonce, ciphertext) = rest.split_at(NONCE_LEN);

    let derived = derive(&master, salt, &data)?;
    if !bool::from(commitment(&derived.commit, salt, &data).ct_eq(given)) {
        return Err(refused("the envelope belongs elsewhere or to another key"));
    }
    let data_key = decrypt(&*derived.wrap, &[0; NONCE_LEN], &data, wrapped)?;
    decrypt(&data_key, nonce, &data, ciphertext)
}

/// Opens an envelope that holds a text.
///
/// # Errors
/// As [`open`].
pub fn open_secret(keys: &dyn KeySource, place: Place<'_>, envelope: &[u8]) -> Result<Secret, PortError> {
    let plaintext = open(keys, place, envelope)?;
    let text = std::str::from_utf8(&plaintext).map_err(|_| refused("the secret is not text"))?;
    Ok(Secret::new(text.to_owned()))
}

struct Derived {
    wrap: Zeroizing<[u8; KEY]>,
    commit: Zeroizing<[u8; KEY]>,
}

/// HKDF-SHA-256 (RFC 5869): one wrapping key and one commitment key for this salt and place.
fn derive(master: &[u8; KEY], salt: &[u8], data: &[u8]) -> Result<Derived, PortError> {
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(master);
    let expand = |label: &[u8]| -> Result<Zeroizing<[u8; KEY]>, PortError> {
        let mut key = Zeroizing::new([0_u8; KEY]);
        let info = [label, data];
        let okm = secret.expand(&info, hkdf::HKDF_SHA256).map_err(|_| key_failure())?;
        okm.fill(&mut *key).map_err(|_| key_failure())?;
        Ok(key)
    };
    Ok(Derived { wrap: expand(b"portcullis wrap")?, commit: expand(b"portcullis commit")? })
}

fn commitment(key: &[u8; KEY], salt: &[u8], data: &[u8]) -> [u8; COMMITMENT] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    context.update(salt);
    context.update(data);
    let mut short = [0; COMMITMENT];
    short.copy_from_slice(&context.sign().as_ref()[..COMMITMENT]);
    short
}

fn encrypt(key: &[u8], nonce: &[u8], data: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, PortError> {
    let mut buffer = plaintext.to_vec();
    let sealing = aead_key(key)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| key_failure())?;
    sealing.seal_in_place_append_tag(nonce, Aad::from(data), &mut buffer).map_err(|_| key_failure())?;
    Ok(buffer)
}

fn decrypt(
    key: &[u8],
    nonce: &[u8],
    data: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, PortError> {
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let opening = aead_key(key)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| key_failure())?;
    let length = opening
        .open_in_place(nonce, Aad::from(data), &mut buffer)
        .map_err(|_| refused("the envelope was changed"))?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

fn aead_key(key: &[u8]) -> Result<LessSafeKey, PortError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| key_failure())
}

fn key_failure() -> PortError {
    PortError::new(PortErrorKind::Unavailable, codes::KEY_UNAVAILABLE, "the key cannot be used")
}

fn refused(detail: &str) -> PortError {
    PortError::new(PortErrorKind::Refused, codes::CREDENTIAL_UNAVAILABLE, detail)
}

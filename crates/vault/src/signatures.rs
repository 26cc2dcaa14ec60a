//! Whether an access token was signed by the holder of a public key (RFC 7515, RFC 7518, RFC 8037).

use portcullis_schemas::api_keys::tokens::{TokenAlgorithm, TokenKeyMaterial};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

/// Whether `signature` is that of `message` by this key and algorithm. A key of another kind than the algorithm's
/// verifies nothing, so no token chooses how its key is used.
pub fn verify_token(
    algorithm: TokenAlgorithm,
    key: &TokenKeyMaterial,
    message: &[u8],
    signature: &[u8],
) -> bool {
    match (algorithm, key) {
        (TokenAlgorithm::Rs256, TokenKeyMaterial::Rsa { modulus, exponent }) => {
            rsa(&RSA_PKCS1_2048_8192_SHA256, modulus, exponent, message, signature)
        }
        (TokenAlgorithm::Ps256, TokenKeyMaterial::Rsa { modulus, exponent }) => {
            rsa(&RSA_PSS_2048_8192_SHA256, modulus, exponent, message, signature)
        }
        (TokenAlgorithm::Es256, TokenKeyMaterial::P256(point)) => {
            plain(&ECDSA_P256_SHA256_FIXED, &**point, message, signature)
        }
        (TokenAlgorithm::EdDsa, TokenKeyMaterial::Ed25519(key)) => plain(&ED25519, key, message, signature),
        _ => false,
    }
}

fn rsa(
    parameters: &'static RsaParameters,
    modulus: &[u8],
    exponent: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    // RFC 7518 section 6.3.1.1: some writers leave a zero byte in front, which ring would refuse.
    let bare = |number: &[u8]| number.iter().position(|byte| *byte != 0).map(|at| number[at..].to_vec());
    let (Some(n), Some(e)) = (bare(modulus), bare(exponent)) else { return false };
    RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
}

fn plain(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
}

#[cfg(test)]
mod tests;

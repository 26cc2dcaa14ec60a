//! The suite of [`CheckpointSigner`].

use portcullis_schemas::logs::ports::CheckpointSigner;

use super::steps::done;

/// Whether a signature is that of a message by the holder of a public key.
pub type SignatureVerifier<'a> = dyn Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool + Sync + 'a;

/// There is a key, each key stands there once, and what the last one signs verifies with it and with nothing else.
pub async fn checkpoint_signer(signer: &dyn CheckpointSigner, verify: &SignatureVerifier<'_>) {
    let keys = signer.public_keys();
    let last = keys.last().copied().unwrap_or_else(|| panic!("a signer has at least one key"));
    assert_eq!(signer.public_keys(), keys, "its keys do not change by being looked at");
    for (place, key) in keys.iter().enumerate() {
        assert!(!keys[..place].contains(key), "each key stands there once");
    }
    for message in [&b""[..], b"portcullis.example/trail\n1\nroot\n", &[0; 1000]] {
        let signature = done("signing", signer.sign(message).await);
        assert!(verify(&last, message, &signature), "the last key signs");
        assert!(!verify(&last, b"another message", &signature), "a signature is of its message only");
        for key in &keys[..keys.len() - 1] {
            assert!(!verify(key, message, &signature), "earlier keys do not sign");
        }
        let mut changed = signature;
        changed[0] ^= 1;
        assert!(!verify(&last, message, &changed), "a changed signature is none");
    }
}

//! A server that shows a valid certificate for another host. It needs no cryptography: its messages were written down
//! once, and who verifies looks at the certificate before anything that is signed anew (RFC 5246, section 7.4).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::villain::{Script, Step};

/// A certificate for `other.example` that is its own authority, good from 2024 to 2099. Nobody keeps its key.
pub(super) const AUTHORITY: &str = "-----BEGIN CERTIFICATE-----
MIIBazCCARGgAwIBAgICEAEwCgYIKoZIzj0EAwIwGDEWMBQGA1UEAwwNb3RoZXIuZXhhbXBsZTAgFw0yNDAxMDEwMD
AwMDBaGA8yMDk5MTIzMTAwMDAwMFowGDEWMBQGA1UEAwwNb3RoZXIuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49
AwEHA0IABL3SyB2WgEoT8FDHPqkVMTP9fUkNAgtZafHYe74TlIc9BljCB1gLC6FnB4tytHDTaqTCXueN63hrK93wvf
69sWKjSTBHMBgGA1UdEQQRMA+CDW90aGVyLmV4YW1wbGUwDAYDVR0TAQH/BAIwADAdBgNVHQ4EFgQUB66yCHpjLcya
kX1jMegBoo/7EfkwCgYIKoZIzj0EAwIDSAAwRQIgS6gwXpGRUpOFwKmQgsdcavTC8w73qxSKWNIQYkwV3KECIQCcdo
Lkz+ulU4o6dOn+1qs2HLwgLCdkKYogpG07jIKybw==
-----END CERTIFICATE-----
";

/// Answers a handshake with that certificate, in TLS 1.2, and then waits.
pub(super) fn certificate_of_another() -> Script {
    Arc::new(|_, _| vec![Step::Send(flight()), Step::Hang])
}

/// ServerHello, Certificate, ServerKeyExchange, ServerHelloDone.
fn flight() -> Vec<u8> {
    let encoded: String = AUTHORITY.lines().filter(|line| !line.starts_with('-')).collect();
    let certificate = STANDARD.decode(encoded).unwrap_or_default();
    // TLS 1.2, a random number, no session, ECDHE-ECDSA with AES-128-GCM, no compression.
    let hello = [&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2b, 0]].concat();
    let certificates = sized(&sized(&certificate));
    // A named curve (x25519), a key, a signature by ECDSA with SHA-256 that is none.
    let exchange = [&[3, 0, 0x1d, 32][..], &[9; 32], &[4, 3, 0, 8], &[1; 8]].concat();
    [message(2, &hello), message(11, &certificates), message(12, &exchange), message(14, &[])].concat()
}

/// A handshake message in a record of its own.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let message = [&[kind][..], &sized(body)].concat();
    let length = u16::try_from(message.len()).unwrap_or_default();
    [&[22, 3, 3][..], &length.to_be_bytes(), &message].concat()
}

/// With its length in three bytes before it.
fn sized(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or_default();
    [&length.to_be_bytes()[1..], body].concat()
}

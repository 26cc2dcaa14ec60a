//! Whom we trust, and how TLS is spoken. Certificates are always verified; there is no switch.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The certificate authorities that upstreams may be certified by.
#[derive(Clone, Debug)]
pub struct TlsRoots(RootCertStore);

/// Extra roots that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("egress roots: {problem}; expected PEM with one or more `CERTIFICATE` blocks")]
pub struct BadRoots {
    problem: String,
}

impl TlsRoots {
    /// Mozilla's roots, compiled in, so that the host's trust store does not matter.
    pub fn mozilla() -> Self {
        Self(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect())
    }

    /// Adds the operator's own authorities, in PEM.
    ///
    /// # Errors
    /// [`BadRoots`] when the text holds no certificate, or one that cannot be read.
    pub fn with_pem(mut self, pem: &[u8]) -> Result<Self, BadRoots> {
        let bad = |problem: String| BadRoots { problem };
        let mut added = 0_usize;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| bad(error.to_string()))?;
            self.0.add(certificate).map_err(|error| bad(error.to_string()))?;
            added += 1;
        }
        if added == 0 { Err(bad("no certificate found".to_owned())) } else { Ok(self) }
    }

    /// The provider is named, never taken from the process. No session is resumed: a ticket would tie the
    /// connections of different tenants together.
    pub(super) fn client_config(self) -> Result<Arc<ClientConfig>, BadRoots> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| BadRoots { problem: error.to_string() })?
            .with_root_certificates(self.0)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }
}

//! TLS: only certificates of a trusted authority for the judged name.

use std::sync::Arc;

use bytes::Bytes;
use portcullis_schemas::codes;
use portcullis_schemas::egress::{
    Egress, EgressError, EgressLimits, EgressPurpose, EgressRequest, HttpMethod,
};
use portcullis_schemas::ids::TenantId;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::TableResolver;
use crate::egress::scripted::{Scripted, http};
use crate::egress::{EgressRules, HyperEgress, TlsRoots};

/// A certificate that is its own authority, and an upstream that shows it.
async fn upstream(name: &str) -> (Scripted, String) {
    let own = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let upstream =
        Scripted::start_tls(TlsAcceptor::from(Arc::new(config)), |_, _| http(200, "text/plain", "safe"))
            .await;
    (upstream, own.cert.pem())
}

async fn status(egress: &HyperEgress, url: &str) -> Result<u16, EgressError> {
    let request = EgressRequest {
        purpose: EgressPurpose::McpServer,
        method: HttpMethod::Get,
        url: url.to_owned(),
        headers: Vec::new(),
        body: Bytes::new(),
        limits: EgressLimits::default(),
    };
    egress.send(&TenantId::from_trusted("a").unwrap(), request).await.map(|response| response.status)
}

#[tokio::test]
async fn the_certificate_must_be_trusted_and_for_the_judged_name() {
    let (upstream, pem) = upstream("mcp.internal").await;
    let right = format!("https://mcp.internal:{}", upstream.port);
    let wrong = format!("https://other.internal:{}", upstream.port);
    let rules = EgressRules::waiving([&right, &wrong]).unwrap();
    let resolver =
        Arc::new(TableResolver::of(&[("mcp.internal", &["127.0.0.1"]), ("other.internal", &["127.0.0.1"])]));
    let with =
        |roots: TlsRoots| HyperEgress::new(rules.clone(), roots).unwrap().with_resolver(resolver.clone());
    let trusting = with(TlsRoots::mozilla().with_pem(pem.as_bytes()).unwrap());
    assert_eq!(status(&trusting, &right).await, Ok(200));
    for error in [
        status(&trusting, &wrong).await.unwrap_err(),
        status(&with(TlsRoots::mozilla()), &right).await.unwrap_err(),
    ] {
        assert_eq!((error.code, error.may_have_acted()), (codes::UPSTREAM_TLS, false), "{error}");
    }
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn roots_without_a_certificate_are_refused() {
    for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert!(TlsRoots::mozilla().with_pem(pem.as_bytes()).is_err(), "{pem:?}");
    }
}

//! A credential vault that keeps the rules of one, but hides nothing from whoever looks.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::ids::{CredentialId, ServerId, TenantId};
use portcullis_schemas::integrations::credentials::ports::{
    CredentialVault, ReferenceTarget, SealedSecretStore,
};
use portcullis_schemas::integrations::credentials::{CredentialAccess, CredentialGrant, SealedSecret};
use portcullis_schemas::logs::ledger::SealedAnswer;
use portcullis_schemas::logs::ports::AnswerSeal;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::{PortError, PortErrorKind, codes};

use crate::hashing::{digest_of, hex};

/// A [`CredentialVault`] and [`AnswerSeal`]. Envelopes are the secret's bytes inverted behind a checksum over what
/// they are bound to: **not encryption**, only something that does not show the secret and does not open elsewhere.
pub struct PlainVault {
    sealed: Arc<dyn SealedSecretStore>,
}

impl PlainVault {
    /// A vault that opens what this store holds.
    pub fn new(sealed: Arc<dyn SealedSecretStore>) -> Self {
        Self { sealed }
    }
}

impl std::fmt::Debug for PlainVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlainVault")
    }
}

#[async_trait]
impl CredentialVault for PlainVault {
    fn check_reference(&self, tenant: &TenantId, reference: &str) -> Result<ReferenceTarget, PortError> {
        if let Some(path) = reference.strip_prefix("cus-vault://") {
            let (owner, id) = path.split_once('/').ok_or_else(bad_reference)?;
            if owner == tenant.as_str() {
                return id.parse().map(ReferenceTarget::Vault).map_err(|_| bad_reference());
            }
        }
        let encrypted = reference.strip_prefix("encrypted://").and_then(from_hex);
        if encrypted.is_some_and(|envelope| !envelope.is_empty()) {
            return Ok(ReferenceTarget::Encrypted);
        }
        Err(bad_reference())
    }

    fn may_use(
        &self,
        _: &TenantId,
        target: &ReferenceTarget,
        grants: &[CredentialGrant],
        access: &CredentialAccess,
    ) -> bool {
        match target {
            ReferenceTarget::Vault(_) => grants.iter().any(|grant| grant.mcp_server == access.mcp_server),
            // The server is bound into the envelope; `open` compares it.
            ReferenceTarget::Encrypted => true,
            _ => false,
        }
    }

    async fn open(
        &self,
        tenant: &TenantId,
        reference: &str,
        access: &CredentialAccess,
    ) -> Result<Secret, PortError> {
        let opened = match self.check_reference(tenant, reference)? {
            ReferenceTarget::Vault(id) => {
                let sealed = self.sealed.sealed(tenant, &id).await?.ok_or_else(cannot_open)?;
                opened(&bound_to(tenant, id.as_str(), sealed.secret_version), &sealed.envelope)
            }
            _ => {
                let envelope =
                    reference.strip_prefix("encrypted://").and_then(from_hex).ok_or_else(cannot_open)?;
                opened(&bound_to(tenant, access.mcp_server.as_str(), 0), &envelope)
            }
        };
        let text = opened.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(cannot_open)?;
        Ok(Secret::new(text))
    }

    async fn seal(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
        secret_version: u64,
        secret: &Secret,
    ) -> Result<SealedSecret, PortError> {
        let envelope = closed(&bound_to(tenant, id.as_str(), secret_version), secret.expose().as_bytes());
        Ok(SealedSecret { envelope, secret_version })
    }

    async fn encrypt(
        &self,
        tenant: &TenantId,
        server: &ServerId,
        secret: &Secret,
    ) -> Result<String, PortError> {
        let envelope = closed(&bound_to(tenant, server.as_str(), 0), secret.expose().as_bytes());
        Ok(format!("encrypted://{}", hex(&envelope)))
    }
}

impl AnswerSeal for PlainVault {
    fn seal_answer(&self, tenant: &TenantId, answer: &[u8]) -> Result<SealedAnswer, PortError> {
        Ok(SealedAnswer(closed(&bound_to(tenant, "answer", 0), answer)))
    }

    fn open_answer(&self, tenant: &TenantId, sealed: &SealedAnswer) -> Result<Vec<u8>, PortError> {
        opened(&bound_to(tenant, "answer", 0), &sealed.0).ok_or_else(|| {
            PortError::new(
                PortErrorKind::Corrupt,
                codes::STORE_CORRUPT,
                "the answer was not sealed for this tenant",
            )
        })
    }

    fn seal_round(&self, tenant: &TenantId, state: &[u8]) -> Result<Vec<u8>, PortError> {
        Ok(closed(&bound_to(tenant, "round", 0), state))
    }

    fn open_round(&self, tenant: &TenantId, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        let detail = "the state was not sealed for this tenant";
        let foreign = || PortError::new(PortErrorKind::Corrupt, codes::STORE_CORRUPT, detail);
        opened(&bound_to(tenant, "round", 0), sealed).ok_or_else(foreign)
    }
}

const CHECKSUM_BYTES: usize = 32;

fn bound_to(tenant: &TenantId, id: &str, version: u64) -> [u8; CHECKSUM_BYTES] {
    digest_of(&[tenant.as_str().as_bytes(), id.as_bytes(), &version.to_be_bytes()])
}

fn closed(bound_to: &[u8], bytes: &[u8]) -> Vec<u8> {
    let inverted: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
    [digest_of(&[bound_to, &inverted]).as_slice(), &inverted].concat()
}

fn opened(bound_to: &[u8], envelope: &[u8]) -> Option<Vec<u8>> {
    let (checksum, inverted) = envelope.split_at_checked(CHECKSUM_BYTES)?;
    (checksum == digest_of(&[bound_to, inverted])).then(|| inverted.iter().map(|byte| !byte).collect())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|digit| digit.to_digit(16)?.try_into().ok()).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn bad_reference() -> PortError {
    let expected = "expected `cus-vault://` with the tenant's own id and a credential's, or `encrypted://`";
    PortError::new(PortErrorKind::Invalid, codes::CREDENTIAL_REFERENCE, expected)
}

fn cannot_open() -> PortError {
    PortError::new(PortErrorKind::Refused, codes::CREDENTIAL_UNAVAILABLE, "the credential cannot be opened")
}

//! Whom an exchange is with, and whether its credential may be used.

use portcullis_engines::integrations::mcp::authentication::{credential_access, required_reference};
use portcullis_engines::integrations::mcp::decision::CredentialVerdict;
use portcullis_schemas::Error;
use portcullis_schemas::integrations::credentials::CredentialAccess;
use portcullis_schemas::integrations::credentials::ports::ReferenceTarget;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::logs::ledger::IntentKind;
use portcullis_schemas::store::UnitOfWork;

use crate::scene::Scene;

/// The rules' verdict on a server's credential, judged before anything is recorded or opened.
pub(super) struct CredentialUse {
    pub(super) verdict: CredentialVerdict,
    pub(super) access: CredentialAccess,
    /// Of a stored credential; sessions upstream are kept apart by it.
    pub(super) secret_version: Option<u64>,
}

/// Judges the use of a server's credential.
///
/// # Errors
/// When the store cannot be read. A server that needs a credential and has none is denied, so that the refusal is
/// recorded like every other.
pub(super) async fn judge_credential(
    scene: &Scene,
    work: &mut dyn UnitOfWork,
    server: &McpServer,
    purpose: IntentKind,
) -> Result<CredentialUse, Error> {
    let access = credential_access(server, scene.principal().actor(), purpose);
    let vault = &scene.ports().vault;
    let denied = |access| CredentialUse { verdict: CredentialVerdict::Denied, access, secret_version: None };
    let reference = match required_reference(server) {
        Ok(Some(reference)) => reference,
        Ok(None) => {
            return Ok(CredentialUse { verdict: CredentialVerdict::NotNeeded, access, secret_version: None });
        }
        Err(_) => return Ok(denied(access)),
    };
    let Ok(target) = vault.check_reference(scene.tenant(), reference.as_str()) else {
        return Ok(denied(access));
    };
    let (grants, secret_version) = match &target {
        ReferenceTarget::Vault(id) => match work.credentials().get(scene.tenant(), id).await? {
            Some(credential) => (credential.grants, Some(credential.secret_version)),
            None => return Ok(denied(access)),
        },
        _ => (Vec::new(), None),
    };
    if !vault.may_use(scene.tenant(), &target, &grants, &access) {
        return Ok(denied(access));
    }
    Ok(CredentialUse { verdict: CredentialVerdict::Granted, access, secret_version })
}

//! Whom an exchange is with, and whether its credential may be used.

use portcullis_engines::integrations::mcp::authentication::{credential_access, required_reference};
use portcullis_engines::integrations::mcp::decision::CredentialVerdict;
use portcullis_engines::upstream_tokens::has_subject;
use portcullis_engines::upstream_tokens::own_secrets::{connection_way, is_callers_own};
use portcullis_schemas::Error;
use portcullis_schemas::integrations::credentials::ports::ReferenceTarget;
use portcullis_schemas::integrations::credentials::{CredentialAccess, CredentialGrant};
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::logs::ledger::IntentKind;
use portcullis_schemas::store::UnitOfWork;

use crate::scene::Scene;

/// What the store says of a server's credential.
#[derive(Clone, Debug)]
pub(crate) enum StoredGrants {
    /// The server needs none.
    NotNeeded,
    /// It takes its caller's own, which the caller has given for it. Whether there is one is seen when it is opened, or before a person is asked
    /// ([`lacks_connection`]).
    CallersOwn,
    /// It needs one and has none, or one of a form that may not be used, or one that is not stored.
    Missing,
    /// The rules are data; who may use it is judged for each exchange.
    Found {
        target: ReferenceTarget,
        grants: Vec<CredentialGrant>,
        /// Of a stored credential; sessions upstream are kept apart by it.
        secret_version: Option<u64>,
    },
}

/// The rules' verdict on a server's credential, judged before anything is recorded or opened.
pub(super) struct CredentialUse {
    pub(super) verdict: CredentialVerdict,
    pub(super) access: CredentialAccess,
    pub(super) secret_version: Option<u64>,
}

/// Reads the grants of a server's credential.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn read_grants(
    scene: &Scene,
    work: &mut dyn UnitOfWork,
    server: &McpServer,
) -> Result<StoredGrants, Error> {
    let reference = match required_reference(server) {
        Ok(Some(reference)) if is_callers_own(reference) => return Ok(StoredGrants::CallersOwn),
        Ok(Some(reference)) => reference,
        Ok(None) => return Ok(StoredGrants::NotNeeded),
        Err(_) => return Ok(StoredGrants::Missing),
    };
    let Ok(target) = scene.ports().vault.check_reference(scene.tenant(), reference.as_str()) else {
        return Ok(StoredGrants::Missing);
    };
    let ReferenceTarget::Vault(id) = &target else {
        return Ok(StoredGrants::Found { target, grants: Vec::new(), secret_version: None });
    };
    Ok(match work.credentials().get(scene.tenant(), id).await? {
        Some(credential) => StoredGrants::Found {
            target,
            grants: credential.grants,
            secret_version: Some(credential.secret_version),
        },
        None => StoredGrants::Missing,
    })
}

/// Whether the server is asked as its callers, and this one has nothing that it could be asked with.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn lacks_connection(scene: &Scene, server: &McpServer) -> Result<bool, Error> {
    let key = scene.principal().key();
    if connection_way(server, key).is_none() {
        return Ok(false);
    }
    let mut work = scene.read().await?;
    let stored = work.connections().get(scene.tenant(), &server.server_id, key).await?;
    Ok(stored.is_none_or(|stored| stored.tokens.is_none()))
}

/// Judges the use of a server's credential. One that is missing is denied, so that the refusal is recorded like every
/// other.
pub(super) fn judge_credential(
    scene: &Scene,
    stored: &StoredGrants,
    server: &McpServer,
    purpose: IntentKind,
) -> CredentialUse {
    let access = credential_access(server, scene.principal(), purpose);
    let (verdict, secret_version) = match stored {
        StoredGrants::NotNeeded => (CredentialVerdict::NotNeeded, None),
        StoredGrants::CallersOwn => (CredentialVerdict::Granted, None),
        StoredGrants::Found { target, grants, secret_version }
            if scene.ports().vault.may_use(scene.tenant(), target, grants, &access) =>
        {
            match has_subject(server, scene.principal()) {
                true => (CredentialVerdict::Granted, *secret_version),
                false => (CredentialVerdict::NoSubject, None),
            }
        }
        StoredGrants::Found { .. } | StoredGrants::Missing => (CredentialVerdict::Denied, None),
    };
    CredentialUse { verdict, access, secret_version }
}

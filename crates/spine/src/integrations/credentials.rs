//! Handlers of `integrations.credentials.*`. Secrets go in, never out.

use portcullis_schemas::codes;
use portcullis_schemas::ids::CredentialId;
use portcullis_schemas::integrations::credentials::operations::{
    DeleteCredential, EncryptCredential, EncryptedCredential, ListCredentials, RotateCredential,
    SetCredentialGrants, StoreCredential,
};
use portcullis_schemas::integrations::credentials::{CredentialGrant, CredentialMetadata};
use portcullis_schemas::logs::event::AuditEventType;
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::secret::Secret;
use portcullis_schemas::store::UnitOfWork;
use portcullis_schemas::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::bridges::ApiKeysBridge;
use crate::scene::Scene;
use crate::taken::or_taken;

/// Most grants of one credential.
const MAX_GRANTS: usize = 64;

pub(crate) async fn store_credential(
    scene: Scene,
    request: StoreCredential,
) -> Result<CredentialMetadata, Error> {
    check_secret(&scene, &request.secret).await?;
    let id = CredentialId::generate(&*scene.ports().ids);
    let sealed = scene.ports().vault.seal(scene.tenant(), &id, 1, &request.secret).await?;
    let now = scene.now();
    let credential = CredentialMetadata {
        reference: format!("cus-vault://{}/{id}", scene.tenant()),
        credential_id: id,
        tenant_id: scene.tenant().clone(),
        name: request.name,
        description: request.description,
        credential_type: request.credential_type,
        grants: request.grants,
        secret_version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    let mut work = scene.begin().await?;
    check_grants(&scene, &mut *work, &credential.grants).await?;
    let inserted = work.credentials().insert(scene.tenant(), &credential, &sealed).await;
    inserted.map_err(or_taken("credential", "name"))?;
    let facts = json!({ "name": credential.name, "grants": credential.grants });
    commit(&scene, work, AuditEventType::CredentialStored, &credential, facts).await?;
    Ok(credential)
}

pub(crate) async fn encrypt_credential(
    scene: Scene,
    request: EncryptCredential,
) -> Result<EncryptedCredential, Error> {
    check_secret(&scene, &request.secret).await?;
    let grant = CredentialGrant { mcp_server: request.mcp_server };
    check_grants(&scene, &mut *scene.read().await?, std::slice::from_ref(&grant)).await?;
    // A vault may be far away, and a unit of work that writes keeps every other writer waiting.
    let reference = scene.ports().vault.encrypt(scene.tenant(), &grant.mcp_server, &request.secret).await?;
    let mut work = scene.begin().await?;
    let event = scene.event(
        AuditEventType::CredentialEncrypted,
        [("server_id", grant.mcp_server.as_str())],
        json!({}),
    );
    work.audit_log().append(scene.tenant(), &[event]).await?;
    work.commit().await?;
    Ok(EncryptedCredential { reference })
}

pub(crate) async fn list_credentials(
    scene: Scene,
    request: ListCredentials,
) -> Result<Page<CredentialMetadata>, Error> {
    let mut work = scene.read().await?;
    Ok(work.credentials().list(scene.tenant(), &PageRequest::new(request.limit, request.cursor)).await?)
}

pub(crate) async fn rotate_credential(
    scene: Scene,
    request: RotateCredential,
) -> Result<CredentialMetadata, Error> {
    check_secret(&scene, &request.secret).await?;
    let known = find(&scene, &mut *scene.read().await?, &request.credential_id).await?;
    let (id, version) = (&known.credential_id, known.secret_version + 1);
    // Before the unit of work that writes: a vault may be far away.
    let sealed = scene.ports().vault.seal(scene.tenant(), id, version, &request.secret).await?;
    let mut work = scene.begin().await?;
    let mut credential = find(&scene, &mut *work, &request.credential_id).await?;
    if credential.secret_version != known.secret_version {
        let message = "the credential was rotated meanwhile: look which secret counts, then rotate it again";
        return Err(Error::new(ErrorKind::Conflict, codes::STATE_CONFLICT, message));
    }
    credential.secret_version = version;
    credential.updated_at = scene.now();
    work.credentials().update(scene.tenant(), &credential, Some(&sealed)).await?;
    let facts = json!({ "secret_version": credential.secret_version });
    commit(&scene, work, AuditEventType::CredentialRotated, &credential, facts).await?;
    Ok(credential)
}

pub(crate) async fn set_credential_grants(
    scene: Scene,
    request: SetCredentialGrants,
) -> Result<CredentialMetadata, Error> {
    let mut work = scene.begin().await?;
    let mut credential = find(&scene, &mut *work, &request.credential_id).await?;
    check_grants(&scene, &mut *work, &request.grants).await?;
    credential.grants = request.grants;
    credential.updated_at = scene.now();
    work.credentials().update(scene.tenant(), &credential, None).await?;
    let facts = json!({ "grants": credential.grants });
    commit(&scene, work, AuditEventType::CredentialGrantsSet, &credential, facts).await?;
    Ok(credential)
}

pub(crate) async fn delete_credential(
    scene: Scene,
    request: DeleteCredential,
) -> Result<CredentialMetadata, Error> {
    let mut work = scene.begin().await?;
    let mut credential = find(&scene, &mut *work, &request.credential_id).await?;
    credential.updated_at = scene.now();
    credential.deleted_at = Some(credential.updated_at);
    work.credentials().delete(scene.tenant(), &credential).await?;
    commit(&scene, work, AuditEventType::CredentialDeleted, &credential, json!({})).await?;
    Ok(credential)
}

async fn find(
    scene: &Scene,
    work: &mut dyn UnitOfWork,
    id: &CredentialId,
) -> Result<CredentialMetadata, Error> {
    work.credentials().get(scene.tenant(), id).await?.ok_or_else(|| Error::not_found("credential"))
}

/// A secret ends in a header sooner or later, so a pasted line break is refused now and not at its first use.
async fn check_secret(scene: &Scene, secret: &Secret) -> Result<(), Error> {
    let text = ApiKeysBridge::foreign(scene, secret).await?.expose();
    if text.trim() != text || text.chars().any(char::is_control) {
        let expected = "expected no line breaks or control characters, and no space at either end";
        return Err(Error::invalid("secret", expected));
    }
    Ok(())
}

/// Grants name servers of this tenant; a foreign one answers as an absent one.
async fn check_grants(
    scene: &Scene,
    work: &mut dyn UnitOfWork,
    grants: &[CredentialGrant],
) -> Result<(), Error> {
    if grants.len() > MAX_GRANTS {
        return Err(Error::invalid("grants", "expected at most 64 grants"));
    }
    for (index, grant) in grants.iter().enumerate() {
        let server = work.mcp_servers().get(scene.tenant(), &grant.mcp_server).await?;
        if server.is_none_or(|server| server.deleted_at.is_some()) {
            return Err(Error::not_found("MCP server").with_field(format!("grants[{index}].mcp_server")));
        }
    }
    Ok(())
}

async fn commit(
    scene: &Scene,
    mut work: Box<dyn UnitOfWork>,
    event_type: AuditEventType,
    credential: &CredentialMetadata,
    facts: Value,
) -> Result<(), Error> {
    let event = scene.event(event_type, [("credential_id", credential.credential_id.as_str())], facts);
    work.audit_log().append(scene.tenant(), &[event]).await?;
    Ok(work.commit().await?)
}

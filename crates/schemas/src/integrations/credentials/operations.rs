//! The operations `integrations.credentials.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CredentialGrant, CredentialMetadata, CredentialType};
use crate::ids::{CredentialId, ServerId};
use crate::operation::operations;
use crate::paging::{Cursor, Page, PageLimit};
use crate::secret::Secret;
use crate::text::{Description, Name};

operations! {
    StoreCredential => CredentialMetadata, "integrations.credentials.store_credential", Admin, Write,
        "Seal a secret; it can be used by those granted, and read by nobody";
    EncryptCredential => EncryptedCredential, "integrations.credentials.encrypt_credential", Admin, Write,
        "Seal a secret into an `encrypted://` reference for one server, stored nowhere else";
    ListCredentials => Page<CredentialMetadata>, "integrations.credentials.list_credentials", Read, Read,
        "List credentials, newest first, without their secrets";
    RotateCredential => CredentialMetadata, "integrations.credentials.rotate_credential", Admin, Write,
        "Replace a credential's secret";
    SetCredentialGrants => CredentialMetadata, "integrations.credentials.set_credential_grants", Admin, Write,
        "Replace the list of those who may use a credential";
    DeleteCredential => CredentialMetadata, "integrations.credentials.delete_credential", Admin, Write,
        "Delete a credential and destroy its sealed secret";
}

/// Stores a secret.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreCredential {
    /// Name, unique in the tenant.
    pub name: Name,
    /// What it is for.
    pub description: Option<Description>,
    /// What it is.
    pub credential_type: CredentialType,
    /// The secret.
    pub secret: Secret,
    /// Who may use it; nobody unless told. At most 64.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub grants: Vec<CredentialGrant>,
}

/// Seals a secret into a reference.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EncryptCredential {
    /// The only server that may use it. It is bound into the envelope.
    pub mcp_server: ServerId,
    /// The secret.
    pub secret: Secret,
}

/// An `encrypted://` reference.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EncryptedCredential {
    /// Use this as `credential_ref` of the named server.
    pub reference: String,
}

/// Lists credentials.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListCredentials {
    /// Page size.
    pub limit: Option<PageLimit>,
    /// Page start.
    pub cursor: Option<Cursor>,
}

/// Rotates a secret.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateCredential {
    /// Credential.
    pub credential_id: CredentialId,
    /// The new secret.
    pub secret: Secret,
}

/// Replaces the grants.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetCredentialGrants {
    /// Credential.
    pub credential_id: CredentialId,
    /// Who may use it from now on. At most 64.
    #[schemars(length(max = 64))]
    pub grants: Vec<CredentialGrant>,
}

/// Deletes a credential.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteCredential {
    /// Credential.
    pub credential_id: CredentialId,
}

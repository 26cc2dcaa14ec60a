//! Credentials: what is stored, who may use it, and how it is opened. Secrets go in, never out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{CredentialId, ServerId, TenantId};
use crate::integrations::mcp::oauth::TokenExchange;
use crate::text::{Description, Name};
use crate::timestamp::Timestamp;

pub mod operations;
pub mod ports;

string_enum!(
    /// What a secret is.
    CredentialType {
        /// One opaque text.
        ApiKey = "api_key",
        /// A bearer token.
        Bearer = "bearer",
        /// `user:password`.
        Basic = "basic",
        /// Anything else.
        Custom = "custom",
    }
);

/// A stored credential as its tenant sees it: all but the secret.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CredentialMetadata {
    /// Id.
    pub credential_id: CredentialId,
    /// Owner.
    pub tenant_id: TenantId,
    /// Unique among the tenant's credentials that are not deleted.
    pub name: Name,
    /// What it is for.
    pub description: Option<Description>,
    /// What it is.
    pub credential_type: CredentialType,
    /// Use this as `credential_ref` of a server.
    pub reference: String,
    /// Who may use it. Nobody unless listed.
    pub grants: Vec<CredentialGrant>,
    /// Counts rotations, from 1.
    pub secret_version: u64,
    /// Stored.
    pub created_at: Timestamp,
    /// Last rotated or changed.
    pub updated_at: Timestamp,
    /// Deleted; its sealed secret is gone.
    pub deleted_at: Option<Timestamp>,
}

/// An explicit permission for one accessor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CredentialGrant {
    /// The MCP server that may use the credential.
    pub mcp_server: ServerId,
}

/// Who asks for a credential, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialAccess {
    /// The MCP server on whose behalf it is used.
    pub mcp_server: ServerId,
    /// Name of the key that caused it.
    pub accessor: String,
    /// `invoke_tool`, `discover_tools` or `health_check`.
    pub purpose: &'static str,
    /// What the secret is exchanged for before it is used, if it is not used itself. A vault need not look at it.
    pub exchange: Option<TokenExchange>,
}

/// A sealed secret as stored: an envelope whose associated data binds tenant, credential, field and key.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// The envelope.
    pub envelope: Vec<u8>,
    /// Counts rotations; a part of the associated data.
    pub secret_version: u64,
}

impl std::fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedSecret({} bytes, version {})", self.envelope.len(), self.secret_version)
    }
}

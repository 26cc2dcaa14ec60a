//! Connections: with whose account at an upstream a key acts (OAuth 2.1 authorization code with PKCE).

use schemars::JsonSchema;
use serde::Serialize;

use crate::ids::{KeyId, ServerId, TenantId};
use crate::timestamp::Timestamp;

pub mod operations;
pub mod ports;

/// A key's account at an MCP server, as its tenant sees it. Its tokens go in, never out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Connection {
    /// Owner.
    pub tenant_id: TenantId,
    /// The server.
    pub server_id: ServerId,
    /// The key that acts with the account, and no other.
    pub key_id: KeyId,
    /// Whether there are tokens. Otherwise it has only been begun.
    pub is_connected: bool,
    /// Until when an attempt may be completed that was begun and not completed.
    pub attempt_ends_at: Option<Timestamp>,
    /// First begun.
    pub created_at: Timestamp,
    /// Last changed; a renewed token changes it.
    pub updated_at: Timestamp,
    /// Counts changes.
    pub version: u64,
}

/// A connection with what is sealed of it: `encrypted://` references of its server.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredConnection {
    /// The connection.
    pub connection: Connection,
    /// The tokens, sealed; there while it is connected.
    pub tokens: Option<String>,
    /// What the attempt under way waits for: the digest of its state, and its sealed verifier.
    pub attempt: Option<(String, String)>,
}

impl std::fmt::Debug for StoredConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredConnection").field("connection", &self.connection).finish_non_exhaustive()
    }
}

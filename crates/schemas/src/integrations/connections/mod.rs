//! Connections: with whose account at an upstream a key acts. It is connected by logging in there (OAuth 2.1 authorization
//! code with PKCE), or with a secret of the account's.

use schemars::JsonSchema;
use serde::Serialize;

use crate::ids::{KeyId, ServerId, TenantId};
use crate::timestamp::Timestamp;

pub mod operations;
pub mod ports;

/// A key's account at an MCP server, as its tenant sees it. Its tokens and secrets go in, never out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Connection {
    /// Owner.
    pub tenant_id: TenantId,
    /// The server.
    pub server_id: ServerId,
    /// The key that acts with the account, and no other.
    pub key_id: KeyId,
    /// Whether there are tokens, or a secret. Otherwise it has only been begun.
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

string_enum!(
    /// How a key connects an account at a server.
    ConnectionWay {
        /// By logging in with a browser.
        LogIn = "log_in",
        /// With a secret, such as a personal access token.
        Secret = "secret",
    }
);

/// A connection with what is sealed of it: `encrypted://` references of its server.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredConnection {
    /// The connection.
    pub connection: Connection,
    /// The tokens, or the secret, sealed; there while it is connected.
    pub tokens: Option<String>,
    /// What the attempt under way waits for: the digest of its state, and its sealed verifier.
    pub attempt: Option<(String, String)>,
}

impl std::fmt::Debug for StoredConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredConnection").field("connection", &self.connection).finish_non_exhaustive()
    }
}

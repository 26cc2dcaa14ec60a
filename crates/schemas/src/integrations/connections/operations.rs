//! The operations `integrations.connections.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Connection, ConnectionWay};
use crate::ids::{KeyId, ServerId};
use crate::operation::operations;
use crate::secret::Secret;
use crate::text::UrlText;
use crate::timestamp::Timestamp;

bounded_text!(/// A code of an authorization server's refusal (RFC 6749 section 4.1.2.1).
    OauthErrorText, 1..=128);

operations! {
    BeginConnection => BegunConnection, "integrations.connections.begin_connection", Invoke, Write,
        "Begin to connect your own account at an MCP server; open the URL, then complete it with the same key";
    CompleteConnection => Connection, "integrations.connections.complete_connection", Invoke, Call,
        "Complete a connection with what the authorization server gave your browser";
    ConnectWithSecret => Connection, "integrations.connections.connect_with_secret", Invoke, Write,
        "Seal a secret of your own for an MCP server, or as an admin that of another key; it replaces what was connected";
    GetConnection => OwnConnection, "integrations.connections.get_connection", Invoke, Read,
        "See whether you have connected an account of your own at an MCP server";
    RemoveConnection => Connection, "integrations.connections.remove_connection", Invoke, Write,
        "Destroy the tokens or the secret of your own connection, or as an admin those of another key's";
}

/// Begins a connection. One that is there stays until the new one is complete.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginConnection {
    /// The server, of `auth_type` `oauth_authorization_code`.
    pub server_id: ServerId,
}

/// What to do next.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BegunConnection {
    /// Open this in a browser, where the owner of the account logs in. It is good once.
    pub authorization_url: String,
    /// Until then.
    pub expires_at: Timestamp,
}

/// Completes a connection. The members are those with which the browser came back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteConnection {
    /// `state`.
    pub state: Secret,
    /// `code`.
    pub code: Option<Secret>,
    /// `iss` (RFC 9207).
    pub iss: Option<UrlText>,
    /// `error`, instead of a code.
    pub error: Option<OauthErrorText>,
    /// Where the browser came back to, without its query. Where it is told it must be the address of the server's settings:
    /// that is how an answer of another authorization server is known which names no issuer (RFC 9700 section 4.4.2).
    pub redirect_uri: Option<UrlText>,
}

/// Connects with a secret.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectWithSecret {
    /// The server, whose `credential_ref` is `connection://caller`.
    pub server_id: ServerId,
    /// What its `auth_type` sends: an API key, a bearer token or `user:password`. At most 4000 bytes.
    pub secret: Secret,
    /// Who will act with it; you unless told.
    pub key_id: Option<KeyId>,
}

/// Reads a connection.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetConnection {
    /// The server.
    pub server_id: ServerId,
}

/// What a caller has at a server.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OwnConnection {
    /// Whether there is an account to act with.
    pub is_connected: bool,
    /// How one is connected; none where the server is not asked as its callers.
    pub way: Option<ConnectionWay>,
    /// The connection, once one was begun.
    pub connection: Option<Connection>,
}

/// Removes a connection.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveConnection {
    /// The server.
    pub server_id: ServerId,
    /// Whose; your own unless told.
    pub key_id: Option<KeyId>,
}

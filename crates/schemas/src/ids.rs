//! Typed ids. Every id is a prefix and a ULID in lower case; a [`TenantId`] cannot be built from request data.
//!
//! Consumers: api, drivers, engines, portcullis, server, spine, vault

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use crate::runtime::IdSource;

typed_id!(/// A registered MCP server.
    ServerId, "mcp_");
typed_id!(/// A tool of an MCP server.
    ToolId, "tool_");
typed_id!(/// A named selection of tools.
    ToolsetId, "tset_");
typed_id!(/// One governed tool call.
    InvocationId, "inv_");
typed_id!(/// A person's decision about one call.
    ApprovalId, "apr_");
typed_id!(/// The record that precedes an effect.
    IntentId, "int_");
typed_id!(/// An event of the audit trail.
    EventId, "evt_");
typed_id!(/// An incident.
    IncidentId, "inc_");
typed_id!(/// An API key. Also the look-up part of the key's text.
    KeyId, "key_");
typed_id!(/// A tool policy.
    PolicyId, "pol_");
typed_id!(/// One process that serves calls; owner of leases.
    InstanceId, "ins_");
typed_id!(/// One request at the outer edge; appears in answers, logs and the trail.
    RequestId, "req_");

/// The id of a stored credential: `[A-Za-z0-9][A-Za-z0-9._-]{0,127}` without `..`, generated as `cred_` and a ULID.
/// Unlike other ids it may be named by an external vault, so its grammar is that of the reference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CredentialId(String);

impl CredentialId {
    /// A fresh id.
    pub fn generate(ids: &dyn IdSource) -> Self {
        Self(format!("cred_{}", ids.next_ulid().to_string().to_ascii_lowercase()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for CredentialId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let mut bytes = text.bytes();
        let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let rest = bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if first && rest && text.len() <= 128 && !text.contains("..") {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidId {
            expected: "a letter or digit, then up to 127 of letters, digits, `.`, `_`, `-`, without `..`",
        })
    }
}

impl<'de> serde::Deserialize<'de> for CredentialId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for CredentialId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CredentialId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$" })
    }
}

/// A tenant. The wall of every query, key, cache and sealed secret.
///
/// It has no `Deserialize`: a tenant comes from an authenticated key, from storage, or from an operator's
/// look-up, never from the text of a request.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TenantId(String);

impl TenantId {
    /// A fresh id, `ten_` and a ULID.
    pub fn generate(ids: &dyn IdSource) -> Self {
        Self(format!("ten_{}", ids.next_ulid().to_string().to_ascii_lowercase()))
    }

    /// A tenant id from a trusted place: a stored row, a verified token, an operator's configuration.
    ///
    /// # Errors
    /// [`InvalidId`] when the text is not `[a-z0-9][a-z0-9_-]{0,62}`.
    pub fn from_trusted(text: &str) -> Result<Self, InvalidId> {
        let mut bytes = text.bytes();
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let first = bytes.next().is_some_and(is_word);
        let rest = bytes.all(|byte| is_word(byte) || matches!(byte, b'_' | b'-'));
        if first && rest && text.len() <= 63 {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidId { expected: "a lower-case letter or digit, then up to 62 of `a-z`, `0-9`, `_`, `-`" })
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for TenantId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TenantId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$" })
    }
}

/// A text is not an id of the expected kind. Says what was expected, never what was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct InvalidId {
    /// The expected form.
    pub expected: &'static str,
}

/// Checks `prefix` and 26 lower-case Crockford base32 characters (the ULID specification).
pub(crate) fn check_prefixed_ulid(text: &str, prefix: &'static str) -> Result<(), InvalidId> {
    let Some(ulid) = text.strip_prefix(prefix) else {
        return Err(InvalidId { expected: expected_form(prefix) });
    };
    let is_base32 =
        |byte: u8| byte.is_ascii_digit() || (byte.is_ascii_lowercase() && !b"ilou".contains(&byte));
    if ulid.len() == 26 && ulid.as_bytes()[0] <= b'7' && ulid.bytes().all(is_base32) {
        return Ok(());
    }
    Err(InvalidId { expected: expected_form(prefix) })
}

fn expected_form(prefix: &'static str) -> &'static str {
    match prefix {
        "mcp_" => "a server id: `mcp_` and 26 characters",
        "tool_" => "a tool id: `tool_` and 26 characters",
        "inv_" => "an invocation id: `inv_` and 26 characters",
        "inc_" => "an incident id: `inc_` and 26 characters",
        "key_" => "a key id: `key_` and 26 characters",
        "pol_" => "a policy id: `pol_` and 26 characters",
        "apr_" => "an approval id: `apr_` and 26 characters",
        _ => "a prefix and a lower-case ULID of 26 characters",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_accept_their_own_form_only() {
        let good = "mcp_01jd0000000000000000000000";
        assert_eq!(good.parse::<ServerId>().map(|id| id.to_string()).as_deref(), Ok(good));
        for bad in [
            "",
            "mcp_",
            "tool_01jd0000000000000000000000",
            "mcp_01JD0000000000000000000000",
            "mcp_81jd0000000000000000000000",
        ] {
            assert!(bad.parse::<ServerId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn tenant_ids_are_lower_case_words() {
        for good in ["t_a", "default", "ten_01jd0000000000000000000000", "0"] {
            assert!(TenantId::from_trusted(good).is_ok(), "{good}");
        }
        for bad in ["", "T_A", "_a", "a/b", "a.b", &"a".repeat(64)] {
            assert!(TenantId::from_trusted(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn credential_ids_follow_the_reference_grammar() {
        for good in ["stripe-live", "01JABCDEF0123456789ABCDEFG", "a.b_c"] {
            assert!(good.parse::<CredentialId>().is_ok(), "{good}");
        }
        for bad in ["", ".a", "a..b", "a/b", "a b", &"x".repeat(129)] {
            assert!(bad.parse::<CredentialId>().is_err(), "{bad}");
        }
    }
}

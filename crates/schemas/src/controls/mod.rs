//! Controls: the kill switch. Limits and budgets come later.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{KeyId, ServerId, TenantId, ToolId};
use crate::text::Reason;
use crate::timestamp::Timestamp;

pub mod operations;
pub mod ports;

/// What can be frozen. A frozen thing takes part in no call until it is released.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FreezeTarget {
    /// All calls of the caller's tenant.
    Tenant,
    /// All calls with this key.
    Key(KeyId),
    /// All calls to this server.
    Server(ServerId),
    /// All calls of this tool.
    Tool(ToolId),
}

impl FreezeTarget {
    /// The kind, as stored.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Key(_) => "key",
            Self::Server(_) => "server",
            Self::Tool(_) => "tool",
        }
    }

    /// The id, as stored; `*` for the tenant.
    pub fn id(&self) -> &str {
        match self {
            Self::Tenant => "*",
            Self::Key(id) => id.as_str(),
            Self::Server(id) => id.as_str(),
            Self::Tool(id) => id.as_str(),
        }
    }
}

/// A thrown switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Freeze {
    /// Owner.
    pub tenant_id: TenantId,
    /// What is frozen.
    pub target: FreezeTarget,
    /// Why.
    pub reason: Reason,
    /// Name of the key that froze it.
    pub frozen_by: String,
    /// When.
    pub frozen_at: Timestamp,
}

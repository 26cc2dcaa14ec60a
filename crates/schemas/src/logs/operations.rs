//! The operations `logs.trail.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{AuditEvent, AuditEventType};
use crate::operation::operations;
use crate::paging::{Cursor, Page, PageLimit};
use crate::text::Name;
use crate::timestamp::Timestamp;

operations! {
    ListTrailEvents => Page<AuditEvent>, "logs.trail.list_events", Read, Read, "List events of the trail, newest first";
    VerifyTrail => TrailVerification, "logs.trail.verify_trail", Read, Read,
        "Recompute the tenant's whole hash chain and say whether it holds";
    GetTrailCheckpoint => TrailCheckpoint, "logs.trail.get_checkpoint", Read, Read,
        "Get the newest signed checkpoint, and how far it covers the tenant's chain";
}

/// Lists events.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListTrailEvents {
    /// Only of this type.
    pub event_type: Option<AuditEventType>,
    /// Only about this id.
    pub subject: Option<Name>,
    /// Page size.
    pub limit: Option<PageLimit>,
    /// Page start.
    pub cursor: Option<Cursor>,
}

/// Verifies the chain.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyTrail {}

/// Gets the newest checkpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetTrailCheckpoint {}

/// What was signed last. Keep `note`, and `events` with `head`: an export of a later day must contain them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TrailCheckpoint {
    /// Its place among the checkpoints, from 0 on.
    pub number: u64,
    /// How many records of all tenants it covers.
    pub size: u64,
    /// The root of the Merkle tree (RFC 6962) over them, 64 hex digits.
    pub root: String,
    /// The signed note (c2sp.org/tlog-checkpoint).
    pub note: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many of the tenant's events it covers.
    pub events: u64,
    /// Hash of the last of them; 64 zeros when there is none.
    pub head: String,
}

/// What verification found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TrailVerification {
    /// Whether every event is there, in its place and unchanged.
    pub intact: bool,
    /// Events checked.
    pub events: u64,
    /// Hash of the last event checked; 64 zeros when there is none.
    pub head: String,
    /// The first break, if there is one.
    pub first_break: Option<TrailBreak>,
}

/// Where and how a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TrailBreak {
    /// At this sequence number.
    pub sequence: u64,
    /// `gap`, `link`, `hash`, `tenant` or `shape`.
    pub kind: String,
    /// In words.
    pub detail: String,
}

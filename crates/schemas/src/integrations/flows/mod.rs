//! What data a run of an agent has touched, and what a tool may do with data: the three things that are harmless apart
//! and let data out together (read what is private, read what a stranger wrote, send something out).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::KeyId;
use crate::text::RunId;
use crate::timestamp::Timestamp;

pub mod ports;

string_enum!(
    /// Whether something happens. Ordered.
    FlowLevel {
        /// It does not.
        None = "none",
        /// Nobody has said.
        Maybe = "maybe",
        /// It does.
        Yes = "yes",
    }
);

/// The three flows, of a tool or of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataFlows {
    /// Reads what not everybody may read.
    pub private_reads: FlowLevel,
    /// Reads what strangers may have written: web pages, mails, tickets.
    pub untrusted_reads: FlowLevel,
    /// Sends something to where others can read it.
    pub egress: FlowLevel,
}

impl DataFlows {
    /// Of a run that has done nothing.
    pub const NONE: Self =
        Self { private_reads: FlowLevel::None, untrusted_reads: FlowLevel::None, egress: FlowLevel::None };
    /// Of a tool of which nobody has said anything.
    pub const UNSAID: Self =
        Self { private_reads: FlowLevel::Maybe, untrusted_reads: FlowLevel::Maybe, egress: FlowLevel::Maybe };

    /// Both, the worse of each.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            private_reads: self.private_reads.max(other.private_reads),
            untrusted_reads: self.untrusted_reads.max(other.untrusted_reads),
            egress: self.egress.max(other.egress),
        }
    }
}

/// A run of an agent: the key that calls, and the run that it names. Calls that name none are one run of their key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunKey {
    /// The key.
    pub key_id: KeyId,
    /// The run, as the caller names it.
    pub run_id: Option<RunId>,
}

/// What a run has touched, as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunFlows {
    /// All of it.
    pub flows: DataFlows,
    /// Its last call.
    pub updated_at: Timestamp,
}

/// What a call makes of its run. The ledger writes it with the intent, if the run stands as it was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowChange {
    /// The run.
    pub run: RunKey,
    /// As the decision saw it stored; none if nothing was.
    pub seen: Option<DataFlows>,
    /// With the call.
    pub becomes: DataFlows,
}

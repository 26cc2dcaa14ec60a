//! Incidents: what a person should look at.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::ids::{IncidentId, TenantId};
use crate::timestamp::Timestamp;

pub mod operations;
pub mod ports;

string_enum!(
    /// How bad.
    IncidentSeverity {
        /// For the record.
        Low = "low",
        /// Look at it today.
        Medium = "medium",
        /// Look at it now.
        High = "high",
        /// Stop what you are doing.
        Critical = "critical",
    }
);

string_enum!(
    /// Why an incident was opened.
    IncidentCause {
        /// A pinned definition changed.
        PinBroken = "pin_broken",
        /// A definition was refused.
        DefinitionRefused = "definition_refused",
        /// Calls of a tool fail.
        InvocationFailed = "invocation_failed",
        /// The outcome of a call or exchange is not known.
        OutcomeUnknown = "outcome_unknown",
        /// A critical call was refused.
        CriticalBlocked = "critical_blocked",
        /// A server went offline.
        ServerOffline = "server_offline",
        /// A server sent back the credential that it was asked with.
        CredentialEchoed = "credential_echoed",
        /// A server reached for what is not its own, or broke the protocol as no correct one does by mistake.
        UpstreamConduct = "upstream_conduct",
        /// A definition wants an argument that sounds like a secret in a header.
        SecretMirrored = "secret_mirrored",
        /// A server's list of tools could not be read for too long.
        ListStale = "list_stale",
        /// Something had to be taken out of a tool's result.
        ResultSanitised = "result_sanitised",
        /// A key brought the state of a round that was never given out to it for that call.
        StateForged = "state_forged",
        /// Policy refused a tool that sends, in a run that with the call holds private data and what strangers wrote.
        FlowHeld = "flow_held",
    }
);

string_enum!(
    /// Life of an incident.
    IncidentStatus {
        /// Nobody has looked yet.
        Open = "open",
        /// Somebody looks.
        Acknowledged = "acknowledged",
        /// Done with.
        Resolved = "resolved",
    }
);

/// An incident.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Incident {
    /// Id.
    pub incident_id: IncidentId,
    /// Owner.
    pub tenant_id: TenantId,
    /// Why.
    pub cause: IncidentCause,
    /// How bad.
    pub severity: IncidentSeverity,
    /// One line.
    pub title: String,
    /// Life.
    pub status: IncidentStatus,
    /// What it is about, and facts such as codes and hashes.
    pub facts: Map<String, Value>,
    /// Same cause, same thing: while one is not resolved, further ones are counted instead of opened.
    pub dedup_key: String,
    /// How often it happened.
    pub occurrences: u64,
    /// First.
    pub opened_at: Timestamp,
    /// Latest.
    pub last_seen_at: Timestamp,
    /// Name of the key that acknowledged it.
    pub acknowledged_by: Option<String>,
    /// When.
    pub acknowledged_at: Option<Timestamp>,
    /// Name of the key that resolved it.
    pub resolved_by: Option<String>,
    /// When.
    pub resolved_at: Option<Timestamp>,
    /// What was done.
    pub resolution: Option<String>,
    /// Counts changes.
    pub version: u64,
}

/// An incident that the rules ask for. The store joins it to an open one of the same `dedup_key`.
#[derive(Clone, Debug, PartialEq)]
pub struct NewIncident {
    /// Id, if a new one is opened.
    pub incident_id: IncidentId,
    /// Why.
    pub cause: IncidentCause,
    /// How bad.
    pub severity: IncidentSeverity,
    /// One line.
    pub title: String,
    /// Facts.
    pub facts: Map<String, Value>,
    /// Same cause, same thing.
    pub dedup_key: String,
    /// When.
    pub opened_at: Timestamp,
}

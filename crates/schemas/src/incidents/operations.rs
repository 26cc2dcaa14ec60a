//! The operations `incidents.incidents.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Incident, IncidentStatus};
use crate::ids::IncidentId;
use crate::operation::operations;
use crate::paging::{Cursor, Page, PageLimit};
use crate::text::Reason;

operations! {
    ListIncidents => Page<Incident>, "incidents.incidents.list_incidents", Read, Read, "List incidents, newest first";
    GetIncident => Incident, "incidents.incidents.get_incident", Read, Read, "Read one incident";
    AcknowledgeIncident => Incident, "incidents.incidents.acknowledge_incident", Admin, Write, "Say that you look at an incident";
    ResolveIncident => Incident, "incidents.incidents.resolve_incident", Admin, Write, "Close an incident and say what was done";
}

/// Lists incidents.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListIncidents {
    /// Only in this state.
    pub status: Option<IncidentStatus>,
    /// Page size.
    pub limit: Option<PageLimit>,
    /// Page start.
    pub cursor: Option<Cursor>,
}

/// Reads an incident.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetIncident {
    /// Incident.
    pub incident_id: IncidentId,
}

/// Acknowledges an incident.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeIncident {
    /// Incident.
    pub incident_id: IncidentId,
}

/// Resolves an incident.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveIncident {
    /// Incident.
    pub incident_id: IncidentId,
    /// What was done.
    pub resolution: Reason,
}

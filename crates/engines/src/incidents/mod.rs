//! Incidents: who looks, and what was done. States only go forward.

use portcullis_schemas::incidents::{Incident, IncidentStatus};
use portcullis_schemas::text::Reason;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, ErrorKind, codes};

/// The incident, looked at by `by`.
///
/// # Errors
/// `state_conflict` when somebody looks already, or it is resolved.
pub fn acknowledge(incident: Incident, by: &str, now: Timestamp) -> Result<Incident, Error> {
    let status = step(incident.status, Step::Acknowledge)?;
    Ok(Incident {
        status,
        acknowledged_by: Some(by.to_owned()),
        acknowledged_at: Some(now),
        version: incident.version + 1,
        ..incident
    })
}

/// The incident, done with. It need not have been acknowledged.
///
/// # Errors
/// `state_conflict` when it is resolved already.
pub fn resolve(incident: Incident, by: &str, now: Timestamp, resolution: &Reason) -> Result<Incident, Error> {
    let status = step(incident.status, Step::Resolve)?;
    Ok(Incident {
        status,
        resolved_by: Some(by.to_owned()),
        resolved_at: Some(now),
        resolution: Some(resolution.as_str().to_owned()),
        version: incident.version + 1,
        ..incident
    })
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Acknowledge,
    Resolve,
}

/// Every transition. A state that is not named here allows none.
fn step(from: IncidentStatus, step: Step) -> Result<IncidentStatus, Error> {
    use IncidentStatus::{Acknowledged, Open, Resolved};
    let refused = match (from, step) {
        (Open, Step::Acknowledge) => return Ok(Acknowledged),
        (Open | Acknowledged, Step::Resolve) => return Ok(Resolved),
        (Acknowledged, Step::Acknowledge) => {
            "the incident is acknowledged already: resolve it when it is done with"
        }
        _ => "the incident is resolved already: if it comes again, a new one is opened",
    };
    Err(Error::new(ErrorKind::Conflict, codes::STATE_CONFLICT, refused))
}

#[cfg(test)]
mod tests;

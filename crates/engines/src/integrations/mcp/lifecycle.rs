//! The states of a server, as one table.
//!
//! Calls are let through in `active` and `degraded` only, and the only way into them is a discovery: a server that was
//! just registered, enabled, moved to another URL, or whose last discovery failed, is not trusted on its ping.

use portcullis_schemas::integrations::mcp::server::McpServerStatus;
use portcullis_schemas::{Error, ErrorKind, codes};

#[cfg(test)]
mod tests;

/// Health checks in a row that must fail before calls are refused.
pub(super) const OFFLINE_AFTER: u32 = 3;

/// What happens to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerEvent {
    Discovered,
    DiscoveryFailed,
    Healthy,
    /// With the failures in a row, this one included.
    Unhealthy(u32),
    /// Changed by an admin, its URL the same.
    Changed,
    UrlChanged,
    Enabled,
    Disabled,
    Deleted,
}

/// Whether calls go through in this state.
pub(super) fn takes_calls(status: McpServerStatus) -> bool {
    matches!(status, McpServerStatus::Active | McpServerStatus::Degraded)
}

/// The state after `event`.
///
/// # Errors
/// `state_conflict`, naming the state, when the event is not possible in it.
pub(super) fn next(status: McpServerStatus, event: ServerEvent) -> Result<McpServerStatus, Error> {
    use McpServerStatus as S;
    use ServerEvent as E;
    let next = match (status, event) {
        (S::Deleted, _) => return Err(conflict(status, "register it anew")),
        (S::Disabled, E::Enabled) => S::Pending,
        (_, E::Enabled) => return Err(conflict(status, "only a disabled server can be enabled")),
        (S::Disabled, E::Disabled) => return Err(conflict(status, "nothing is left to do")),
        (_, E::Deleted) => S::Deleted,
        (_, E::Disabled) => S::Disabled,
        (S::Disabled, _) => S::Disabled,
        (_, E::UrlChanged) => S::Pending,
        (_, E::Discovered) => S::Active,
        // The last list stays in force until it is too old: a server that does not list may still serve.
        (S::Active | S::Degraded, E::DiscoveryFailed) => S::Degraded,
        (_, E::DiscoveryFailed) => S::Error,
        (S::Active | S::Degraded | S::Offline, E::Healthy) => S::Active,
        (S::Active | S::Degraded | S::Offline, E::Unhealthy(failures)) if failures < OFFLINE_AFTER => {
            S::Degraded
        }
        (S::Active | S::Degraded | S::Offline, E::Unhealthy(_)) => S::Offline,
        (unchanged, E::Changed | E::Healthy | E::Unhealthy(_)) => unchanged,
    };
    Ok(next)
}

fn conflict(status: McpServerStatus, advice: &str) -> Error {
    Error::new(ErrorKind::Conflict, codes::STATE_CONFLICT, format!("the server is {status}: {advice}"))
}

//! Who goes on, who waits and who is refused, when more come than are served at a time.
//!
//! A [`Gate`] has a lane for each key (a tenant; a tenant and its MCP server). A lane serves so many at once and lets a
//! few wait, briefly; all lanes together have a bound too. The decision is [`admit`], which looks at values only, and
//! answers at once: whoever would wait for longer than is worth it is refused on arrival, before anything is read,
//! recorded or sent. A lane that has stood still for that long lets nobody wait, since nothing says that it will move.

use std::time::Duration;

use portcullis_schemas::codes;
use portcullis_schemas::{Error, ErrorKind};

pub(crate) use gate::Gate;
pub use gate::Slot;

mod gate;

/// The shortest and the longest that a refused caller is asked to wait.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Bounds of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Served at once in one lane.
    pub(crate) at_once: usize,
    /// Waiting in one lane.
    pub(crate) waiting: usize,
    /// Served and waiting in all lanes.
    pub(crate) all: usize,
    /// The longest wait.
    pub(crate) patience: Duration,
}

/// What a gate sees when somebody arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Occupancy {
    /// Served and waiting in the lane.
    pub(crate) here: usize,
    /// Served and waiting in all lanes.
    pub(crate) everywhere: usize,
    /// How long a place of this lane is held, on average; unknown until one was given back.
    pub(crate) held: Option<Duration>,
    /// Since a place of this lane was last taken or given back.
    pub(crate) still: Duration,
}

/// What becomes of who arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// There is a place.
    Enter,
    /// There will be one, at the latest after this.
    Wait(Duration),
    /// There is none.
    Refuse(Refusal),
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    limit: Limit,
    retry_after: Duration,
}

/// Whose limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    /// The lane's: it is full of the caller's own tenant.
    Lane,
    /// The gate's: it is full of everybody.
    Gate,
}

/// Decides on an arrival that will wait for at most `longest`.
pub(crate) fn admit(bounds: &Bounds, seen: &Occupancy, longest: Duration) -> Admission {
    let refuse = |limit, wait: Duration| {
        Admission::Refuse(Refusal { limit, retry_after: wait.clamp(RETRY.0, RETRY.1) })
    };
    if seen.everywhere >= bounds.all {
        return refuse(Limit::Gate, RETRY.0);
    }
    if seen.here < bounds.at_once {
        return Admission::Enter;
    }
    let patience = bounds.patience.min(longest);
    let ahead = seen.here - bounds.at_once + 1;
    let expected = seen.held.unwrap_or_default().saturating_mul(count(ahead)) / count(bounds.at_once.max(1));
    if seen.still > bounds.patience {
        // The longer it stands still, the later it is worth asking again.
        return refuse(Limit::Lane, seen.still.max(expected));
    }
    // Half, because places are not given back evenly: who waited in vain was refused late, which is worse than at once.
    if ahead > bounds.waiting || expected > patience / 2 {
        return refuse(Limit::Lane, expected);
    }
    Admission::Wait(patience)
}

impl Refusal {
    /// The refusal as the caller sees it. A full lane is the tenant's own doing, so sending less helps: `RateLimited`
    /// (429, RFC 6585 section 4). A full gate is nobody's in particular: `Unavailable` (503, RFC 9110 section 15.6.4),
    /// which load balancers count against the replica; one tenant alone must not be able to cause that.
    pub(crate) fn to_error(self, what: &str) -> Error {
        let (kind, public) = match self.limit {
            Limit::Lane => {
                (ErrorKind::RateLimited, format!("{what}; nothing was done, send it again after Retry-After"))
            }
            Limit::Gate => (
                ErrorKind::Unavailable,
                "as much is under way as is served at a time; nothing was done, send it again after Retry-After"
                    .to_owned(),
            ),
        };
        Error::new(kind, codes::OVERLOADED, public).with_retry_after(self.retry_after)
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;

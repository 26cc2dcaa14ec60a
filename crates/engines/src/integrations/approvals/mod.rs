//! Approvals of single calls: when one is asked for, what it is bound to, what is shown of the call, and who may decide.

use portcullis_schemas::ids::KeyId;
use portcullis_schemas::integrations::approvals::{ApprovalRule, ApprovalStatus, CallApproval};
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::text::Reason;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, ErrorKind, codes};

use crate::integrations::mcp::decision::takes_calls;

mod binding;
mod people;
mod shown;
mod standing;
#[cfg(test)]
mod tests;

pub use self::binding::{Bound, binding_bytes};
pub use self::people::makers_of;
pub use self::shown::{REDACTED, shown_arguments};
pub use self::standing::{ApprovalNeed, ApprovalStanding, carried_by, standing_of};

/// Most approvals of one key that may wait at a time: an agent in a loop must not bury the others' requests.
pub const MOST_PENDING: u64 = 100;

/// Who decides on an approval.
#[derive(Clone, Copy, Debug)]
pub struct Decider<'a> {
    /// Their key.
    pub key: &'a KeyId,
    /// Its name.
    pub name: &'a str,
    /// The names of [those who made it](makers_of); asked for only where two people are wanted.
    pub makers: &'a [&'a str],
    /// When it was made.
    pub since: Timestamp,
}

impl Decider<'_> {
    /// Whether who asks may stand behind it: it is the same key, or one of the same name, or they made it, or it was made
    /// for this question.
    fn may_be_who_asks(&self, approval: &CallApproval) -> bool {
        approval.requested_by == *self.key
            || approval.actor_id == self.name
            || self.makers.contains(&approval.actor_id.as_str())
            || self.since >= approval.requested_at
    }
}

/// What the approval's call would be judged by now.
#[derive(Clone, Copy, Debug)]
pub struct Current<'a> {
    /// The tool; absent if it is gone.
    pub tool: Option<&'a McpTool>,
    /// Version of the tenant's policies.
    pub policy_version: u64,
}

/// The approval, granted.
///
/// # Errors
/// `state_conflict` when it is not pending any more, or when the tool takes no calls, its pin or the policies have changed, so
/// that it would be worth nothing; `approval_four_eyes` when it needs somebody else than who asks.
pub fn grant(
    approval: CallApproval,
    by: Decider<'_>,
    reason: &Reason,
    now: Timestamp,
    current: Current<'_>,
) -> Result<CallApproval, Error> {
    pending(&approval, now)?;
    if approval.rule == ApprovalRule::FourEyes && by.may_be_who_asks(&approval) {
        let message = "whoever asks for this call may not approve it: somebody else must, with a key of another name that was \
                       there before and that who asks has not made";
        return Err(Error::new(ErrorKind::Denied, codes::APPROVAL_FOUR_EYES, message));
    }
    let Some(tool) = current.tool.filter(|tool| takes_calls(tool)) else {
        return Err(conflict(
            "the tool is gone, disabled or quarantined, so the call could not be made: see to the tool, then let the agent ask \
             again",
        ));
    };
    if approval.pinned_hash != tool.pinned_hash || approval.policy_version != current.policy_version {
        return Err(conflict(
            "the tool's definition or the tenant's policies have changed since this was asked for: let the agent ask again",
        ));
    }
    Ok(decided(approval, ApprovalStatus::Granted, by, reason, now))
}

/// The approval, denied. Anybody with authority may, also after it was granted, until its call is made.
///
/// # Errors
/// `state_conflict` when it is denied, used or over.
pub fn deny(
    approval: CallApproval,
    by: Decider<'_>,
    reason: &Reason,
    now: Timestamp,
) -> Result<CallApproval, Error> {
    if approval.clone().at(now).status != ApprovalStatus::Granted {
        pending(&approval, now)?;
    }
    Ok(decided(approval, ApprovalStatus::Denied, by, reason, now))
}

fn pending(approval: &CallApproval, now: Timestamp) -> Result<(), Error> {
    match approval.clone().at(now).status {
        ApprovalStatus::Pending => Ok(()),
        ApprovalStatus::Granted => Err(conflict("it is granted already")),
        ApprovalStatus::Denied => Err(conflict("it is denied already: let the agent ask again later")),
        ApprovalStatus::Used => Err(conflict("it was granted, and its call was made")),
        _ => Err(conflict("its time is over, so it counts as denied: let the agent ask again")),
    }
}

fn decided(
    approval: CallApproval,
    status: ApprovalStatus,
    by: Decider<'_>,
    reason: &Reason,
    now: Timestamp,
) -> CallApproval {
    CallApproval {
        status,
        decided_by: Some(by.name.to_owned()),
        decided_at: Some(now),
        reason: Some(reason.as_str().to_owned()),
        version: approval.version + 1,
        ..approval
    }
}

fn conflict(message: &str) -> Error {
    Error::new(ErrorKind::Conflict, codes::STATE_CONFLICT, message)
}

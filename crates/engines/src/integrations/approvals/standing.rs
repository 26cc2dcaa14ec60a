//! How the approval of a call stands when the call comes.

use portcullis_schemas::ids::ApprovalId;
use portcullis_schemas::integrations::approvals::{
    ApprovalRule, ApprovalStatus, CallApproval, StoredApproval,
};
use portcullis_schemas::timestamp::Timestamp;

/// How it stands. Only the ledger, in the transaction of the record, makes sure of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApprovalStanding {
    /// Nobody has asked, or what was asked is over.
    NotAsked,
    /// It was asked for, and waits until then.
    Pending {
        /// Approval.
        id: ApprovalId,
        /// From then on it counts as denied.
        expires_at: Timestamp,
    },
    /// A person lets it be made. The approval is used up with the record.
    Granted(ApprovalId),
    /// It goes on from a call that was made on this approval, and is covered by it.
    Carried(ApprovalId),
    /// A person has refused it, and why.
    Denied {
        /// Approval.
        id: ApprovalId,
        /// In that person's words.
        reason: String,
    },
    /// It was not asked for, and this key has too many that wait.
    Full,
    /// Nobody is asked: it is no use of a thing, but comes before one, with every letter that somebody types.
    NotGiven,
}

/// What a call that may otherwise be made still needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalNeed {
    /// From whom.
    pub rule: ApprovalRule,
    /// The one that was asked for before.
    pub waiting: Option<(ApprovalId, Timestamp)>,
}

/// How it stands, by the newest approval of the same binding. `repeatable` says that the call has an idempotency key and
/// may so be a repeat: then a used approval lets it through to the ledger, which answers repeats before it looks at
/// approvals, and refuses what is none.
#[must_use]
pub fn standing_of(newest: Option<CallApproval>, now: Timestamp, repeatable: bool) -> ApprovalStanding {
    let Some(newest) = newest.map(|newest| newest.at(now)) else { return ApprovalStanding::NotAsked };
    let id = newest.approval_id;
    match newest.status {
        ApprovalStatus::Pending => ApprovalStanding::Pending { id, expires_at: newest.expires_at },
        ApprovalStatus::Granted => ApprovalStanding::Granted(id),
        ApprovalStatus::Used if repeatable => ApprovalStanding::Granted(id),
        // As long as it would have waited: who was refused shall not ask at once again.
        ApprovalStatus::Denied if newest.expires_at > now => {
            ApprovalStanding::Denied { id, reason: newest.reason.unwrap_or_default() }
        }
        _ => ApprovalStanding::NotAsked,
    }
}

/// Whether the approval of the round that a call goes on from covers it too: the call is still what it was given for, and it
/// is no later than a person had to give it. Whatever was asked for since is of other calls.
#[must_use]
pub fn carried_by(own: StoredApproval, binding: &str, now: Timestamp) -> Option<ApprovalStanding> {
    let StoredApproval { approval, binding: bound, .. } = own;
    let covers = bound == binding && approval.status == ApprovalStatus::Used && approval.expires_at > now;
    covers.then_some(ApprovalStanding::Carried(approval.approval_id))
}

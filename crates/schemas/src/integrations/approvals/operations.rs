//! The operations `integrations.approvals.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApprovalStatus, CallApproval, ShownApproval};
use crate::ids::ApprovalId;
use crate::operation::operations;
use crate::paging::{Cursor, Page, PageLimit};
use crate::text::Reason;

operations! {
    ListApprovals => Page<CallApproval>, "integrations.approvals.list_approvals", Read, Read,
        "List approvals of calls, newest first";
    GetApproval => ShownApproval, "integrations.approvals.get_approval", Admin, Read,
        "Read one approval with the arguments of its call";
    GrantApproval => CallApproval, "integrations.approvals.grant_approval", Admin, Write,
        "Let the call be made, once, as it was shown";
    DenyApproval => CallApproval, "integrations.approvals.deny_approval", Admin, Write, "Refuse the call";
}

/// Lists approvals.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListApprovals {
    /// Only those that stand so.
    pub status: Option<ApprovalStatus>,
    /// Page size.
    pub limit: Option<PageLimit>,
    /// Page start.
    pub cursor: Option<Cursor>,
}

/// Reads an approval.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetApproval {
    /// Approval.
    pub approval_id: ApprovalId,
}

/// Grants an approval.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantApproval {
    /// Approval.
    pub approval_id: ApprovalId,
    /// Why.
    pub reason: Reason,
}

/// Denies an approval: one that waits, or a granted one whose call is not made yet.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DenyApproval {
    /// Approval.
    pub approval_id: ApprovalId,
    /// Why; the agent is told.
    pub reason: Reason,
}

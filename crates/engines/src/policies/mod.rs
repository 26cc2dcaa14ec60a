//! Tool policies: what a write makes of them, and the Cedar engine that decides by them.

use portcullis_schemas::ids::{PolicyId, TenantId};
use portcullis_schemas::policies::operations::PutToolPolicy;
use portcullis_schemas::policies::{PolicyProblem, TenantPolicySet, ToolPolicyRecord};
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, ErrorKind, codes};

pub mod cedar;
pub mod templates;

/// Most policies that a tenant may have; every one of them is evaluated for every call.
pub const MAX_POLICIES: usize = 200;
/// Most bytes of policy text that a tenant may have.
pub const MAX_TOTAL_BYTES: usize = 256 * 1024;

/// The record that a write makes: a new policy, or the next version of `existing` (the tenant's policy of the
/// requested name). A write replaces text and description whole. `expected_version` 0 means "it must be new".
///
/// # Errors
/// `state_conflict` when `expected_version` is given and differs from the stored version.
pub fn next_policy(
    existing: Option<&ToolPolicyRecord>,
    request: PutToolPolicy,
    tenant: &TenantId,
    new_id: PolicyId,
    now: Timestamp,
    by: &str,
) -> Result<ToolPolicyRecord, Error> {
    let stored_version = existing.map_or(0, |policy| policy.version);
    if let Some(expected) = request.expected_version
        && expected != stored_version
    {
        return Err(version_conflict(stored_version));
    }
    Ok(ToolPolicyRecord {
        policy_id: existing.map_or(new_id, |policy| policy.policy_id.clone()),
        tenant_id: tenant.clone(),
        name: request.name,
        description: request.description,
        text: request.text,
        version: stored_version + 1,
        created_at: existing.map_or(now, |policy| policy.created_at),
        updated_at: now,
        updated_by: by.to_owned(),
    })
}

/// The refusal of a policy text, if it has problems. The message tells the first; `validate_policy` tells all.
pub fn refusal(problems: &[PolicyProblem]) -> Option<Error> {
    let first = problems.first()?;
    let place = first.line.map(|line| format!("line {line}: ")).unwrap_or_default();
    let others = match problems.len() - 1 {
        0 => String::new(),
        1 => " (and 1 problem more: ask validate_policy)".to_owned(),
        more => format!(" (and {more} problems more: ask validate_policy)"),
    };
    let message = format!("{place}{}{others}", first.message);
    Some(Error::new(ErrorKind::Invalid, codes::POLICY_INVALID, message).with_field("text"))
}

/// Whether the tenant's set stays within its bounds, [`MAX_POLICIES`] and [`MAX_TOTAL_BYTES`], once `next` is written.
///
/// # Errors
/// `invalid_field` that names the bound.
pub fn fits_set(current: &TenantPolicySet, next: &ToolPolicyRecord) -> Result<(), Error> {
    let others = current.policies.iter().filter(|policy| policy.policy_id != next.policy_id);
    let (count, bytes) = others.fold((1, next.text.as_str().len()), |(count, bytes), policy| {
        (count + 1, bytes + policy.text.as_str().len())
    });
    if count > MAX_POLICIES {
        return Err(Error::invalid(
            "name",
            format!("a tenant has at most {MAX_POLICIES} policies: delete one first"),
        ));
    }
    if bytes > MAX_TOTAL_BYTES {
        let expected =
            format!("a tenant's policies have at most {MAX_TOTAL_BYTES} bytes together, not {bytes}");
        return Err(Error::invalid("text", expected));
    }
    Ok(())
}

fn version_conflict(stored: u64) -> Error {
    let public = match stored {
        0 => "there is no policy of this name yet: leave expected_version out".to_owned(),
        _ => {
            format!("the policy has version {stored} now: read it again and retry with that expected_version")
        }
    };
    Error::new(ErrorKind::Conflict, codes::STATE_CONFLICT, public).with_field("expected_version")
}

#[cfg(test)]
mod tests;

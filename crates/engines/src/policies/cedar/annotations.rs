//! What a policy says besides its conditions: `@approval("required")` or `@approval("four_eyes")`.
//!
//! A `permit` that is annotated so asks for a person's approval of each call that it permits. A `forbid` that is forbids
//! unless a person approves: it permits nothing by itself, and stands only in the way of what others permit.

use cedar_policy::Policy;
use portcullis_schemas::integrations::approvals::ApprovalRule;

const APPROVAL: &str = "approval";
/// Annotations that say something to people only.
const WORDS: [&str; 2] = ["description", "id"];

/// What a policy asks for.
///
/// # Errors
/// What is wrong with its annotation: one that is not understood must not count as none.
pub(super) fn approval(policy: &Policy) -> Result<ApprovalRule, String> {
    let Some(word) = policy.annotation(APPROVAL) else { return Ok(ApprovalRule::None) };
    match word.parse() {
        Ok(asked) if asked > ApprovalRule::None => Ok(asked),
        _ => Err("`@approval` is of an unknown kind: expected \"required\" or \"four_eyes\"".to_owned()),
    }
}

/// What is wrong with a policy's annotations. A name that is misspelt would ask for nothing.
pub(super) fn problems(policy: &Policy) -> Vec<String> {
    let unknown =
        policy.annotations().map(|(name, _)| name).filter(|name| *name != APPROVAL && !WORDS.contains(name));
    let mut problems: Vec<String> = unknown
        .map(|name| {
            format!("the annotation `@{name}` is unknown: expected `@approval`, `@description` or `@id`")
        })
        .collect();
    problems.extend(approval(policy).err());
    problems
}

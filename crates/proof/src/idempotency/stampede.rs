//! One key: many callers at once, one afterwards, one with another body.

use color_eyre::eyre::Result;

use super::{body, is_problem};
use crate::permitted::PermittedTool;

/// Callers that present one key at once.
const DUPLICATES: usize = 50;

/// What is counted over all keys.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) requests: u64,
    pub(super) in_flight: u64,
    /// Refused because more was under way than is served at a time; nothing was done.
    pub(super) overloaded: u64,
    pub(super) other: u64,
    pub(super) other_repeats: u64,
    pub(super) mismatches_let_through: u64,
}

/// Spreads the callers over the gates.
pub(super) async fn run(tools: &[PermittedTool], key: &str, answers: &mut Answers) -> Result<()> {
    let same = body(key);
    let callers: Vec<_> = tools
        .iter()
        .cycle()
        .take(DUPLICATES)
        .map(|tool| {
            let (tool, body, key) = (tool.clone(), same.clone(), key.to_owned());
            tokio::spawn(async move { tool.invoke(&body, &[("idempotency-key", &key)]).await })
        })
        .collect();
    let mut given = Vec::with_capacity(DUPLICATES);
    for caller in callers {
        given.push(caller.await??);
    }
    let last = &tools[tools.len() - 1];
    let again = last.invoke(&same, &[("idempotency-key", key)]).await?;
    let other = last.invoke(&body("another body"), &[("idempotency-key", key)]).await?;
    for answer in &given {
        answers.requests += 1;
        if is_problem(answer, 409, "idempotency_in_flight") {
            answers.in_flight += 1;
        } else if is_problem(answer, 429, "overloaded") {
            answers.overloaded += 1;
        } else if answer.status != 200 || answer.text != again.text {
            answers.other += 1;
        }
    }
    answers.other_repeats += u64::from(again.status != 200);
    answers.mismatches_let_through += u64::from(!is_problem(&other, 422, "idempotency_mismatch"));
    Ok(())
}

//! Compares three ledgers: what callers were told, what the trail says, what the upstream did. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::trail::Trail;

/// One call, in the caller's ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Its name: in the trail the run's id, upstream the argument.
    pub(crate) nonce: String,
    /// What the caller was told; nothing if the connection ended first.
    pub(crate) answer: Option<Answer>,
}

/// An answer of the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) kind: AnswerKind,
    /// The invocation that it speaks of.
    pub(crate) invocation: Option<String>,
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AnswerKind {
    /// The tool's result.
    Result,
    /// A refusal or a failure, and its code.
    Problem(String),
}

/// What does not agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    pub(crate) without_intent: u64,
    pub(crate) unrecorded: u64,
    pub(crate) open: u64,
    pub(crate) doubles: u64,
    pub(crate) invented: u64,
}

impl Answer {
    /// Reads an answer of `invoke_tool`; what is none of ours counts as none.
    pub(crate) fn read(status: u16, body: &Value) -> Option<Self> {
        let invocation = body["invocation_id"].as_str().map(str::to_owned);
        let kind = match (status, body["code"].as_str()) {
            (200, _) if body["status"] == "success" => AnswerKind::Result,
            (_, Some(code)) => AnswerKind::Problem(code.to_owned()),
            _ => return None,
        };
        Some(Self { kind, invocation })
    }

    /// Whether it says itself that its outcome is not recorded.
    pub(crate) fn is_withheld(&self) -> bool {
        matches!(&self.kind, AnswerKind::Problem(code) if code == "outcome_unrecorded" || code == "audit_unavailable")
    }
}

impl Call {
    /// Whether its caller was told that its outcome is not recorded.
    pub(crate) fn is_withheld(&self) -> bool {
        self.answer.as_ref().is_some_and(Answer::is_withheld)
    }
}

impl Differences {
    pub(crate) fn add(&mut self, other: &Self) {
        self.without_intent += other.without_intent;
        self.unrecorded += other.unrecorded;
        self.open += other.open;
        self.doubles += other.doubles;
        self.invented += other.invented;
    }
}

/// Compares the ledgers of one database. `upstream` holds a nonce for each call that arrived there.
pub(crate) fn reconcile<'u>(
    caller: &[Call],
    trail: &Trail,
    upstream: impl IntoIterator<Item = &'u str>,
) -> Differences {
    let mut arrived: BTreeMap<&str, u64> = BTreeMap::new();
    for nonce in upstream {
        *arrived.entry(nonce).or_default() += 1;
    }
    let with_intent = trail.nonces_with_intent();
    let mut found = Differences { open: trail.open() as u64, ..Differences::default() };
    found.without_intent =
        arrived.iter().filter(|(nonce, _)| !with_intent.contains(**nonce)).map(|(_, times)| times).sum();
    found.doubles = arrived.values().map(|times| times - 1).sum();
    for recorded in trail.calls() {
        found.doubles += recorded.ends.len().saturating_sub(1) as u64;
        let arrived = recorded.nonce.as_deref().is_some_and(|nonce| arrived.contains_key(nonce));
        found.invented += u64::from(recorded.succeeded() && !arrived);
    }
    found.unrecorded = caller.iter().filter(|call| !is_recorded(call, trail)).count() as u64;
    found
}

/// Whether the trail says what the caller was told.
fn is_recorded(call: &Call, trail: &Trail) -> bool {
    let Some(answer) = &call.answer else { return true };
    if answer.is_withheld() {
        return true;
    }
    let recorded = answer.invocation.as_deref().and_then(|invocation| trail.call(invocation));
    match (&answer.kind, recorded) {
        (AnswerKind::Result, Some(recorded)) => {
            recorded.succeeded() && recorded.nonce.as_deref() == Some(&call.nonce)
        }
        (AnswerKind::Result, None) => false,
        (AnswerKind::Problem(_), Some(recorded)) => recorded.denied || !recorded.ends.is_empty(),
        // A refusal before there was an invocation.
        (AnswerKind::Problem(_), None) => answer.invocation.is_none(),
    }
}

#[cfg(test)]
mod tests;

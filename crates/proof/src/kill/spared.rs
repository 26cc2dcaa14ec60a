//! Calls that a kill had nothing to do with: they were on another gate of the same database, whose storage was healthy
//! all the time. Pure.

use std::collections::BTreeSet;

use super::reconcile::Call;
use super::trail::Trail;

/// What became of them, and how many answers of any gate were withheld, although only gates were killed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spared {
    pub(super) calls: u64,
    /// Closed as `unknown`, as if their gate had died.
    pub(super) unknown: u64,
    pub(super) withheld: u64,
}

impl Spared {
    /// Looks at all calls of a database, of which those with these nonces were spared.
    pub(super) fn of(calls: &[Call], spared: &BTreeSet<String>, trail: &Trail) -> Self {
        let is_spared = |nonce: &Option<String>| nonce.as_ref().is_some_and(|nonce| spared.contains(nonce));
        let ended = trail.calls().filter(|call| is_spared(&call.nonce)).flat_map(|call| &call.ends);
        let withheld =
            calls.iter().filter_map(|call| call.answer.as_ref()).filter(|answer| answer.is_withheld());
        Self {
            calls: spared.len() as u64,
            unknown: ended.filter(|end| *end == "unknown").count() as u64,
            withheld: withheld.count() as u64,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.unknown += other.unknown;
        self.withheld += other.withheld;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::reconcile::{Answer, AnswerKind};
    use super::*;

    fn told(nonce: &str, code: &str) -> Call {
        let (kind, invocation) = (AnswerKind::Problem(code.to_owned()), None);
        Call { nonce: nonce.to_owned(), answer: Some(Answer { kind, invocation }) }
    }

    #[test]
    fn only_calls_that_were_spared_must_not_be_unknown_but_no_answer_may_be_withheld() {
        let mut trail = Trail::default();
        for (sequence, nonce) in [(1, "spared"), (2, "cut-off")] {
            let subject = json!({ "invocation_id": format!("of {nonce}"), "run_id": nonce });
            let kind = "tool_invocation.unknown";
            trail.add(&json!({ "sequence": sequence, "event_type": kind, "subject": subject }));
        }
        let calls = [
            told("spared", "outcome_unrecorded"),
            told("a", "audit_unavailable"),
            told("b", "policy_denied"),
        ];
        let spared = BTreeSet::from(["spared".to_owned()]);
        assert_eq!(Spared::of(&calls, &spared, &trail), Spared { calls: 1, unknown: 1, withheld: 2 });
    }
}

//! Calls that a kill had nothing to do with: they were on another gate of the same database, whose storage was healthy
//! all the time. Pure.

use std::collections::BTreeSet;

use super::reconcile::Call;
use super::trail::Trail;

/// What became of them, and how many answers of any gate were withheld, although only gates were killed. Calls that storage
/// which stood still has spoilt are counted apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spared {
    pub(super) calls: u64,
    /// Closed as `unknown`, as if their gate had died.
    pub(super) unknown: u64,
    pub(super) withheld: u64,
    pub(super) stalled: u64,
}

impl Spared {
    /// Looks at all calls of a database, of which those with these nonces were spared, and those with these met storage that
    /// stood still.
    pub(super) fn of(
        calls: &[Call],
        spared: &BTreeSet<String>,
        stalled: &BTreeSet<String>,
        trail: &Trail,
    ) -> Self {
        let counts = |nonce: &String| spared.contains(nonce) && !stalled.contains(nonce);
        let ended =
            trail.calls().filter(|call| call.nonce.as_ref().is_some_and(counts)).flat_map(|call| &call.ends);
        let withheld = calls.iter().filter(|call| call.is_withheld() && !stalled.contains(&call.nonce));
        Self {
            calls: spared.len() as u64,
            unknown: ended.filter(|end| *end == "unknown").count() as u64,
            withheld: withheld.count() as u64,
            stalled: stalled.len() as u64,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.unknown += other.unknown;
        self.withheld += other.withheld;
        self.stalled += other.stalled;
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
        for (sequence, nonce) in [(1, "spared"), (2, "cut-off"), (3, "stalled")] {
            let subject = json!({ "invocation_id": format!("of {nonce}"), "run_id": nonce });
            let kind = "tool_invocation.unknown";
            trail.add(&json!({ "sequence": sequence, "event_type": kind, "subject": subject }));
        }
        let calls = [
            told("spared", "outcome_unrecorded"),
            told("a", "audit_unavailable"),
            told("b", "policy_denied"),
            told("stalled", "outcome_unrecorded"),
        ];
        let named = |nonces: &[&str]| nonces.iter().map(|nonce| (*nonce).to_owned()).collect();
        let found = Spared::of(&calls, &named(&["spared", "stalled"]), &named(&["stalled"]), &trail);
        assert_eq!(found, Spared { calls: 2, unknown: 1, withheld: 2, stalled: 1 });
        let found = Spared::of(&calls, &named(&["spared", "stalled"]), &named(&[]), &trail);
        assert_eq!(found, Spared { calls: 2, unknown: 2, withheld: 3, stalled: 0 });
    }
}

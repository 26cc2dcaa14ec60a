//! Ledgers that agree, and each way in which they do not.

use serde_json::json;

use super::*;

fn event(sequence: u64, kind: &str, invocation: &str, nonce: &str) -> Value {
    json!({
        "sequence": sequence,
        "event_type": format!("tool_invocation.{kind}"),
        "subject": { "invocation_id": invocation, "run_id": nonce },
    })
}

/// A trail of one call `n` with the invocation `i`, which went through these events.
fn trail(kinds: &[&str]) -> Trail {
    let mut trail = Trail::default();
    for (sequence, kind) in (1..).zip(kinds) {
        trail.add(&event(sequence, kind, "i", "n"));
    }
    trail
}

fn told(kind: AnswerKind) -> Vec<Call> {
    vec![Call { nonce: "n".to_owned(), answer: Some(Answer { kind, invocation: Some("i".to_owned()) }) }]
}

fn problem(code: &str) -> AnswerKind {
    AnswerKind::Problem(code.to_owned())
}

/// What it is, the caller's ledger, steps in the trail, nonces upstream, and what differs.
type Case = (&'static str, Vec<Call>, &'static [&'static str], &'static [&'static str], Differences);

#[test]
fn what_agrees_and_what_does_not() {
    let done: &'static [&'static str] = &["requested", "allowed", "completed"];
    let unknown: &'static [&'static str] = &["requested", "allowed", "unknown"];
    let none = Differences::default;
    let cut_off = vec![Call { nonce: "n".to_owned(), answer: None }];
    let table: Vec<Case> = vec![
        ("done", told(AnswerKind::Result), done, &["n"], none()),
        ("cut off after it was done", cut_off.clone(), done, &["n"], none()),
        ("cut off on its way", cut_off.clone(), unknown, &["n"], none()),
        ("cut off before it left", cut_off.clone(), unknown, &[], none()),
        ("cut off before it was recorded", cut_off.clone(), &[], &[], none()),
        ("refused", told(problem("policy_denied")), &["requested", "denied"], &[], none()),
        ("withheld", told(problem("outcome_unrecorded")), unknown, &["n"], none()),
        ("not recorded", cut_off.clone(), &[], &["n"], Differences { without_intent: 1, ..none() }),
        (
            "recorded as an outcome only",
            told(AnswerKind::Result),
            &["completed"],
            &["n"],
            Differences { without_intent: 1, ..none() },
        ),
        (
            "answered, but unknown",
            told(AnswerKind::Result),
            unknown,
            &["n"],
            Differences { unrecorded: 1, ..none() },
        ),
        ("answered, but absent", told(AnswerKind::Result), &[], &[], Differences { unrecorded: 1, ..none() }),
        (
            "a failure that is not recorded",
            told(problem("upstream_timeout")),
            &["requested", "allowed"],
            &["n"],
            Differences { unrecorded: 1, open: 1, ..none() },
        ),
        ("open", cut_off.clone(), &["requested", "allowed"], &["n"], Differences { open: 1, ..none() }),
        ("run twice", cut_off.clone(), unknown, &["n", "n"], Differences { doubles: 1, ..none() }),
        (
            "ended twice",
            told(AnswerKind::Result),
            &["requested", "allowed", "completed", "unknown"],
            &["n"],
            Differences { doubles: 1, unrecorded: 1, ..none() },
        ),
        ("invented", cut_off, done, &[], Differences { invented: 1, ..none() }),
    ];
    for (what, caller, kinds, upstream, expected) in table {
        assert_eq!(reconcile(&caller, &trail(kinds), upstream.iter().copied()), expected, "{what}");
    }
}

#[test]
fn an_answer_for_another_call_is_not_recorded() {
    let mut caller = told(AnswerKind::Result);
    caller[0].nonce = "other".to_owned();
    let found = reconcile(&caller, &trail(&["requested", "allowed", "completed"]), ["n"]);
    assert_eq!(found, Differences { unrecorded: 1, ..Differences::default() });
}

#[test]
fn an_event_that_is_seen_twice_counts_once() {
    let mut trail = trail(&["requested", "allowed", "completed"]);
    trail.add(&event(3, "completed", "i", "n"));
    assert_eq!(reconcile(&told(AnswerKind::Result), &trail, ["n"]), Differences::default());
}

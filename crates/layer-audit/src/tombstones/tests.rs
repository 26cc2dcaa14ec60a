//! Which tombstones there are, and what a collapse would do.

use super::*;
use crate::evaluate::{Selection, evaluate};

const LAW: &str = "schema = 1\n[markers]\ntombstone = \"Tombstone:\"\n";
const HEAD: &str = "//! Moved.\n//!\n//! Tombstone: 2030-06-30 use crate::new\npub use crate::new::Thing;\n";
const ROOT: &str = "//! A.\n\npub mod new;\npub mod old;\npub mod older;\n";

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

fn law(more: &str) -> Config {
    Config::parse(&format!("{LAW}{more}")).expect("valid")
}

/// A crate with the tombstones `old`, which `text` may name, and `older`, which nobody does.
fn planted(text: &str) -> Workspace {
    let mut workspace = Workspace::default();
    workspace.plant("crates/a/src/lib.rs", ROOT);
    workspace.plant("crates/a/src/new.rs", &format!("pub struct Thing; {text}"));
    workspace.plant("crates/a/src/old.rs", HEAD);
    workspace.plant("crates/a/src/older.rs", HEAD);
    workspace
}

fn found(text: &str) -> Vec<Tombstone> {
    tombstones(&planted(text), &law(""))
}

#[test]
fn headers_are_read_strictly() {
    let cases = [
        ("2030-06-30 use crate::new::path", true),
        ("2030-06-30 use other::new", true),
        ("2030-06-30", false),
        ("2030-6-30 use crate::new", false),
        ("2030-06-30 use new", false),
        ("2030-06-30 use crate::", false),
        ("2030-06-30 use crate::new.", false),
        ("2030-06-30  use crate::new", false),
        ("use crate::new from 2030-06-30", false),
        ("", false),
    ];
    for (value, good) in cases {
        assert_eq!(terms(value).is_ok(), good, "{value}");
    }
}

#[test]
fn a_tombstone_goes_once_nobody_names_it() {
    let all = found("fn f() { crate::old::g(); }");
    let [old, older] = all.as_slice() else { panic!("two tombstones: {all:?}") };
    assert_eq!(
        old.line(day("2030-06-30")),
        "crates/a/src/old.rs a::old until 2030-06-30: named by crates/a/src/new.rs:1:28"
    );
    assert_eq!(old.fate(day("2030-07-01")), Fate::Overdue);
    assert_eq!(older.fate(day("2030-06-30")), Fate::Waits);
    assert_eq!(older.fate(day("2030-07-01")), Fate::Goes);
    assert_eq!(older.declared_in, ["crates/a/src/lib.rs"]);
}

#[test]
fn a_collapse_deletes_what_may_go_and_names_what_may_not() {
    let read = |_: &str| Ok::<_, ()>(ROOT.to_owned());
    let plan = collapse(&found(""), &law(""), day("2030-07-01"), read).expect("readable");
    assert_eq!(
        plan.delete.iter().map(String::as_str).collect::<Vec<_>>(),
        ["crates/a/src/old.rs", "crates/a/src/older.rs"]
    );
    assert_eq!(plan.rewrite["crates/a/src/lib.rs"], "//! A.\n\npub mod new;\n");
    assert!(plan.by_hand.is_empty());

    let overdue =
        collapse(&found("use crate::old::Thing as T;"), &law(""), day("2030-07-01"), read).expect("readable");
    assert_eq!(overdue.delete.len(), 1);
    let expected = "crates/a/src/old.rs a::old until 2030-06-30: its day is past; name crate::new in crates/a/src/new.rs:1:35";
    assert_eq!(overdue.by_hand, [expected]);
}

#[test]
fn a_collapse_leaves_what_has_time_left_and_says_why() {
    let read = |_: &str| Ok::<_, ()>(ROOT.to_owned());
    let plan = collapse(&found(""), &law(""), day("2030-06-30"), read).expect("readable");
    assert!(plan.delete.is_empty() && plan.rewrite.is_empty() && plan.by_hand.is_empty(), "{plan:?}");
    let waits = "a::old until 2030-06-30: nobody here names it, but its day has not come";
    assert_eq!(plan.stays.len(), 2, "{plan:?}");
    assert_eq!(plan.stays[0], format!("crates/a/src/old.rs {waits}"));

    let kept = |rule: &str, until: &str| {
        let allow = format!(
            "[[allow]]\nrule = \"{rule}\"\nfile = \"crates/a/src/old.rs\"\nreason = \"others import it\"\n\
             owner = \"a\"\nuntil = \"{until}\"\n"
        );
        collapse(&found(""), &law(&allow), day("2030-07-01"), read).expect("readable")
    };
    let plan = kept("LA-706", "2030-12-31");
    assert_eq!(plan.delete.iter().collect::<Vec<_>>(), ["crates/a/src/older.rs"]);
    let expected = "crates/a/src/old.rs a::old: LA-706 is allowed until 2030-12-31: others import it";
    assert_eq!(plan.stays, [expected]);
    for (rule, until) in [("LA-706", "2030-06-30"), ("LA-706", "2999-12-31"), ("LA-705", "2030-12-31")] {
        assert_eq!(kept(rule, until).delete.len(), 2, "{rule} {until}");
    }
}

#[test]
fn what_cannot_be_undeclared_is_left_to_people() {
    let plan = collapse(&found(""), &law(""), day("2030-07-01"), |_| Ok::<_, ()>("mod other;".to_owned()))
        .expect("readable");
    assert!(plan.delete.is_empty() && plan.rewrite.is_empty());
    assert!(plan.by_hand[0].contains("remove both by hand"), "{plan:?}");
    let unreadable = |_: &str| Err::<String, _>("gone");
    assert_eq!(collapse(&found(""), &law(""), day("2030-07-01"), unreadable), Err("gone"));
}

/// What the audit says of a tombstone and what a collapse does to it is the same, on every day.
#[test]
fn a_collapse_deletes_what_the_audit_says_may_go_and_nothing_else() {
    let read = |_: &str| Ok::<_, ()>(ROOT.to_owned());
    for (text, today, goes) in [
        ("", "2030-06-30", 0),
        ("", "2030-07-01", 2),
        ("use crate::old::Thing as T;", "2030-06-30", 0),
        ("use crate::old::Thing as T;", "2030-07-01", 1),
    ] {
        let mut workspace = planted(text);
        workspace.today = day(today);
        let rule = Selection::parse(RULE).expect("the rule exists");
        let told = evaluate(&workspace, &law(""), &rule).findings.into_iter().map(|found| found.place.file);
        let plan = collapse(&found(text), &law(""), day(today), read).expect("readable");
        assert_eq!(plan.delete.len(), goes, "{text} {today}: {plan:?}");
        assert!(told.eq(plan.delete), "{text} {today}");
    }
    let mut own = planted("");
    own.plant("crates/a/src/old.rs", &format!("{HEAD}impl Drop for Thing {{ fn drop(&mut self) {{}} }}"));
    let own = tombstones(&own, &law(""));
    let plan = collapse(&own, &law(""), day("2030-07-01"), read).expect("readable");
    assert_eq!(plan.by_hand, ["crates/a/src/old.rs a::old: declares things of its own; move them first"]);
    assert_eq!(plan.delete.iter().collect::<Vec<_>>(), ["crates/a/src/older.rs"]);
}

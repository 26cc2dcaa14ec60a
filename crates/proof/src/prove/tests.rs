//! Tests of the frame: what counts as proven, and what does not.

use std::sync::Arc;

use async_trait::async_trait;
use color_eyre::eyre::eyre;

use super::suite::Control;
use super::*;

/// Yields these figures; none for a trial that breaks off.
struct Yields(Vec<Figure>);

#[async_trait]
impl Trial for Yields {
    async fn run(&self, _: &Setting) -> Result<Vec<Figure>> {
        if self.0.is_empty() { Err(eyre!("broke off")) } else { Ok(self.0.clone()) }
    }
}

/// Has nothing to try on any database.
struct Nowhere;

#[async_trait]
impl Trial for Nowhere {
    async fn run(&self, _: &Setting) -> Result<Vec<Figure>> {
        Err(eyre!("nothing to try"))
    }

    fn applies_to(&self, _: &UnderTest) -> bool {
        false
    }
}

fn options(databases: &[&str]) -> Options {
    let databases = databases.iter().map(|one| (*one).to_owned()).collect();
    let (disk, date) = (PathBuf::from("target"), Some("2026-01-01".to_owned()));
    Options {
        suites: Vec::new(),
        list: false,
        full: true,
        short: false,
        seed: 1,
        databases,
        disk,
        report: None,
        date,
    }
}

fn setting() -> Setting {
    Setting { seed: 1, form: Form::Short, database: UnderTest::Sqlite, disk: PathBuf::from("target") }
}

fn suite(sound: Vec<Figure>, broken: Vec<Figure>) -> Suite {
    Suite {
        name: "s",
        promises: &["P1"],
        what: "Tries.",
        per_database: true,
        trial: Arc::new(Yields(sound)),
        controls: vec![Control { broken: "b", breaks: &["doubles"], trial: Arc::new(Yields(broken)) }],
    }
}

#[tokio::test]
async fn a_suite_holds_when_all_figures_hold_and_the_broken_wiring_is_found() {
    let good = || Figure::exactly("doubles", 0, 0);
    let bad = || Figure::exactly("doubles", 0, 3);
    let other = || Figure::exactly("losses", 0, 3);
    let table = [
        (vec![good()], vec![bad()], true),
        (vec![good()], vec![other(), bad()], true),
        (vec![good(), bad()], vec![bad()], false),
        (vec![good()], vec![good()], false),
        // Found by a figure that it does not break: it failed for another reason.
        (vec![good()], vec![other()], false),
        (vec![good()], Vec::new(), false),
        (Vec::new(), vec![bad()], false),
    ];
    for (sound, broken, holds) in table {
        let section = prove(&suite(sound.clone(), broken.clone()), &setting()).await;
        assert_eq!(section.holds(), holds, "{sound:?} {broken:?}");
    }
}

#[tokio::test]
async fn a_broken_wiring_that_does_not_apply_is_left_out() {
    let figure = |found| vec![Figure::exactly("doubles", 0, found)];
    let mut suite = suite(figure(0), figure(3));
    suite.controls.push(Control { broken: "n", breaks: &["doubles"], trial: Arc::new(Nowhere) });
    let section = prove(&suite, &setting()).await;
    assert!(section.holds());
    assert_eq!(section.controls.len(), 1);
}

#[test]
fn figures_hold_as_they_say() {
    let second = std::time::Duration::from_secs(1);
    for (figure, held) in [
        (Figure::exactly("f", 0, 0), true),
        (Figure::exactly("f", 0, 1), false),
        (Figure::at_least("f", 2, 2), true),
        (Figure::at_least("f", 2, 1), false),
        (Figure::within("f", second, second), true),
        (Figure::within("f", second, second * 2), false),
        (Figure::none("f", &[]), true),
        (Figure::none("f", &["something".to_owned()]), false),
        (Figure::told("f", "anything"), true),
    ] {
        assert_eq!(figure.held, held, "{figure:?}");
    }
}

#[test]
fn the_same_seed_makes_the_same_choices() {
    let choices = |seed, part| {
        let mut dice = dice::Dice::new(seed, part);
        [dice.number(), dice.number(), dice.number()]
    };
    assert_eq!(choices(1, "kill"), choices(1, "kill"));
    assert_ne!(choices(1, "kill"), choices(2, "kill"));
    assert_ne!(choices(1, "kill"), choices(1, "idempotency"));
}

#[test]
fn names_of_suites_are_unique_and_unknown_ones_refused() {
    let names: Vec<&str> = suites::all().iter().map(|suite| suite.name).collect();
    let distinct: std::collections::BTreeSet<&&str> = names.iter().collect();
    assert_eq!(names.len(), distinct.len(), "{names:?}");
    assert!(chosen(suites::all(), &["no-such".to_owned()]).is_err());
}

#[tokio::test]
async fn a_report_has_a_section_for_each_suite_and_database() {
    let url = "postgres://somebody@somewhere/x";
    let options = options(&["sqlite", url]);
    let figures = || vec![Figure::exactly("doubles", 0, 3)];
    let stores = suite(vec![Figure::exactly("doubles", 0, 0)], figures());
    let once = Suite { name: "once", per_database: false, ..stores.clone() };
    let mut report = Report::new(&options, Form::Full);
    report.commit = "abc".to_owned();
    for suite in [&stores, &once] {
        for database in databases(&options, suite).unwrap() {
            report.sections.push(prove(suite, &Setting { database, ..setting() }).await);
        }
    }
    let text = report.to_markdown();
    for told in [
        "--seed 1 --database sqlite --database postgres://..`",
        "- Commit: abc\n- Seed: 1\n- Date: 2026-01-01\n",
        "- Verdict: 3 suites: every figure held",
        "\n## s on SQLite (P1)\n",
        "\n## s on PostgreSQL (P1)\n",
        "\n## once (P1)\n",
    ] {
        assert_eq!(text.matches(told).count(), 1, "{told}: {text}");
    }
    assert!(!text.contains("somebody"), "{text}");
}

#[tokio::test]
async fn the_verdict_tells_what_did_not_hold() {
    let figure = |found| vec![Figure::exactly("doubles", 0, found)];
    let mut report = Report::new(&options(&["sqlite"]), Form::Full);
    for (sound, broken) in
        [(figure(0), figure(3)), (figure(2), figure(3)), (Vec::new(), figure(3)), (figure(0), figure(0))]
    {
        report.sections.push(prove(&suite(sound, broken), &setting()).await);
    }
    assert_eq!(
        report.verdict(),
        "NOT proven: s on SQLite (doubles: 2 (must be 0)), s on SQLite (broke off: broke off), \
         s on SQLite (not found: b: no figure that it breaks failed)"
    );
}

#[test]
fn a_database_is_named_once() {
    let suite = suite(Vec::new(), Vec::new());
    for wrong in [&["sqlite", "sqlite"][..], &["mysql://x"], &[]] {
        assert!(databases(&options(wrong), &suite).is_err(), "{wrong:?}");
    }
}

//! LA-705: a tombstone says until when it stands, and what to name instead; then nobody names it any more.

use crate::config::Config;
use crate::markers::marked;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::tombstones::{Fate, fates, terms};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-705",
    title: "tombstones expire",
    why: "A re-export in an old place gives others time to change. Without an end nobody does, and the old path is \
          simply a second name. Nor does anybody where the end is out of sight: the day lies no further ahead than \
          [expiry] says, 366 days where it says nothing.",
    fix: "Let the importers name the new path, and delete the tombstone (LA-706); or write the line as \
          `//! Tombstone: 2030-12-31 use crate::new::path`, with the label of [markers].",
    blind: "re-exports in an old place that carry no marker, and a day that is put off again before it comes.",
    severity: Severity::Blocking,
    absence: true,
    example: Example {
        law: "[markers]\ntombstone = \"Tombstone:\"\n",
        bad: &[
            (
                "crates/a/src/old.rs",
                "//! Moved.\n//!\n//! Tombstone: 1969-12-31 use crate::new\npub use crate::new::*;",
            ),
            ("crates/a/src/user.rs", "use crate::old::Thing;"),
        ],
        good: &[
            (
                "crates/a/src/old.rs",
                "//! Moved.\n//!\n//! Tombstone: 1970-12-31 use crate::new\npub use crate::new::*;",
            ),
            ("crates/a/src/user.rs", "use crate::old::Thing;"),
        ],
        finds: "stood until 1969-12-31",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let label = config.markers.tombstone.as_ref()?;
    let last = config.last_day(workspace.today);
    let mut checked = Checked::new();
    let tombstones = marked(workspace, label);
    for (tombstone, fate) in tombstones.iter().zip(fates(workspace, &tombstones)) {
        checked.matched += 1;
        match terms(tombstone.value) {
            Err(why) => {
                let message = format!("`{label} {}` cannot be understood: {why}", tombstone.value);
                checked.report(tombstone.place(), &tombstone.file.path, message);
            }
            Ok((until, instead)) if fate == Some(Fate::Overdue) => {
                let message =
                    format!("stood until {until}, and is still named; name {instead} instead, and delete it");
                checked.report(tombstone.place(), &tombstone.file.path, message);
            }
            Ok((until, _)) if until > last => {
                let message = format!("stands until {until}, which is out of sight; name a day up to {last}");
                checked.report(tombstone.place(), &tombstone.file.path, message);
            }
            Ok(_) => {}
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::day::Day;
    use crate::evaluate::{Selection, evaluate};
    use crate::workspace::Workspace;

    fn found(header: &str, today: &str) -> Vec<String> {
        let config = Config::parse("schema = 1\n[markers]\ntombstone = \"Tombstone:\"").expect("valid");
        let today = Day::parse(today).expect("a day");
        let mut workspace = Workspace { today, ..Workspace::default() };
        workspace.plant("crates/a/src/old.rs", &format!("//! Moved.\n{header}\n"));
        workspace.plant("crates/a/src/user.rs", "use crate::old::Thing;");
        let rule = Selection::parse("LA-705").expect("the rule exists");
        evaluate(&workspace, &config, &rule).findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn must_fire() {
        let place = "LA-705 crates/a/src/old.rs:2";
        assert_eq!(
            found("//! Tombstone: 2030-06-30 use crate::new", "2030-07-01"),
            [format!(
                "{place} stood until 2030-06-30, and is still named; name crate::new instead, and delete it"
            )]
        );
        assert_eq!(
            found("//! Tombstone: 2031-07-03 use crate::new", "2030-07-01"),
            [format!("{place} stands until 2031-07-03, which is out of sight; name a day up to 2031-07-02")]
        );
        for header in
            ["//! Tombstone:", "//! tombstone: soon use crate::new", "//! Tombstone: 2030-06-30 crate::new"]
        {
            let found = found(header, "2030-06-01");
            assert!(found.len() == 1 && found[0].contains("cannot be understood"), "{header}: {found:?}");
        }
    }

    #[test]
    fn must_not_fire() {
        for header in [
            "//! Tombstone: 2030-06-30 use crate::new",
            "//! Tombstone: 2031-07-01 use crate::new",
            "//! About tombstones: none.",
            "//!",
        ] {
            assert_eq!(found(header, "2030-06-30"), Vec::<String>::new(), "{header}");
        }
    }
}

//! Whole commands on small workspaces on disk: what is said, what is written, the exit code.

use std::path::Path;

use layer_audit::cli::{Said, Setting, run};
use layer_audit::{Day, Exit};
use tempfile::TempDir;

const ROOT: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n";
const MANIFEST: &str = "[package]\nname = \"a\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
const LINTS: &str = "[lints]\nworkspace = true\n";
const LAW: &str =
    "schema = 1\n[headers]\nroot_labels = []\n[manifests]\nlints = true\ndependencies = false\n";
const GOOD: &str = "//! A.\n";
const BAD: &str = "fn f() {}\n";

struct Disk(TempDir);

impl Disk {
    fn with(files: &[(&str, &str)]) -> Self {
        let disk = Self(tempfile::tempdir().expect("a temporary folder"));
        disk.put("Cargo.toml", ROOT);
        disk.put("crates/a/Cargo.toml", &format!("{MANIFEST}\n{LINTS}"));
        disk.put("crates/a/src/lib.rs", GOOD);
        disk.put("layers.toml", LAW);
        for (path, text) in files {
            disk.put(path, text);
        }
        disk
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, text).expect("writable");
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).expect("it was written")
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, line: &str) -> Said {
        self.run_at(line, Setting::default())
    }

    fn run_at(&self, line: &str, setting: Setting) -> Said {
        let line = line.replace("HERE", &self.path().to_string_lossy());
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        run(&words, &setting.at(self.path().to_owned()))
    }
}

/// An allowance that ends in so many days.
fn allow(days: u16) -> String {
    let until = Day::today().later_by(days);
    format!(
        "[[allow]]\nrule = \"LA-401\"\nfile = \"crates/a/src/lib.rs\"\nreason = \"r\"\nowner = \"o\"\nuntil = \"{until}\"\n"
    )
}

/// Files of a workspace, a command line, the exit code.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, Exit);

#[test]
fn the_exit_code_says_what_came_out() {
    let allowing = format!("{LAW}{}", allow(30));
    let endless = format!("{LAW}{}", allow(400));
    let cases: &[Case<'_>] = &[
        (&[], "", Exit::Clean),
        (&[("crates/a/src/lib.rs", BAD)], "", Exit::Violations),
        (&[("crates/a/src/lib.rs", BAD)], "--advisory", Exit::Clean),
        (&[("crates/a/src/lib.rs", BAD)], "--rule LA-106", Exit::Clean),
        (&[("crates/a/src/lib.rs", BAD), ("layers.toml", &allowing)], "", Exit::Clean),
        (&[("crates/a/src/lib.rs", BAD), ("layers.toml", &endless)], "", Exit::Violations),
        (&[("layers.toml", &endless)], "", Exit::Violations),
        (&[("layers.toml", &allowing)], "", Exit::Stale),
        (&[("layers.toml", &allowing)], "--advisory", Exit::Clean),
        (&[("crates/a/src/lib.rs", "fn broken(")], "", Exit::Violations),
        (&[("layers.toml", "schema = 2")], "--advisory", Exit::Unusable),
        (&[("Cargo.toml", "[workspace")], "--advisory", Exit::Unusable),
        (&[], "--rule LA-999", Exit::Unusable),
        (&[], "--rule LA-601", Exit::Unusable),
        (&[], "--rule LA-6*", Exit::Unusable),
        (&[], "--rule LA-4*", Exit::Clean),
        (&[], "--rule LA-601 --fix", Exit::Unusable),
        (&[], "--rule LA-601 --self-test", Exit::Clean),
        (&[], "--domain logs", Exit::Unusable),
        (&[], "--root elsewhere", Exit::Unusable),
        (&[], "--output HERE/layers.toml/a.json", Exit::Unusable),
        (&[], "--colour", Exit::Unusable),
        (&[], "explain LA-1*", Exit::Unusable),
        (&[], "explain LA-101", Exit::Clean),
    ];
    for (files, line, exit) in cases {
        let said = Disk::with(files).run(line);
        assert_eq!(said.exit, *exit, "{files:?} {line}: {said:?}");
        assert_eq!(said.out.is_empty(), *exit == Exit::Unusable, "{line}: {said:?}");
    }
}

#[test]
fn forms_go_where_they_are_sent() {
    let disk = Disk::with(&[("crates/a/src/lib.rs", BAD)]);
    let said = disk.run("--json --output HERE/a.json --also sarif=HERE/a.sarif --also text=HERE/a.txt");
    assert!(said.out.starts_with("1 crates, 1 files, "), "{said:?}");
    for (file, holds) in [
        ("a.json", "\"standing\": \"open\""),
        ("a.sarif", "\"ruleId\": \"LA-401\""),
        ("a.txt", "LA-401 crates/a/src/lib.rs:1 "),
    ] {
        assert!(disk.text(file).contains(holds), "{file}: {}", disk.text(file));
    }
    let on_github = Setting { github: true, ..Setting::default() };
    assert!(
        disk.run_at("", on_github.clone())
            .out
            .starts_with("::error file=crates/a/src/lib.rs,line=1,title=LA-401::")
    );
    assert!(disk.run_at("--format text", on_github).out.starts_with("LA-401 "));
}

#[test]
fn the_tables_come_when_nothing_is_found_or_when_asked_for() {
    let clean = Disk::with(&[]);
    assert!(clean.run("").out.starts_with("layer "), "{:?}", clean.run(""));
    assert!(clean.run("--rule LA-401").out.starts_with("rules 1/1 kept\n"));
    let found = Disk::with(&[("crates/a/src/lib.rs", BAD)]);
    assert!(!found.run("").out.contains("layer "));
    assert!(found.run("--summary").out.contains("layer "));
}

#[test]
fn a_domain_narrows_the_findings() {
    let law = format!(
        "{LAW}[domains]\ncrates = [\"a\"]\ndomain = [{{ name = \"logs\" }}, {{ name = \"tools\" }}]\n"
    );
    let disk =
        Disk::with(&[("layers.toml", &law), ("crates/a/src/logs.rs", BAD), ("crates/a/src/tools.rs", BAD)]);
    let said = disk.run("--domain logs --rule LA-401");
    assert_eq!(
        said.out.lines().next(),
        Some("LA-401 crates/a/src/logs.rs:1 does not begin with a `//!` line that says what it holds")
    );
    assert_eq!(said.out.matches("LA-401").count(), 1, "{said:?}");
    assert!(said.out.contains("\n1 crates, 1 files, 1 rules; new 1, "), "{said:?}");
    assert!(disk.run("--domain log").err.contains("no domain log; known: logs, tools"));
    std::fs::remove_file(disk.path().join("crates/a/src/tools.rs")).expect("it is there");
    let empty = disk.run("--domain tools");
    assert!(empty.exit == Exit::Unusable && empty.err.contains("domain tools: no file"), "{empty:?}");
    assert!(disk.run("--domain tools --advisory").out.is_empty());
}

#[test]
fn a_rule_that_the_law_does_not_switch_on_is_no_green_run() {
    let said = Disk::with(&[]).run("--rule LA-601");
    assert!(
        said.err.contains("switches LA-601 on; configured are LA-002, LA-004, LA-106, LA-401"),
        "{said:?}"
    );
}

#[test]
fn what_needs_no_decision_is_mended() {
    let law = format!("{LAW}\n# Why.\n{}", allow(30));
    let disk = Disk::with(&[("crates/a/Cargo.toml", MANIFEST), ("layers.toml", &law)]);
    let said = disk.run("--fix");
    assert_eq!(said.exit, Exit::Clean, "{said:?}");
    assert_eq!(
        said.err,
        "mended LA-106 crates/a/Cargo.toml: inherits the workspace's lints\n\
         mended LA-004 layers.toml: no [[allow]] LA-401 crates/a/src/lib.rs any more\n"
    );
    assert_eq!(disk.text("crates/a/Cargo.toml"), format!("{MANIFEST}\n{LINTS}"));
    assert_eq!(disk.text("layers.toml"), format!("{LAW}\n"));
    assert_eq!(disk.run("--fix").err, "nothing to mend without a decision\n");
}

#[test]
fn what_a_mend_would_break_is_left_with_its_reason() {
    let bare = "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n";
    let disk = Disk::with(&[("Cargo.toml", bare), ("crates/a/Cargo.toml", MANIFEST)]);
    let said = disk.run("--fix");
    assert_eq!(said.exit, Exit::Violations, "{said:?}");
    assert_eq!(
        said.err,
        "nothing to mend without a decision\n\
         left LA-106 crates/a/Cargo.toml: the root Cargo.toml has no [workspace.lints] to inherit: decide what stands there\n"
    );
    assert_eq!(disk.text("crates/a/Cargo.toml"), MANIFEST);
}

/// A disk with what breaks the law today, all of it known.
fn known(files: &[(&str, &str)]) -> Disk {
    let disk = Disk::with(files);
    assert_eq!(disk.run("--first-baseline").exit, Exit::Clean);
    disk
}

#[test]
fn what_the_baseline_knows_is_mended_and_leaves_it() {
    let disk = known(&[("crates/a/Cargo.toml", MANIFEST)]);
    assert!(disk.text("audit-baseline.toml").contains("LA-106"));
    let said = disk.run("--fix");
    assert_eq!(
        (said.exit, said.err.as_str()),
        (
            Exit::Clean,
            "mended LA-106 crates/a/Cargo.toml: inherits the workspace's lints\n\
             mended LA-005 audit-baseline.toml: 1 known findings fewer\n\
             mended LA-005 layers.toml: most = 0\n"
        ),
        "{said:?}"
    );
    assert!(!disk.text("audit-baseline.toml").contains("LA-106"));
    assert!(disk.text("layers.toml").ends_with("most = 0\n"));
}

#[test]
fn a_baseline_is_begun_once() {
    let disk = Disk::with(&[("crates/a/src/lib.rs", BAD), ("crates/a/src/m.rs", BAD)]);
    let in_ci = Setting { ci: true, ..Setting::default() };
    let refused = disk.run_at("--first-baseline", in_ci);
    assert!(refused.exit == Exit::Unusable && refused.err.contains("not written in CI"), "{refused:?}");
    assert!(disk.run("--update-baseline").err.contains("--first-baseline begins one"));

    let first = disk.run("--first-baseline");
    assert_eq!(
        (first.exit, first.err.as_str()),
        (Exit::Clean, "audit-baseline.toml: 2 known, 0 gone\n"),
        "{first:?}"
    );
    assert_eq!(
        disk.text("layers.toml"),
        format!("{LAW}\n[baseline]\nfile = \"audit-baseline.toml\"\nmost = 2\n")
    );
    let again = disk.run("--first-baseline");
    assert!(again.exit == Exit::Unusable && again.err.contains("one first only"), "{again:?}");
    disk.put("layers.toml", LAW);
    assert!(disk.run("--first-baseline").err.contains("is there already"));
}

#[test]
fn a_baseline_that_is_lost_is_not_made_anew() {
    let disk = known(&[("crates/a/src/lib.rs", BAD)]);
    std::fs::remove_file(disk.path().join("audit-baseline.toml")).expect("it was written");
    disk.put("crates/a/src/n.rs", BAD);
    let lost = disk.run("");
    assert!(lost.exit == Exit::Violations, "{lost:?}");
    assert!(
        lost.out.contains("LA-005 audit-baseline.toml is not there, though [baseline] names it"),
        "{lost:?}"
    );
    for line in ["--update-baseline", "--first-baseline"] {
        assert_eq!(disk.run(line).exit, Exit::Unusable, "{line}");
    }
    assert_eq!(disk.run("--fix").exit, Exit::Violations);
    assert!(!disk.path().join("audit-baseline.toml").exists());
}

#[test]
fn a_baseline_only_shrinks() {
    let disk = known(&[("crates/a/src/lib.rs", BAD), ("crates/a/src/m.rs", BAD)]);
    disk.put("crates/a/src/m.rs", GOOD);
    let stale = disk.run("");
    assert!(
        stale.exit == Exit::Stale && stale.out.contains("run the audit with --update-baseline"),
        "{stale:?}"
    );
    let before = disk.text("audit-baseline.toml");
    let in_ci = Setting { ci: true, ..Setting::default() };
    assert_eq!(disk.run_at("--fix", in_ci).exit, Exit::Stale);
    assert_eq!(disk.text("audit-baseline.toml"), before);

    disk.put("crates/a/src/n.rs", BAD);
    let grown = disk.run("--update-baseline");
    assert_eq!(grown.err, "audit-baseline.toml: 1 known, 1 gone; 1 it may not take in: mend them\n");
    assert!(grown.exit == Exit::Violations && grown.out.starts_with("LA-401 crates/a/src/n.rs"), "{grown:?}");
    assert!(!disk.text("audit-baseline.toml").contains("n.rs"));
    assert!(disk.text("layers.toml").ends_with("most = 1\n"));

    let entry = "[[known]]\nrule = \"LA-401\"\nfile = \"crates/a/src/n.rs\"\nsubject = \"crates/a/src/n.rs\"\ncount = 1\n";
    disk.put("audit-baseline.toml", &(disk.text("audit-baseline.toml") + entry));
    let by_hand = disk.run("");
    assert_eq!(
        by_hand.out.lines().next(),
        Some("LA-005 layers.toml audit-baseline.toml knows 2, and most = 1; mend what came in"),
        "{by_hand:?}"
    );
}

#[test]
fn plants_of_the_workspace_are_tried() {
    let law = format!(
        "{LAW}[self_test]\nplants = \"plants.toml\"\n[[self_test.exempt]]\nrule = \"LA-002\"\nbecause = \"its example is enough\"\n[[self_test.exempt]]\nrule = \"LA-004\"\nbecause = \"its example is enough\"\n"
    );
    let plants = "[[plant]]\nrule = \"LA-401\"\nfile = \"crates/a/src/lib.rs\"\nreplace = { from = \"//!\", to = \"//\" }\n\
                  [[plant]]\nrule = \"LA-106\"\nfile = \"crates/a/Cargo.toml\"\ntext = \"[package]\\nname = \\\"a\\\"\"\n";
    let disk = Disk::with(&[("layers.toml", &law), ("plants.toml", plants)]);
    let one = disk.run("--self-test --rule LA-401");
    assert_eq!(
        (one.exit, one.out.as_str()),
        (Exit::Clean, "planted 1/1 found\nplanted here 1/1 found\n"),
        "{one:?}"
    );
    disk.put("plants.toml", &plants.replace("to = \"//\"", "to = \"//! More.\""));
    let missed = disk.run("--self-test --rule LA-401");
    assert!(missed.exit == Exit::Violations && missed.out.contains("planted here 0/1 found"), "{missed:?}");
    std::fs::remove_file(disk.path().join("plants.toml")).expect("it is there");
    assert_eq!(disk.run("--self-test").exit, Exit::Unusable);
}

#[test]
fn a_first_law_is_written_and_kept() {
    let disk = Disk::with(&[]);
    let said = disk.run("init");
    assert!(said.exit == Exit::Unusable && said.err.contains("is there already"), "{said:?}");
    assert_eq!(disk.text("layers.toml"), LAW);
    std::fs::remove_file(disk.path().join("layers.toml")).expect("it is there");
    assert!(disk.run("").err.contains("`init` writes a first one"));
    assert_eq!(disk.run("init").exit, Exit::Clean);
    let kept = disk.run("");
    assert_eq!(kept.exit, Exit::Clean, "{kept:?}");
}

#[test]
fn the_graph_is_drawn_in_three_forms() {
    let disk = Disk::with(&[]);
    assert!(disk.run("graph --mermaid").out.contains("flowchart"));
    assert!(disk.run("graph --dot").out.starts_with("digraph"));
    disk.run("graph --svg --output HERE/g.svg");
    assert!(disk.text("g.svg").starts_with("<svg"));
}

#[test]
fn a_site_is_written_only_where_nothing_else_is() {
    let law = format!(
        "{LAW}[domains]\ncrates = [\"a\"]\ndomain = [{{ name = \"logs\" }}]\n[literature]\nfolder = \"book\"\n"
    );
    let disk =
        Disk::with(&[("layers.toml", &law), ("crates/a/src/logs.rs", GOOD), ("site/mine.txt", "mine")]);
    let refused = disk.run("literature --site HERE/site");
    assert!(
        refused.exit == Exit::Unusable && refused.err.contains("name a new or an empty folder"),
        "{refused:?}"
    );
    assert!(!disk.path().join("book").exists(), "nothing is written before the refusal");
    assert_eq!(disk.run("literature --site HERE/layers.toml").exit, Exit::Unusable);

    assert_eq!(disk.run("literature --site HERE/new/site").exit, Exit::Clean);
    assert!(disk.text("new/site/logs/index.html").contains("<html"));
    disk.put("new/site/mine.txt", "mine");
    disk.put("layers.toml", &law.replace("logs", "rolls"));
    std::fs::remove_dir_all(disk.path().join("book")).expect("it was written");
    let again = disk.run("literature --site HERE/new/site");
    assert_eq!(again.exit, Exit::Clean, "{again:?}");
    assert!(disk.text("new/site/rolls/index.html").contains("<html"));
    assert!(!disk.path().join("new/site/logs/index.html").exists(), "a page that is gone stays on no site");
    assert_eq!(disk.text("new/site/mine.txt"), "mine");
}

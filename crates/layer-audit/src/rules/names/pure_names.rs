//! LA-201: pure crates name no I/O, clock, random source or framework.

use crate::config::{Config, Pure};
use crate::finding::Place;
use crate::names::{Names, Resolved};
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-201",
    title: "pure crates do not name what only the edges may use",
    why: "A decision that reads a clock, a file or a socket cannot be tested with values, nor embedded elsewhere. \
          Followed are: use trees, renames, globs of a parent, re-exports inside the crate, renamed dependencies, \
          fully qualified paths, type aliases, and paths spelled out inside macro calls and attributes.",
    fix: "Take the value as an argument, or a port by constructor; the finding says which.",
    blind: "names that a macro glues together or expands to, re-exports through another crate, inferred types and \
            method calls on them, and files outside src. Code under #[cfg(test)] is exempt. The crate graph and \
            clippy's disallowed_methods stand before and behind this rule.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[[pure]]\ncrates = [\"a\"]\nnames = [\"std::fs\"]\nbecause = \"take a port\"\n",
        bad: &[("crates/a/src/lib.rs", "fn load() { std::fs::read(\"x\"); }")],
        good: &[("crates/a/src/lib.rs", "fn judge(text: &str) -> bool { text.is_empty() }")],
        finds: "names std::fs; take a port",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    if config.pure.is_empty() {
        return None;
    }
    let mut checked = Checked::new();
    for member in &workspace.crates {
        let entries: Vec<_> =
            config.pure.iter().filter(|entry| entry.crates.contains(&member.name)).map(split).collect();
        if entries.is_empty() {
            continue;
        }
        let names = Names::of(member);
        for file in member.src() {
            checked.matched += 1;
            for name in names.in_file(file).filter(|name| !name.in_test) {
                for (entry, forbidden) in &entries {
                    judge(&mut checked, entry, forbidden, &file.path, &name);
                }
            }
        }
    }
    Some(checked)
}

fn split(entry: &Pure) -> (&Pure, Vec<Vec<&str>>) {
    (entry, entry.names.iter().map(|name| name.split("::").collect()).collect())
}

fn judge(checked: &mut Checked, entry: &Pure, forbidden: &[Vec<&str>], file: &str, name: &Resolved<'_>) {
    let meant = |path: &Vec<String>| forbidden.iter().find(|one| matches(one, path, name.name.glob));
    let Some(found) = name.paths.iter().find_map(meant) else { return };
    if name.imported.iter().any(|import| matches(found, import, false)) {
        return;
    }
    let (found, written) = (found.join("::"), name.name.segments.join("::"));
    let how = spelled(&found, &written, name.name.glob);
    let place = Place::at(file, name.name.at.line, name.name.at.column);
    checked.report(place, &found, format!("names {found}{how}; {}", entry.because));
}

/// How it is written, where that is not plain.
fn spelled(found: &str, written: &str, glob: bool) -> String {
    if written.starts_with(found) {
        return String::new();
    }
    if glob { format!(" by {written}::*") } else { format!(" as {written}") }
}

/// The path lies at or below `forbidden`; a glob also brings it in from above.
fn matches(forbidden: &[&str], path: &[String], glob: bool) -> bool {
    let common = forbidden.iter().zip(path).take_while(|(one, other)| **one == other.as_str()).count();
    common == forbidden.len() || (glob && common == path.len() && !path.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[[pure]]\ncrates = [\"a\"]\nbecause = \"take a port\"\n\
                          names = [\"std::fs\", \"std::time::Instant\", \"sea_orm\", \"tokio::net\"]";

    fn found(text: &str) -> Vec<String> {
        let files = [("src/lib.rs", text.to_owned())];
        let workspace = Ws::default().member_with("a", "orm = { package = \"sea-orm\" }", &files);
        let text = |finding: String| finding.trim_start_matches("LA-201 crates/a/src/lib.rs:").to_owned();
        workspace.findings("LA-201", CONFIG).into_iter().map(text).collect()
    }

    #[test]
    fn must_fire() {
        let cases = [
            ("use std::fs;", "1:10 names std::fs; take a port"),
            ("use std::{io, fs::File};", "1:19 names std::fs; take a port"),
            ("use std as s; fn f() { s::fs::read(); }", "1:24 names std::fs as s::fs::read; take a port"),
            ("use std::*;", "1:10 names std::fs by std::*; take a port"),
            ("fn f() { ::std::fs::read(\"x\"); }", "1:12 names std::fs; take a port"),
            ("struct S { at: std::time::Instant }", "1:16 names std::time::Instant; take a port"),
            ("use sea_orm::entity::prelude::*;", "1:31 names sea_orm; take a port"),
            ("use orm::Query;", "1:10 names sea_orm as orm::Query; take a port"),
            ("#[derive(sea_orm::FromQueryResult)] struct R;", "1:10 names sea_orm; take a port"),
            ("fn f() { println!(\"{:?}\", std::fs::read(\"x\")); }", "1:27 names std::fs; take a port"),
            ("type Stream = tokio::net::TcpStream;", "1:15 names tokio::net; take a port"),
            ("extern crate sea_orm as rows;", "1:14 names sea_orm; take a port"),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text), [expected], "{text}");
        }
    }

    #[test]
    fn an_import_is_reported_once_and_its_uses_are_not() {
        assert_eq!(found("use std::fs;\nfn f() { fs::read(\"x\"); fs::write(\"x\", \"\"); }").len(), 1);
    }

    #[test]
    fn must_not_fire() {
        let cases = [
            "use std::time::Duration; use std::io::Read; use tokio::sync::Mutex;",
            "mod sea_orm { pub fn f() {} } fn g() { sea_orm::f(); }",
            "#[cfg(test)] mod tests { use std::fs; fn f() { std::fs::read(\"x\"); } }",
            "/// Not `std::fs`.\nfn f() { let fs = 1; let _ = fs; }",
        ];
        for text in cases {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}

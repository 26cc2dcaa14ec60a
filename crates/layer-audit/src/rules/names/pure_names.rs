//! LA-201: pure crates name no I/O, clock, random source or framework.

use crate::config::{Config, Pure};
use crate::names::forbidden::{Forbidden, begins_with};
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-201",
    title: "pure crates do not name what only the edges may use",
    why: "A decision that reads a clock, a file or a socket cannot be tested with values, nor embedded elsewhere. \
          Followed are: use trees, renames, extern crates, globs, re-exports and type aliases of this and other members, \
          public fields of other members and those of their types, what a public function of another member returns, the \
          paths in its exported macros, renamed dependencies, fully qualified paths, `Self` and `<Type>`, paths and use \
          trees inside macro calls and attributes, and what `include!` brings in.",
    fix: "Take the value as an argument, or a port by constructor; the finding says which.",
    blind: "names that a macro glues together, what a procedural macro, a macro from outside or one that `#[macro_use]` \
            brings in expands to, renames inside a macro call, associated types, values: inferred types, method calls on \
            them and what those return, methods of traits, what a function of another member does inside, takes a closure \
            for, or returns as `impl Trait`, types whose `impl` names them by a path, defaults (a HashMap's \
            RandomState), functions that a glob brings in and that are handed on uncalled, re-exports by packages from \
            outside, methods that do I/O on a type which may be named (`Path::exists`, `Path::canonicalize`), what is \
            further than three fields or ten steps away, a name in the law that is mistyped, and files outside src. Code under #[cfg(test)] is exempt. The crate graph and \
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
        let heads = entries.iter().flat_map(|(_, forbidden)| forbidden).map(Forbidden::head).collect();
        for meant in workspace.meant_in_src(member) {
            checked.matched += 1;
            let across = &meant.across;
            for (name, meanings) in meant.names() {
                if !begins_with(&heads, across.own_name(), meanings) || meant.in_test(name) {
                    continue;
                }
                for (entry, forbidden) in &entries {
                    let met = |one: &Forbidden| Some((one.path(), one.named(across, name, meanings)?));
                    if let Some((path, how)) = forbidden.iter().find_map(met) {
                        let message = format!("names {path}{how}; {}", entry.because);
                        checked.report(meant.file.place(name.at), path, message);
                    }
                }
            }
        }
    }
    Some(checked)
}

fn split(entry: &Pure) -> (&Pure, Vec<Forbidden>) {
    (entry, entry.names.iter().map(|name| Forbidden::parse(name)).collect())
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[[pure]]\ncrates = [\"a\"]\nbecause = \"take a port\"\n\
                          names = [\"std::fs\", \"std::time::Instant\", \"sea_orm\", \"tokio::net\", \
                          \"time::OffsetDateTime::now_utc\"]";

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
            (
                "use time::OffsetDateTime as T; fn f() { T::now_utc(); }",
                "1:41 names time::OffsetDateTime::now_utc as T::now_utc; take a port",
            ),
            (
                "type T = time::OffsetDateTime; fn f() { T::now_utc(); }",
                "1:41 names time::OffsetDateTime::now_utc as T::now_utc; take a port",
            ),
            (
                "mod m { pub type T = time::OffsetDateTime; } fn f() { crate::m::T::now_utc(); }",
                "1:55 names time::OffsetDateTime::now_utc as crate::m::T::now_utc; take a port",
            ),
            (
                "use time::OffsetDateTime; fn f() { <OffsetDateTime>::now_utc(); }",
                "1:37 names time::OffsetDateTime::now_utc as OffsetDateTime::now_utc; take a port",
            ),
            (
                "fn f() { g!(<time::OffsetDateTime>::now_utc()); }",
                "1:14 names time::OffsetDateTime::now_utc; take a port",
            ),
            (
                "impl Now for time::OffsetDateTime { fn now() -> Self { Self::now_utc() } }",
                "1:56 names time::OffsetDateTime::now_utc; take a port",
            ),
            ("g! { use std::{io, fs}; }", "1:10 names std::fs; take a port"),
            (
                "type Clock = std::time::Instant; fn f() { Clock::now(); }",
                "1:14 names std::time::Instant; take a port",
            ),
            ("mod m { pub use std::fs; } fn f() { m::fs::read(); }", "1:22 names std::fs; take a port"),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text), [expected], "{text}");
        }
    }

    #[test]
    fn what_other_members_hand_on_must_fire() {
        let low = [
            (
                "src/lib.rs",
                "pub use std::fs as disk; pub type Conn = orm::Connection; pub mod rows;".to_owned(),
            ),
            (
                "src/rows.rs",
                "pub struct Row { pub at: std::time::Instant } pub struct Table { pub row: Row } \
                 pub fn load() -> std::io::Result<std::fs::File> { todo!() } \
                 #[macro_export] macro_rules! load { () => { std::fs::read(\"x\") } }"
                    .to_owned(),
            ),
        ];
        let cases: &[(&str, &[&str])] = &[
            ("fn f() { low::disk::read(); }", &["1:10 names std::fs as low::disk::read; take a port"]),
            ("use low::disk; fn f() { disk::read(); }", &["1:10 names std::fs as low::disk; take a port"]),
            ("use low::*;", &["1:10 names std::fs by low::*; take a port"]),
            (
                "use low::rows::Row;",
                &["1:16 names std::time::Instant through low::rows::Row.at; take a port"],
            ),
            ("fn f(c: low::Conn) {}", &["1:9 names sea_orm as low::Conn; take a port"]),
            (
                "use low::rows::*; fn f(r: Row) {}",
                &["1:27 names std::time::Instant through low::rows::Row.at; take a port"],
            ),
            ("use low::*; fn f() { disk::read(); }", &["1:10 names std::fs by low::*; take a port"]),
            (
                "mod m { pub use low::*; } use m::*; fn f(c: Conn) {}",
                &["1:22 names std::fs by low::*; take a port", "1:45 names sea_orm as Conn; take a port"],
            ),
            (
                "fn f(t: low::rows::Table) {}",
                &["1:9 names std::time::Instant through low::rows::Table.row.at; take a port"],
            ),
            (
                "fn f() { let file = low::rows::load(); }",
                &["1:21 names std::fs through low::rows::load(); take a port"],
            ),
            (
                "use low::rows::load; fn f() { load(); load(); }",
                &["1:16 names std::fs through low::rows::load(); take a port"],
            ),
            ("fn f() { low::load!(); }", &["1:10 names std::fs through low::load!; take a port"]),
            ("use low::rows; #[cfg(test)] fn f() { low::disk::read(); }", &[]),
        ];
        for (text, expected) in cases {
            let files = [("src/lib.rs", (*text).to_owned())];
            let workspace = Ws::default().member_with("a", "low = {}", &files);
            let workspace = workspace.member_with("low", "orm = { package = \"sea-orm\" }", &low);
            let found = workspace.findings("LA-201", CONFIG);
            let found: Vec<_> =
                found.iter().map(|one| one.trim_start_matches("LA-201 crates/a/src/lib.rs:")).collect();
            assert_eq!(found, *expected, "{text}");
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
            "struct S { #[cfg(test)] f: std::fs::File } impl S { #[cfg(test)] fn f() { std::fs::read(); } }",
            "fn f() { #[cfg(all(unix, test))] std::fs::read(); #[cfg(test)] { std::fs::read(); } }",
            "#![cfg(test)] fn f() { std::fs::read(); }",
            "use std::fmt::*; fn sea_orm() {} fn f() { sea_orm(); let t: Instant; }",
        ];
        for text in cases {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}

//! LA-204: nobody names what is abolished.

use std::collections::HashSet;

use crate::config::{Abolished, Config};
use crate::names::forbidden::{Forbidden, begins_with};
use crate::names::meant::Meant;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::source::SourceFile;
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-204",
    title: "abolished names are not named",
    why: "A way that was given up comes back with the next person who has not heard of it. Here stands what it was \
          replaced by. Tests are judged too, and so are benches, examples and build scripts.",
    fix: "Use what the finding names.",
    blind: "methods of other types that have the same name, methods by the name of a module or a variable of their type, \
            names that a macro glues together, re-exports by packages from outside, and whether a name that nobody says \
            is given up or mistyped.",
    severity: Severity::Blocking,
    absence: true,
    example: Example {
        law: "[[abolished]]\nname = \"lazy_static\"\nuse = \"std::sync::LazyLock\"\nbecause = \"the standard library has it\"\n",
        bad: &[("crates/a/tests/t.rs", "lazy_static::lazy_static! { static ref X: u8 = 1; }")],
        good: &[(
            "crates/a/tests/t.rs",
            "static X: std::sync::LazyLock<u8> = std::sync::LazyLock::new(|| 1);",
        )],
        finds: "names lazy_static; use std::sync::LazyLock: the standard library has it",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    if config.abolished.is_empty() {
        return None;
    }
    let is_method = |entry: &&Abolished| entry.name.starts_with('.');
    let methods: Vec<_> = config.abolished.iter().filter(is_method).collect();
    let paths = config.abolished.iter().filter(|entry| !is_method(entry));
    let paths: Vec<_> = paths.map(|entry| (entry, Forbidden::parse(&entry.name))).collect();
    let heads = paths.iter().map(|(_, path)| path.head()).collect();
    let mut checked = Checked::new();
    for member in &workspace.crates {
        for meant in workspace.meant(member) {
            names(&mut checked, &meant, &paths, &heads);
            self::methods(&mut checked, meant.file, &methods);
        }
    }
    Some(checked)
}

fn methods(checked: &mut Checked, file: &SourceFile, methods: &[&Abolished]) {
    for entry in methods {
        let name = &entry.name[1..];
        let calls = file.facts.calls.iter().filter(|call| call.is_of_method(name, |_| true));
        let calls = calls.map(|call| ("calls", call.at));
        let handed = file.facts.handed.iter().filter(|handed| handed.name == name);
        let handed = handed.map(|handed| ("hands on", handed.at));
        for (does, at) in calls.chain(handed) {
            let message = format!("{does} {}; use {}: {}", entry.name, entry.instead, entry.because);
            checked.report(file.place(at), &entry.name, message);
        }
    }
}

fn names(checked: &mut Checked, meant: &Meant<'_>, paths: &[(&Abolished, Forbidden)], heads: &HashSet<&str>) {
    let across = &meant.across;
    for (name, meanings) in meant.names().filter(|(_, all)| begins_with(heads, across.own_name(), all)) {
        let met = |(entry, one): &(&Abolished, Forbidden)| {
            if one.holds(across.own_name(), &name.module) {
                return None; // What is abolished may name itself.
            }
            let how = one.named(across, name, meanings)?;
            Some((one.path(), format!("names {}{how}; use {}: {}", entry.name, entry.instead, entry.because)))
        };
        if let Some((path, message)) = paths.iter().find_map(met) {
            checked.report(meant.file.place(name.at), path, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[[abolished]]\nname = \"std::sync::mpsc\"\nuse = \"tokio::sync::mpsc\"\nbecause = \"it blocks\"\n\
        [[abolished]]\nname = \"b::old\"\nuse = \"b::new\"\nbecause = \"it moved\"\n\
        [[abolished]]\nname = \".load_extension\"\nuse = \"nothing\"\nbecause = \"it runs native code\"";

    fn found(path: &str, text: &str) -> Vec<String> {
        let files = [(path, text.to_owned())];
        let text = "pub mod old { pub struct Thing; use self::Thing as T; } #[doc(hidden)] pub use old::Thing as Kept;";
        let b = [("src/lib.rs", text.to_owned())];
        let workspace = Ws::default().member_with("a", "b = {}", &files).member_with("b", "", &b);
        let found = workspace.findings("LA-204", CONFIG);
        assert_eq!(
            found.last().map(String::as_str),
            Some("LA-204 crates/b/src/lib.rs:1:85 names b::old as old::Thing; use b::new: it moved")
        );
        let of = |line: &String| line.strip_prefix("LA-204 crates/a/").map(str::to_owned);
        found.iter().filter_map(of).collect()
    }

    #[test]
    fn must_fire() {
        let (channel, moved) = ("; use tokio::sync::mpsc: it blocks", "; use b::new: it moved");
        let cases = [
            ("src/lib.rs", "use std::sync::mpsc;", format!("src/lib.rs:1:16 names std::sync::mpsc{channel}")),
            (
                "tests/t.rs",
                "use std::sync as s; fn f() { s::mpsc::channel(); }",
                format!("tests/t.rs:1:30 names std::sync::mpsc as s::mpsc::channel{channel}"),
            ),
            (
                "build.rs",
                "fn f() { ::std::sync::mpsc::channel(); }",
                format!("build.rs:1:12 names std::sync::mpsc{channel}"),
            ),
            (
                "src/lib.rs",
                "#[cfg(test)] mod t { use std::sync::mpsc; }",
                format!("src/lib.rs:1:37 names std::sync::mpsc{channel}"),
            ),
            ("src/lib.rs", "std::sync::mpsc! {}", format!("src/lib.rs:1:1 names std::sync::mpsc{channel}")),
            ("src/lib.rs", "fn f(x: b::old::Thing) {}", format!("src/lib.rs:1:9 names b::old{moved}")),
            ("src/lib.rs", "fn f(x: b::Kept) {}", format!("src/lib.rs:1:9 names b::old as b::Kept{moved}")),
            (
                "examples/e.rs",
                "fn f(c: C) { c.load_extension(\"x\"); }",
                "examples/e.rs:1:16 calls .load_extension; use nothing: it runs native code".to_owned(),
            ),
            (
                "src/lib.rs",
                "fn f(c: C) { C::load_extension(&c, \"x\"); }",
                "src/lib.rs:1:17 calls .load_extension; use nothing: it runs native code".to_owned(),
            ),
            (
                "src/lib.rs",
                "fn f(c: C) { assert!(c.load_extension(\"x\").is_ok()); }",
                "src/lib.rs:1:24 calls .load_extension; use nothing: it runs native code".to_owned(),
            ),
            (
                "src/lib.rs",
                "fn f(c: C) { g(&c, <C as Loads>::load_extension); }",
                "src/lib.rs:1:34 hands on .load_extension; use nothing: it runs native code".to_owned(),
            ),
        ];
        for (path, text, expected) in cases {
            assert_eq!(found(path, text), [expected], "{text}");
        }
    }

    #[test]
    fn must_not_fire() {
        for text in [
            "use std::sync::Mutex;",
            "mod mpsc {} use self::mpsc as x;",
            "fn load_extension() { load_extension(); }",
        ] {
            assert_eq!(found("src/lib.rs", text), Vec::<String>::new(), "{text}");
        }
    }
}

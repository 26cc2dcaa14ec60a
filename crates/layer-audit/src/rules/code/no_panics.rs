//! LA-802: no panicking calls outside of tests.

use crate::config::{Ban, Code, Config};
use crate::rules::code::exemptions::Exemptions;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::source::{Position, SourceFile};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-802",
    title: "no panicking calls outside tests",
    why: "A panic on input lets a stranger decide whether the process lives. What cannot happen is an invariant, and \
          its sentence belongs into the code, as the text of an `expect`.",
    fix: "Return an error or a refusal; or exempt the file in [[code.exempt]] with the reason.",
    blind: "what a macro of another crate expands to, a macro that is imported under another name (`use std::panic as p`), \
            indexing, arithmetic, and what a function of another crate does.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[code]\npanic_macros = [\"panic\"]\npanic_methods = [\"unwrap\"]\n",
        bad: &[("crates/a/src/lib.rs", "fn port(text: &str) -> u16 { text.parse().unwrap() }")],
        good: &[("crates/a/src/lib.rs", "fn port(text: &str) -> Option<u16> { text.parse().ok() }")],
        finds: "calls unwrap, which panics",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let code = config.code.as_ref()?;
    if code.panic_macros.is_empty() && code.panic_methods.is_empty() {
        return None;
    }
    let mut checked = Checked::new();
    let mut exempt = Exemptions::from(code, Ban::Panic);
    for member in &workspace.crates {
        let tests = member.test_modules();
        for file in member.src().filter(|file| !tests.hold(file)) {
            checked.matched += 1;
            for (what, at) in panicking(file, code) {
                if !exempt.cover(&file.path, None) {
                    let message = format!(
                        "calls {what}, which panics; return an error, or `expect` with the invariant"
                    );
                    checked.report(file.place(at), what, message);
                }
            }
        }
    }
    exempt.report_idle(&mut checked);
    Some(checked)
}

/// What panics in a file outside of tests, each place once.
fn panicking(file: &SourceFile, code: &Code) -> Vec<(String, Position)> {
    let is_method = |name: &String| code.panic_methods.contains(name);
    let macros =
        file.facts.macros.iter().filter(|call| !call.in_test && code.panic_macros.contains(&call.name));
    let macros = macros.map(|call| (format!("{}!", call.name), call.at));
    let methods =
        file.facts.calls.iter().filter(|call| {
            !call.in_test && call.method && call.arguments.is_empty() && is_method(&call.name)
        });
    let methods = methods.map(|call| (call.name.clone(), call.at));
    // `Option::unwrap` by its path: called so, or handed to `map`.
    let paths = file.facts.names.iter().filter(|name| !name.in_test && !name.import);
    let paths = paths.filter_map(|name| {
        let [.., of, last] = name.segments.as_slice() else { return None };
        let is_type = of == "Option" || of == "Result";
        (is_type && is_method(last)).then(|| (last.clone(), name.at))
    });
    macros.chain(methods).chain(paths).collect()
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const LAW: &str = "[code]\npanic_macros = [\"panic\", \"todo\"]\npanic_methods = [\"unwrap\"]\n";

    #[test]
    fn must_fire() {
        let cases = [
            ("fn f() { a.b()?.unwrap(); }", "1:17 calls unwrap, which panics"),
            ("fn f() { panic!(\"no\") }", "1:10 calls panic!, which panics"),
            ("fn f() { std::todo!() }", "1:15 calls todo!, which panics"),
            ("fn f() { a.map(Option::unwrap); }", "1:16 calls unwrap, which panics"),
            ("fn f() { std::result::Result::unwrap(a); }", "1:10 calls unwrap, which panics"),
            ("impl A { fn f() { || b.unwrap() } }", "1:24 calls unwrap, which panics"),
            ("fn f() { select! { _ = a => b.unwrap() } }", "1:31 calls unwrap, which panics"),
            ("fn f() { select! { _ = a => panic!() } }", "1:29 calls panic!, which panics"),
        ];
        for (text, expected) in cases {
            let found = Ws::default().file("a", "src/m.rs", text).findings("LA-802", LAW);
            assert!(found.len() == 1 && found[0].contains(expected), "{text}: {found:?}");
        }
    }

    #[test]
    fn must_not_fire() {
        let files = [
            ("src/lib.rs", "#[cfg(test)] mod tests; #[test] fn f() { a.unwrap(); panic!(); }".to_owned()),
            ("src/tests.rs", "fn f() { a.unwrap(); }".to_owned()),
            (
                "src/m.rs",
                "fn f() { a.expect(\"it is\"); a.unwrap_or(1); b.unwrap(key); self::unwrap(); }".to_owned(),
            ),
            ("tests/t.rs", "fn f() { a.unwrap(); }".to_owned()),
            ("src/n.rs", "impl S { #[cfg(all(unix, test))] fn f() { a.unwrap(); } }".to_owned()),
            ("src/o.rs", "#![cfg(test)] fn f() { a.unwrap(); }".to_owned()),
            (
                "src/p.rs",
                "#[cfg(test)] const A: u8 = b.unwrap(); fn f() { #[cfg(test)] let a = b.unwrap(); }"
                    .to_owned(),
            ),
        ];
        Ws::default().member_with("a", "", &files).clean("LA-802", LAW);
        let exempt = "[[code.exempt]]\nfrom = \"panic\"\npath = \"crates/a\"\nbecause = \"it is a test\"";
        let workspace = Ws::default().file("a", "src/m.rs", "fn f() { a.unwrap(); }");
        workspace.clean("LA-802", &format!("{LAW}{exempt}"));
    }
}

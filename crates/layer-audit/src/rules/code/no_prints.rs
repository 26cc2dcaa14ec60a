//! LA-803: nothing prints past the edge.

use crate::config::{Ban, Config};
use crate::rules::code::exemptions::Exemptions;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-803",
    title: "nothing prints outside tests",
    why: "Who embeds a library owns its output; and what is printed passes no redaction, no level and no test. A \
          closed pipe makes these macros panic.",
    fix: "Log through `tracing`, return the text, or write it through `std::io::Write` at the edge; exempt a command \
          line's file in [[code.exempt]].",
    blind: "writing to standard output by its handle, a macro that is imported under another name (`use std::println as p`), \
            and what a macro of another crate expands to.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[code]\nprint_macros = [\"println\"]\n",
        bad: &[("crates/a/src/lib.rs", "fn f() { println!(\"here\"); }")],
        good: &[("crates/a/src/lib.rs", "fn f() -> String { format!(\"here\") }")],
        finds: "calls println!",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let code = config.code.as_ref().filter(|code| !code.print_macros.is_empty())?;
    let mut checked = Checked::new();
    let mut exempt = Exemptions::from(code, Ban::Print);
    for member in &workspace.crates {
        let tests = member.test_modules();
        for file in member.src().filter(|file| !tests.hold(file)) {
            checked.matched += 1;
            let prints = file
                .facts
                .macros
                .iter()
                .filter(|call| !call.in_test && code.print_macros.contains(&call.name));
            for call in prints {
                if !exempt.cover(&file.path, None) {
                    let message = format!("calls {}!; log it, return it, or write it at the edge", call.name);
                    checked.report(file.place(call.at), &call.name, message);
                }
            }
        }
    }
    exempt.report_idle(&mut checked);
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const LAW: &str = "[code]\nprint_macros = [\"println\", \"dbg\"]\n";

    #[test]
    fn must_fire() {
        for text in
            ["fn f() { println!(); }", "fn f() { std::println!(\"x\") }", "fn f() { let a = dbg!(b); }"]
        {
            let found = Ws::default().file("a", "src/m.rs", text).findings("LA-803", LAW);
            assert!(found.len() == 1 && found[0].contains("!; log it, return it"), "{text}: {found:?}");
        }
    }

    #[test]
    fn must_not_fire() {
        let files = [
            (
                "src/m.rs",
                "fn f() { writeln!(out, \"x\"); } #[cfg(test)] mod t { fn g() { println!(); } }".to_owned(),
            ),
            ("tests/t.rs", "fn f() { println!(); }".to_owned()),
        ];
        Ws::default().member_with("a", "", &files).clean("LA-803", LAW);
    }
}

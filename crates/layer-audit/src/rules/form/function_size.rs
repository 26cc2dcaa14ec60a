//! LA-502: no function is too long to see at once.

use crate::config::Config;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-502",
    title: "functions fit a screen",
    why: "What cannot be seen at once cannot be checked at once. Counted from the `fn` line to the closing brace.",
    fix: "Give a part of the function a name, and call it.",
    blind: "closures and macro bodies by themselves, and functions in tests, benches and examples.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[sizes]\nfile_lines = 99\nfunction_lines = 3\n",
        bad: &[("crates/a/src/lib.rs", "fn long() {\n\n\n}\n")],
        good: &[("crates/a/src/lib.rs", "fn short() {\n\n}\n")],
        finds: "fn long has 4 lines, at most 3",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let sizes = config.sizes.as_ref()?;
    let mut checked = Checked::new();
    for member in &workspace.crates {
        let tests = member.test_modules();
        for file in member.src().filter(|file| !tests.hold(file)) {
            for function in file.facts.functions.iter().filter(|function| !function.in_test) {
                checked.matched += 1;
                if function.lines > sizes.function_lines {
                    let (name, lines, most) = (&function.name, function.lines, sizes.function_lines);
                    let message =
                        format!("fn {name} has {lines} lines, at most {most}; give a part of it a name");
                    checked.report(file.place(function.at), name, message);
                }
            }
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[sizes]\nfile_lines = 99\nfunction_lines = 3";
    const LONG: &str = "fn long() {\n\n\n}\n";

    #[test]
    fn must_fire() {
        let expected = "fn long has 4 lines, at most 3; give a part of it a name";
        for text in [LONG.to_owned(), format!("impl A {{ {LONG} }}"), format!("trait A {{ {LONG} }}")] {
            let found = Ws::default().file("a", "src/m.rs", &text).findings("LA-502", CONFIG);
            assert!(found.len() == 1 && found[0].ends_with(expected), "{found:?}");
        }
    }

    #[test]
    fn must_not_fire() {
        let code = "/// Doc.\n///\n///\nfn f() {\n\n}\n#[cfg(test)] mod tests;\n";
        let files = [
            ("src/lib.rs", format!("{code}#[test] {LONG}")),
            ("src/tests.rs", LONG.to_owned()),
            ("tests/t.rs", LONG.to_owned()),
        ];
        Ws::default().member_with("a", "", &files).clean("LA-502", CONFIG);
    }
}

//! LA-804: a public function does something.

use crate::config::{Ban, Config};
use crate::rules::code::exemptions::Exemptions;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-804",
    title: "public functions add something",
    why: "A function that hands its parameters on as they came adds no check, no decision and no translation: only a \
          second name, and a step for every reader.",
    fix: "Let the callers call the thing itself; or exempt the function in [[code.exempt]] with what it is for.",
    blind: "functions without parameters, functions that add a constant, a body that is more than the bare call \
            (`return inner(a);`, `let b = inner(a); b`), and whether the types differ.",
    severity: Severity::Advisory,
    absence: false,
    example: Example {
        law: "[code]\npass_through = [\"a\"]\n",
        bad: &[(
            "crates/a/src/lib.rs",
            "pub fn find(store: &Store, id: &Id) -> Option<Row> { other(store, id) }",
        )],
        good: &[(
            "crates/a/src/lib.rs",
            "pub fn find(store: &Store, id: &Id) -> Option<Row> { other(store, id).filter(Row::is_live) }",
        )],
        finds: "fn find only hands on",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let code = config.code.as_ref().filter(|code| !code.pass_through.is_empty())?;
    let mut checked = Checked::new();
    let mut exempt = Exemptions::from(code, Ban::PassThrough);
    for member in workspace.listed(&code.pass_through) {
        let tests = member.test_modules();
        for file in member.src().filter(|file| !tests.hold(file)) {
            let functions =
                file.facts.functions.iter().filter(|function| function.public && !function.of_trait);
            for function in functions.filter(|function| !function.in_test) {
                checked.matched += 1;
                if function.passes_through && !exempt.cover(&file.path, Some(&function.name)) {
                    let name = &function.name;
                    let message = format!(
                        "fn {name} only hands on its parameters; let its callers call the thing itself"
                    );
                    checked.report(file.place(function.at), name, message);
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

    const LAW: &str = "[code]\npass_through = [\"a\"]\n";
    const EXEMPT: &str = "[[code.exempt]]\nfrom = \"pass_through\"\npath = \"crates/a/src/m.rs\"\nfunction = \"f\"\nbecause = \"it is the one door\"";

    #[test]
    fn must_fire() {
        for text in [
            "pub fn f(a: A, b: B) -> C { g(a, b) }",
            "impl S { pub async fn f(&self, a: A) -> C { self.inner.g(a).await } }",
        ] {
            let found = Ws::default().file("a", "src/m.rs", text).findings("LA-804", LAW);
            assert!(found.len() == 1 && found[0].contains("fn f only hands on"), "{text}: {found:?}");
        }
    }

    #[test]
    fn must_not_fire() {
        let text = "fn f(a: A) -> C { g(a) } impl T for S { fn f(&self, a: A) { self.0.g(a) } }\n\
                    pub struct W(A); impl W { pub fn of(a: A) -> Self { Self(a) } }\n\
                    pub fn h(a: A) -> C { g(a)? } pub fn i(a: A, b: B) -> C { g(b, a) } pub fn j() -> C { g() }";
        Ws::default().file("a", "src/m.rs", text).clean("LA-804", LAW);
    }

    #[test]
    fn an_exemption_holds_for_its_function() {
        let law = format!("{LAW}{EXEMPT}");
        Ws::default().file("a", "src/m.rs", "pub fn f(a: A) -> C { g(a) }").clean("LA-804", &law);
        let other =
            Ws::default().file("a", "src/m.rs", "pub fn h(a: A) -> C { g(a) }").findings("LA-804", &law);
        assert_eq!(other.len(), 2, "the other function and the idle exemption: {other:?}");
    }
}

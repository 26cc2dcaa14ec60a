//! LA-702: vocabulary is data; what acts on it lives elsewhere.

use crate::config::Config;
use crate::finding::Place;
use crate::importers::Module;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-702",
    title: "vocabulary has no public free functions",
    why: "Everybody depends on the vocabulary. A rule that slips into it is in everybody's build, and belongs to \
          nobody's layer; a type may know what makes its own values valid, and no more.",
    fix: "Make it a method of the type that it is about, move it to the layer whose rule it is, or exempt it in \
          [vocabulary] with the reason.",
    blind: "behaviour inside methods, and functions that a macro writes.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[vocabulary]\ncrates = [\"words\"]\n",
        bad: &[(
            "crates/words/src/lib.rs",
            "pub struct Risk(u8);\npub fn judge(risk: &Risk) -> bool { risk.0 > 3 }",
        )],
        good: &[(
            "crates/words/src/lib.rs",
            "pub struct Risk(u8);\nimpl Risk { pub fn new(value: u8) -> Option<Self> { (value < 9).then_some(Self(value)) } }",
        )],
        finds: "fn judge is behaviour",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let vocabulary = config.vocabulary.as_ref()?;
    let mut checked = Checked::new();
    let mut used = vec![false; vocabulary.exempt.len()];
    for member in workspace.listed(&vocabulary.crates) {
        let tests = member.test_modules();
        for file in member.src().filter(|file| !tests.hold(file)) {
            checked.matched += 1;
            let free = |function: &&crate::source::FunctionFact| {
                function.public && function.owner.is_none() && !function.in_test
            };
            for function in file.facts.functions.iter().filter(free) {
                let module = Module { member: member.name.clone(), path: function.module.clone() };
                let path = format!("{module}::{}", function.name);
                if let Some(at) = vocabulary.exempt.iter().position(|entry| entry.function == path) {
                    used[at] = true;
                    continue;
                }
                let message = format!(
                    "fn {} is behaviour in a vocabulary; make it a method of its type, or move it to a layer that decides",
                    function.name
                );
                checked.report(file.place(function.at), path, message);
            }
        }
    }
    for (entry, _) in vocabulary.exempt.iter().zip(used).filter(|(_, used)| !used) {
        let message =
            format!("[[vocabulary.exempt]] {} is no public free function; remove it", entry.function);
        checked.report(Place::file(CONFIG), &entry.function, message);
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const LAW: &str = "[vocabulary]\ncrates = [\"a\"]\n";

    #[test]
    fn must_fire() {
        for text in
            ["pub fn f() {}", "pub async fn f() {}", "pub mod m { pub fn f() {} }", "pub const fn f() {}"]
        {
            let found = Ws::default().file("a", "src/m.rs", text).findings("LA-702", LAW);
            assert!(found.len() == 1 && found[0].contains("fn f is behaviour"), "{text}: {found:?}");
        }
    }

    #[test]
    fn must_not_fire() {
        for text in [
            "pub struct S; impl S { pub fn f() {} } impl Default for S { fn default() -> Self { S } }",
            "fn f() {} pub(crate) fn g() {}",
            "pub trait T { fn f() {} }",
            "#[cfg(test)] mod tests { pub fn f() {} }",
        ] {
            Ws::default().file("a", "src/m.rs", text).clean("LA-702", LAW);
        }
    }

    #[test]
    fn an_exemption_holds_and_must_be_used() {
        let exempt = "[[vocabulary.exempt]]\nfunction = \"a::m::f\"\nbecause = \"it defines the word\"\n";
        let law = format!("{LAW}{exempt}");
        Ws::default().file("a", "src/m.rs", "pub fn f() {}").clean("LA-702", &law);
        assert_eq!(
            Ws::default().file("a", "src/m.rs", "").findings("LA-702", &law),
            ["LA-702 layers.toml [[vocabulary.exempt]] a::m::f is no public free function; remove it"]
        );
    }
}

//! LA-405: a type whose name ends in a role stands where that role lives.

use crate::config::Config;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-405",
    title: "role suffixes stand in the crates of their role",
    why: "The end of a name says which rules a type lives by: an engine decides and does no I/O, a driver holds the \
          query. A role elsewhere is either a wrong name or a thing in a wrong layer.",
    fix: "Move the type to a crate of its role, or name it for what it is there.",
    blind: "names without a word before the suffix, type aliases, and what a macro names. Whether a suffix that no type \
            has is mistyped: the role may be for types to come. Tests are exempt.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[[naming.role]]\nsuffix = \"Engine\"\ncrates = [\"engines\"]\nbecause = \"business rules live there\"\n",
        bad: &[("crates/api/src/lib.rs", "pub struct CostEngine;"), ("crates/engines/src/lib.rs", "")],
        good: &[("crates/engines/src/lib.rs", "pub struct CostEngine;")],
        finds: "CostEngine stands in api",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let naming = config.naming.as_ref().filter(|naming| !naming.roles.is_empty())?;
    let mut checked = Checked::new();
    for member in &workspace.crates {
        let tests = member.test_modules();
        for file in member.src().filter(|file| !tests.hold(file)) {
            let types = file.facts.types.iter().map(|one| (&one.name, one.in_test, one.at));
            let traits = file.facts.traits.iter().map(|one| (&one.name, one.in_test, one.at));
            for (name, _, at) in types.chain(traits).filter(|(_, in_test, _)| !in_test) {
                checked.matched += 1;
                let has_role = |suffix: &String| name.len() > suffix.len() && name.ends_with(suffix);
                let role = naming.roles.iter().find(|role| has_role(&role.suffix));
                let Some(role) = role.filter(|role| !role.crates.contains(&member.name)) else { continue };
                let message = format!(
                    "{name} stands in {}, but {} belongs into {}: {}",
                    member.name,
                    role.suffix,
                    role.crates.join(", "),
                    role.because
                );
                checked.report(file.place(at), name, message);
            }
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const LAW: &str = "[[naming.role]]\nsuffix = \"Engine\"\ncrates = [\"engines\", \"more\"]\nbecause = \"rules live there\"";

    #[test]
    fn must_fire() {
        for text in ["struct CostEngine;", "pub trait CostEngine {}", "mod inner { pub enum CostEngine {} }"]
        {
            let found = Ws::default().file("a", "src/m.rs", text).findings("LA-405", LAW);
            let expected = "CostEngine stands in a, but Engine belongs into engines, more: rules live there";
            assert!(found.len() == 1 && found[0].ends_with(expected), "{text}: {found:?}");
        }
    }

    #[test]
    fn must_not_fire() {
        Ws::default().file("more", "src/m.rs", "pub struct CostEngine;").clean("LA-405", LAW);
        let text = "struct Engine; struct EngineCost; #[cfg(test)] mod t { struct FakeEngine; }";
        Ws::default().file("a", "src/m.rs", text).clean("LA-405", LAW);
    }
}

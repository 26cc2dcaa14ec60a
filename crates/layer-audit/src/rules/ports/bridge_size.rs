//! LA-304: a bridge offers few capabilities. Also where the other bridge rule finds the bridges.

use crate::config::{Bridges, Config};
use crate::rules::{Checked, Example, Rule, Severity};
use crate::source::{InherentMethod, Method, Position, SourceFile, Visibility};
use crate::workspace::{Crate, Workspace};

pub(super) static RULE: Rule = Rule {
    id: "LA-304",
    title: "bridges are small",
    why: "A bridge is what one domain may ask of another. One that offers everything is the other domain's interface \
          by another name.",
    fix: "Split the bridge by who asks, or remove what nobody asks for.",
    blind: "capabilities given by trait implementations, methods that a macro writes, and private methods that modules \
            below the bridge's own call.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[bridges]\ncrates = [\"a\"]\nsuffix = \"Bridge\"\nmax_methods = 1\nconstructor = \"new\"\nrefuses = []\n",
        bad: &[(
            "crates/a/src/lib.rs",
            "pub(crate) struct LogBridge;\nimpl LogBridge { pub(crate) fn a(&self) {} pub fn b(&self) {} }",
        )],
        good: &[(
            "crates/a/src/lib.rs",
            "pub(crate) struct LogBridge;\nimpl LogBridge { pub(crate) fn of(port: Port) -> Self { Self } pub(crate) fn a(&self) {} fn b() {} }",
        )],
        finds: "LogBridge has 2 capabilities",
    },
    check,
};

/// A bridge: a type or trait of the configured suffix.
pub(super) struct Bridge<'a> {
    pub(super) member: &'a Crate,
    pub(super) file: &'a SourceFile,
    pub(super) name: &'a str,
    pub(super) at: Position,
    /// Methods of a bridge that is a trait.
    of_trait: &'a [Method],
}

impl<'a> Bridge<'a> {
    /// Inherent methods, wherever in the crate their `impl` stands.
    pub(super) fn inherent(&self) -> impl Iterator<Item = (&'a SourceFile, &'a InherentMethod)> {
        let name = self.name;
        self.member.src().flat_map(move |file| {
            let methods = file.facts.methods.iter().filter(move |method| method.of == name);
            methods.map(move |method| (file, method))
        })
    }
}

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let bridges = config.bridges.as_ref()?;
    let mut checked = Checked::new();
    for bridge in all(workspace, bridges) {
        checked.matched += 1;
        let inherent = bridge.inherent().filter(|(_, method)| is_capability(bridges, method)).count();
        let count = inherent + bridge.of_trait.len();
        if count > bridges.max_methods {
            let message = format!(
                "bridge {} has {count} capabilities, at most {}; split it by who asks",
                bridge.name, bridges.max_methods
            );
            checked.report(bridge.file.place(bridge.at), bridge.name, message);
        }
    }
    Some(checked)
}

/// Code outside the bridge's own file may call it, and it is more than a way to get the bridge.
fn is_capability(bridges: &Bridges, method: &InherentMethod) -> bool {
    let makes_it = method.constructs || method.method.name == bridges.constructor;
    method.visibility > Visibility::Private && !method.in_test && !makes_it
}

/// Every bridge outside tests.
pub(super) fn all<'a>(workspace: &'a Workspace, bridges: &'a Bridges) -> Vec<Bridge<'a>> {
    let mut found = Vec::new();
    for member in workspace.listed(&bridges.crates) {
        for file in member.src() {
            let types = file.facts.types.iter().filter(|one| !one.in_test);
            let types = types.map(|one| (one.name.as_str(), one.at, [].as_slice()));
            let traits = file.facts.traits.iter().filter(|one| !one.in_test);
            let traits = traits.map(|one| (one.name.as_str(), one.at, one.methods.as_slice()));
            let named = types.chain(traits).filter(|(name, ..)| name.ends_with(&bridges.suffix));
            found.extend(named.map(|(name, at, of_trait)| Bridge { member, file, name, at, of_trait }));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[bridges]\ncrates = [\"a\"]\nsuffix = \"Bridge\"\nmax_methods = 1\n\
                          constructor = \"new\"\nrefuses = []";

    #[test]
    fn must_fire() {
        let files = [
            ("src/lib.rs", "pub struct LogBridge; impl LogBridge { pub fn a(&self) {} }".to_owned()),
            ("src/more.rs", "impl super::LogBridge { pub(super) async fn b(x: u8) {} }".to_owned()),
        ];
        assert_eq!(
            Ws::default().member_with("a", "", &files).findings("LA-304", CONFIG),
            [
                "LA-304 crates/a/src/lib.rs:1:12 bridge LogBridge has 2 capabilities, at most 1; split it by who asks"
            ]
        );
        let text = "pub trait LogBridge { fn a(&self); fn b(&self); }";
        assert_eq!(Ws::default().file("a", "src/lib.rs", text).findings("LA-304", CONFIG).len(), 1);
    }

    #[test]
    fn must_not_fire() {
        let text = "pub struct LogBridge; impl LogBridge { pub fn new() -> Self { Self } pub fn a(&self) {} fn p() {} }\n\
                    impl LogBridge { pub fn of(x: u8) -> Result<LogBridge, E> {} #[cfg(test)] pub fn t(&self) {} pub(self) fn q() {} }\n\
                    impl Clone for LogBridge { fn clone(&self) -> Self { Self } }";
        Ws::default().file("a", "src/lib.rs", text).clean("LA-304", CONFIG);
    }
}

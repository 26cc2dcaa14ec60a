//! LA-305: a bridge is not built around a session.

use super::bridge_size::all;
use crate::config::Config;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-305",
    title: "bridges take no session in their constructors",
    why: "A bridge that holds a transaction decides when another domain's writes become visible. Who opens the unit of \
          work passes it per call.",
    fix: "Take the session as an argument of the method, not of the constructor.",
    blind: "a session behind a type alias, a generic parameter or a struct of another name; one that a method puts in \
            later; and constructors that a trait gives, as From does.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[bridges]\ncrates = [\"a\"]\nsuffix = \"Bridge\"\nmax_methods = 5\nconstructor = \"new\"\nrefuses = [\"Session\"]\n",
        bad: &[(
            "crates/a/src/lib.rs",
            "pub struct LogBridge;\nimpl LogBridge { pub fn new(session: Session) -> Self { Self } }",
        )],
        good: &[(
            "crates/a/src/lib.rs",
            "pub struct LogBridge;\nimpl LogBridge { pub fn new(port: Port) -> Self { Self } }",
        )],
        finds: "Session",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let bridges = config.bridges.as_ref()?;
    let mut checked = Checked::new();
    for bridge in all(workspace, bridges) {
        checked.matched += 1;
        let constructors = bridge.inherent().filter(|(_, method)| {
            !method.in_test && (method.constructs || method.method.name == bridges.constructor)
        });
        for (file, constructor) in constructors {
            let method = &constructor.method;
            let mut names = method.arguments.iter().flat_map(|argument| &argument.names);
            if let Some(refused) = names.find(|name| bridges.refuses.contains(name)) {
                let message = format!("{}::{} takes {refused}; pass it per call", bridge.name, method.name);
                checked.report(file.place(method.at), bridge.name, message);
            }
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[bridges]\ncrates = [\"a\"]\nsuffix = \"Bridge\"\nmax_methods = 5\n\
                          constructor = \"new\"\nrefuses = [\"UnitOfWork\"]";

    fn bridge(argument: &str) -> Ws {
        let text = format!(
            "pub struct LogBridge; impl LogBridge {{ pub fn new(x: {argument}) -> Self {{ Self }} }}"
        );
        Ws::default().file("a", "src/lib.rs", &text)
    }

    #[test]
    fn must_fire() {
        for argument in ["&mut UnitOfWork", "Box<dyn store::UnitOfWork>", "Arc<Mutex<UnitOfWork>>"] {
            assert_eq!(
                bridge(argument).findings("LA-305", CONFIG),
                ["LA-305 crates/a/src/lib.rs:1:47 LogBridge::new takes UnitOfWork; pass it per call"],
                "{argument}"
            );
        }
        for returned in ["Self", "LogBridge", "Result<Self, E>", "Option<Arc<LogBridge>>"] {
            let text = format!(
                "pub struct LogBridge; impl LogBridge {{ fn of(x: &UnitOfWork) -> {returned} {{ f() }} }}"
            );
            let found = Ws::default().file("a", "src/lib.rs", &text).findings("LA-305", CONFIG);
            assert_eq!(
                found,
                ["LA-305 crates/a/src/lib.rs:1:43 LogBridge::of takes UnitOfWork; pass it per call"],
                "{text}"
            );
        }
    }

    #[test]
    fn must_not_fire() {
        bridge("Arc<dyn UnitOfWorkFactory>").clean("LA-305", CONFIG);
        let text = "pub struct LogBridge; impl LogBridge { fn with(&self, x: UnitOfWork) -> Self { Self } fn of(x: UnitOfWork) -> u8 { 1 } }";
        Ws::default().file("a", "src/lib.rs", text).clean("LA-305", CONFIG);
        let per_call = "pub struct LogBridge; impl LogBridge { pub fn log(&self, uow: &mut UnitOfWork) {} }";
        Ws::default().file("a", "src/lib.rs", per_call).clean("LA-305", CONFIG);
    }
}

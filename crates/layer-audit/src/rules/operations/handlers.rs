//! LA-601: each operation has one handler.

use super::exemptions::{called, lacking};
use crate::config::Config;
use crate::inventory;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-601",
    title: "each operation has one handler",
    why: "An operation without a handler is a promise that the first caller finds broken; with two, which one answers \
          is decided by the order of start-up.",
    fix: "Register one handler for the operation, or list it in [[operations.without_handler]] with the reason.",
    blind: "registrations that a macro makes, or whose type is inferred and not written.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[operations]\ncrates = [\"words\"]\ntrait = { name = \"Operation\", constants = { name = \"NAME\" } }\n\
              register = { crates = [\"spine\"], call = \"on\" }\n",
        bad: &[
            ("crates/words/src/lib.rs", DECLARED),
            ("crates/spine/src/lib.rs", "fn register(registry: &mut Registry) {}"),
        ],
        good: &[
            ("crates/words/src/lib.rs", DECLARED),
            (
                "crates/spine/src/lib.rs",
                "fn register(registry: &mut Registry) { registry.on::<words::GetTool>(get); }\nfn get() {}",
            ),
        ],
        finds: "tools.tools.get_tool has no handler",
    },
    check,
};

const DECLARED: &str = "pub struct GetTool;\n\
                        impl Operation for GetTool { const NAME: &'static str = \"tools.tools.get_tool\"; }";

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let form = config.operations.as_ref()?;
    let call = &form.register.as_ref()?.call;
    let table = inventory::table(workspace, config)?;
    let mut checked = Checked::new();
    checked.matched = table.operations.len();
    let section = "operations.without_handler";
    let lacks = |operation: &inventory::OperationFact| operation.handlers.is_empty();
    for operation in lacking(&mut checked, section, &form.without_handler, &table.operations, lacks) {
        let (name, request) = (called(operation), &operation.request_type);
        let message = format!("{name} has no handler; register one by {call}::<{request}>(..)");
        checked.report(operation.declared.clone(), name, message);
    }
    for operation in &table.operations {
        let Some((first, more)) = operation.handlers.split_first() else { continue };
        for handler in more {
            let name = called(operation);
            let message =
                format!("{name} has a handler already, registered at {}; keep one", first.registered);
            checked.report(handler.registered.clone(), name, message);
        }
    }
    for stray in table.strays.iter().filter(|stray| !stray.is_route) {
        let message =
            format!("{} is registered and is no operation; declare it, or remove this", stray.type_name);
        checked.report(stray.at.clone(), &stray.type_name, message);
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[operations]\ncrates = [\"words\"]\n\
        macro = { name = \"operations\", texts = [\"name\", \"summary\"], idents = [\"authority\"] }\n\
        register = { crates = [\"spine\"], call = \"on\" }\n";
    const WORDS: &str = "operations! { Get => Tool, \"tools.tools.get\", Read, \"Get\"; \
                         List => Page<Tool>, \"tools.tools.list\", Read, \"List\"; }\npub struct Get; pub struct List;";

    fn found(spine: &str, more: &str) -> Vec<String> {
        let workspace = Ws::default().file("words", "src/tools.rs", WORDS).file(
            "spine",
            "src/lib.rs",
            &format!("use words::tools as t; {spine}"),
        );
        workspace.findings("LA-601", &format!("{CONFIG}{more}"))
    }

    #[test]
    fn must_fire() {
        let both = "fn f(r: R) { r.on::<t::Get>(get); r.on::<t::List>(list); ";
        let cases = [
            (
                "fn f(r: R) { r.on::<t::Get>(get); }",
                "tools.rs:1 tools.tools.list has no handler; register one by on::<List>(..)",
            ),
            (
                &format!("{both} r.on::<words::tools::Get>(again); }}"),
                "has a handler already, registered at crates/spine/src/lib.rs:1:",
            ),
            (&format!("{both} r.on::<t::Put>(put); }}"), "t::Put is registered and is no operation"),
            (&format!("{both} }} mod tests {{}}"), ""),
        ];
        for (spine, expected) in cases {
            let found = found(spine, "");
            assert_eq!(found.len(), usize::from(!expected.is_empty()), "{spine}: {found:?}");
            assert!(found.iter().all(|finding| finding.contains(expected)), "{spine}: {found:?}");
        }
    }

    #[test]
    fn a_test_registers_nothing() {
        let spine = "fn f(r: R) { r.on::<t::Get>(get); } #[cfg(test)] mod tests { fn g(r: R) { r.on::<t::List>(list); } }";
        assert_eq!(found(spine, "").len(), 1);
    }

    #[test]
    fn an_exemption_must_exempt() {
        let entry = |name: &str| {
            format!(
                "[[operations.without_handler]]\noperation = \"{name}\"\nbecause = \"it comes with the next part\""
            )
        };
        let one = "fn f(r: R) { r.on::<t::Get>(get); }";
        assert_eq!(found(one, &entry("tools.tools.list")), Vec::<String>::new());
        let stale = found(one, &entry("tools.tools.get"));
        assert_eq!(stale.len(), 2, "{stale:?}");
        assert!(stale[1].contains("tools.tools.get exempts nothing; remove it"), "{stale:?}");
    }
}

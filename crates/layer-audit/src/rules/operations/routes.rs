//! LA-602: each operation has a route.

use super::exemptions::{called, lacking};
use crate::config::Config;
use crate::inventory;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-602",
    title: "each operation has a route, or a reason why not",
    why: "An operation that no route reaches is forgotten by whoever reads the interface, and so is its authority.",
    fix: "Add a line to the route table, or list the operation in [[operations.without_route]] with the reason.",
    blind: "routes that a macro makes, or whose type is inferred and not written.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[operations]\ncrates = [\"words\"]\ntrait = { name = \"Operation\", constants = { name = \"NAME\" } }\n\
              routes = { crates = [\"api\"], call = \"route\" }\n",
        bad: &[
            ("crates/words/src/lib.rs", DECLARED),
            ("crates/api/src/lib.rs", "static ROUTES: &[Route] = &[];"),
        ],
        good: &[
            ("crates/words/src/lib.rs", DECLARED),
            (
                "crates/api/src/lib.rs",
                "use words::*;\nstatic ROUTES: &[Route] = &[route::<GetTool>(GET, \"/tools/{id}\")];",
            ),
        ],
        finds: "tools.tools.get_tool has no route",
    },
    check,
};

const DECLARED: &str = "pub struct GetTool;\n\
                        impl Operation for GetTool { const NAME: &'static str = \"tools.tools.get_tool\"; }";

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let form = config.operations.as_ref()?;
    form.routes.as_ref()?;
    let table = inventory::table(workspace, config)?;
    let mut checked = Checked::new();
    checked.matched = table.operations.len();
    let lacks = |operation: &inventory::OperationFact| operation.routes.is_empty();
    let section = "operations.without_route";
    for operation in lacking(&mut checked, section, &form.without_route, &table.operations, lacks) {
        let name = called(operation);
        let message = format!("{name} has no route; add one, or list it in [[{section}]]");
        checked.report(operation.declared.clone(), name, message);
    }
    for stray in table.strays.iter().filter(|stray| stray.is_route) {
        let message =
            format!("{} has a route and is no operation; declare it, or remove this", stray.type_name);
        checked.report(stray.at.clone(), &stray.type_name, message);
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[operations]\ncrates = [\"words\"]\n\
        trait = { name = \"Operation\", constants = { name = \"NAME\" } }\n\
        routes = { crates = [\"api\"], call = \"route\" }\n";

    fn found(api: &str, more: &str) -> Vec<String> {
        let words =
            "pub struct Get; impl crate::Operation for Get { const NAME: &'static str = \"tools.get\"; }";
        let workspace = Ws::default().file("words", "src/lib.rs", words).file("api", "src/lib.rs", api);
        workspace.findings("LA-602", &format!("{CONFIG}{more}"))
    }

    #[test]
    fn must_fire() {
        assert!(found("", "")[0].contains("tools.get has no route"));
        let stray = found("use words::*; fn f() { route::<Get>(GET, \"/\"); route::<Put>(PUT, \"/\"); }", "");
        assert_eq!(stray.len(), 1, "{stray:?}");
        assert!(stray[0].contains("Put has a route and is no operation"), "{stray:?}");
        let stale = "[[operations.without_route]]\noperation = \"tools.put\"\nbecause = \"for embedders\"";
        assert_eq!(found("", stale).len(), 2);
    }

    #[test]
    fn must_not_fire() {
        for api in [
            "use words::*; fn f() { route::<Get>(GET, \"/\"); }",
            "fn f(r: R) { r.route::<words::Get>(\"/\"); }",
            "use words::Get as Tool; static R: &[Route] = &[route::<Tool>(Method::GET, \"/\").created()];",
        ] {
            assert_eq!(found(api, ""), Vec::<String>::new(), "{api}");
        }
        let exempt = "[[operations.without_route]]\noperation = \"tools.get\"\nbecause = \"for embedders\"";
        assert_eq!(found("", exempt), Vec::<String>::new());
    }
}

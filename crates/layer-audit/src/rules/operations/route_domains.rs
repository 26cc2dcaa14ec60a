//! LA-605: a route dispatches an operation of its own domain.

use crate::config::{Config, RouteDomain, RouteForm};
use crate::finding::Place;
use crate::inventory::{self, OperationFact, RouteFact};
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-605",
    title: "a route dispatches operations of its own domain",
    why: "Whoever reads a path must know whose rules answer it. A route under one domain that dispatches another's \
          operation makes one domain the other's front door.",
    fix: "Move the route under its operation's domain, or list its path in [[operations.routes.foreign]] with the \
          reason.",
    blind: "paths that are put together from parts.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[operations]\ncrates = [\"words\"]\ntrait = { name = \"Operation\", constants = { name = \"NAME\" } }\n\
              routes = { crates = [\"api\"], call = \"route\" }\n",
        bad: &[
            ("crates/words/src/lib.rs", DECLARED),
            (
                "crates/api/src/lib.rs",
                "fn table() { route::<words::FreezeKey>(POST, \"/incidents/freeze\"); }",
            ),
        ],
        good: &[
            ("crates/words/src/lib.rs", DECLARED),
            (
                "crates/api/src/lib.rs",
                "fn table() { route::<words::FreezeKey>(POST, \"/api-keys/freeze\"); }",
            ),
        ],
        finds: "stands under incidents and dispatches api_keys.keys.freeze_key",
    },
    check,
};

const DECLARED: &str = "pub struct FreezeKey;\n\
                        impl Operation for FreezeKey { const NAME: &'static str = \"api_keys.keys.freeze_key\"; }";

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let form = config.operations.as_ref()?.routes.as_ref()?;
    let operations = inventory::operations(workspace, config);
    let routes = || {
        operations.iter().flat_map(|operation| operation.routes.iter().map(move |route| (operation, route)))
    };
    let mut checked = Checked::new();
    for (operation, route) in routes() {
        checked.matched += 1;
        let exempt = form.foreign.iter().any(|entry| entry.path == route.path);
        if !exempt && !is_at_home(form, operation, route) {
            let (path, under) = (&route.path, domain(form, route).unwrap_or_else(|| "no domain".to_owned()));
            let message = format!("{path} stands under {under} and dispatches {}; move one", operation.name);
            checked.report(route.at.clone(), path, message);
        }
    }
    for entry in &form.foreign {
        let used = |(operation, route): (&OperationFact, &RouteFact)| {
            route.path == entry.path && !is_at_home(form, operation, route)
        };
        if !routes().any(used) {
            let message = format!("[[operations.routes.foreign]] {} exempts nothing; remove it", entry.path);
            checked.report(Place::file(CONFIG), &entry.path, message);
        }
    }
    Some(checked)
}

fn is_at_home(form: &RouteForm, operation: &OperationFact, route: &RouteFact) -> bool {
    match form.domain {
        RouteDomain::Path => domain(form, route).as_ref() == Some(&operation.domain),
        RouteDomain::Module => route.module.contains(&operation.domain),
    }
}

/// What the route says its domain is.
fn domain(form: &RouteForm, route: &RouteFact) -> Option<String> {
    match form.domain {
        RouteDomain::Path => {
            let rest = route.path.strip_prefix(&form.prefix)?;
            rest.split('/').find(|segment| !segment.is_empty()).map(|segment| segment.replace('-', "_"))
        }
        RouteDomain::Module => route.module.last().cloned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[operations]\ncrates = [\"words\"]\n\
        trait = { name = \"Operation\", constants = { name = \"NAME\" } }\n[operations.routes]\ncrates = [\"api\"]\n\
        call = \"route\"\n";

    fn found(file: &str, path: &str, more: &str) -> Vec<String> {
        let words = "pub struct Get; impl Operation for Get { const NAME: &'static str = \"api_keys.get\"; }";
        let api = format!("fn f() {{ route::<words::Get>(GET, \"{path}\"); }}");
        let workspace = Ws::default().file("words", "src/lib.rs", words).file("api", file, &api);
        workspace.findings("LA-605", &format!("{CONFIG}{more}"))
    }

    #[test]
    fn must_fire() {
        let cases = [
            ("src/lib.rs", "/keys", ""),
            ("src/lib.rs", "/", ""),
            ("src/lib.rs", "/api-keys", "prefix = \"/v1\""),
            ("src/tools.rs", "/api-keys", "domain = \"module\""),
        ];
        for (file, path, more) in cases {
            assert_eq!(found(file, path, more).len(), 1, "{path} {more}");
        }
        let stale = "[[operations.routes.foreign]]\npath = \"/api-keys\"\nbecause = \"callers know it\"";
        assert!(found("src/lib.rs", "/api-keys", stale)[0].contains("exempts nothing"));
    }

    #[test]
    fn must_not_fire() {
        let foreign = "[[operations.routes.foreign]]\npath = \"/keys\"\nbecause = \"callers know it\"";
        let cases = [
            ("src/lib.rs", "/api-keys/{id}", ""),
            ("src/lib.rs", "api_keys", ""),
            ("src/lib.rs", "/v1/api-keys", "prefix = \"/v1\""),
            ("src/api_keys.rs", "/anything", "domain = \"module\""),
            ("src/lib.rs", "/keys", foreign),
        ];
        for (file, path, more) in cases {
            assert_eq!(found(file, path, more), Vec::<String>::new(), "{path} {more}");
        }
    }
}

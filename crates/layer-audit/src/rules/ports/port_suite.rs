//! LA-307: every port has a conformance suite.

use crate::config::{Config, Conformance};
use crate::finding::Place;
use crate::inventory::{self, PortFact, snake_case};
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-307",
    title: "every port has a conformance suite",
    why: "A trait says what can be called, not what must hold. What every implementation owes its callers is written \
          once, as a test that takes any of them.",
    fix: "Write a public function named as the port, in snake case, in a module of [ports.conformance]; or give the \
          port the suites that cover it in [[ports.conformance.suite]]; or list it in [[ports.conformance.exempt]].",
    blind: "whether the suite asks for all that the port promises.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: LAW,
        bad: &[
            ("crates/words/src/ports.rs", "pub trait ToolStore { fn get(&self); }"),
            ("crates/kit/src/conformance.rs", "pub fn clock(clock: &dyn Clock) {}"),
        ],
        good: &[
            ("crates/words/src/ports.rs", "pub trait ToolStore { fn get(&self); }"),
            ("crates/kit/src/conformance.rs", "pub fn tool_store(store: &dyn ToolStore) {}"),
        ],
        finds: "port ToolStore has no suite; write conformance::tool_store",
    },
    check,
};

const LAW: &str = "[ports]\ncrates = [\"words\"]\nmodules = [\"ports\"]\nmax_methods = 12\n\
                   [ports.conformance]\ncrates = [\"kit\"]\nmodules = [\"conformance\"]\n";

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let form = config.ports.as_ref()?.conformance.as_ref()?;
    let ports = inventory::ports(workspace, config);
    let mut checked = Checked::new();
    for port in &ports {
        checked.matched += 1;
        let exempt = form.exempt.iter().any(|entry| entry.port == port.name);
        if port.suites.is_empty() && !exempt {
            let module = form.modules.first().map_or("", String::as_str);
            let message =
                format!("port {} has no suite; write {module}::{}", port.name, snake_case(&port.name));
            checked.report(port.at.clone(), &port.name, message);
        }
    }
    stale(&mut checked, form, &ports);
    Some(checked)
}

/// Entries for ports and suites that are not there, and exemptions of ports that have a suite.
fn stale(checked: &mut Checked, form: &Conformance, ports: &[PortFact]) {
    let port = |name: &str| ports.iter().find(|port| port.name == name);
    for entry in &form.exempt {
        if port(&entry.port).is_none_or(|port| !port.suites.is_empty()) {
            let message = format!("[[ports.conformance.exempt]] {} exempts nothing; remove it", entry.port);
            checked.report(Place::file(CONFIG), &entry.port, message);
        }
    }
    for entry in &form.suites {
        let known = port(&entry.port).map(|port| port.suites.as_slice());
        let place = Place::file(CONFIG);
        let Some(known) = known else {
            let message = format!("[[ports.conformance.suite]] names {}, which is no port", entry.port);
            checked.report(place, &entry.port, message);
            continue;
        };
        for suite in entry.suites.iter().filter(|suite| !known.contains(suite)) {
            let message = format!("[[ports.conformance.suite]] names {suite}, which is no suite");
            checked.report(place.clone(), &entry.port, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LAW;
    use crate::fixture::Ws;

    fn found(suites: &str, more: &str) -> Vec<String> {
        let workspace =
            Ws::default().file("words", "src/tools/ports.rs", "pub trait MCPStore { fn get(&self); }").file(
                "kit",
                "src/lib.rs",
                &format!("pub mod conformance {{ {suites} }} pub fn mcp_store() {{}}"),
            );
        workspace.findings("LA-307", &format!("{LAW}{more}"))
    }

    #[test]
    fn must_fire() {
        for suites in [
            "",
            "fn mcp_store(store: &dyn MCPStore) {}",
            "#[cfg(test)] mod tests { pub fn mcp_store() {} }",
            "pub struct S; impl S { pub fn mcp_store() {} }",
        ] {
            let found = found(suites, "");
            assert_eq!(found.len(), 1, "{suites}: {found:?}");
            assert!(
                found[0].ends_with("port MCPStore has no suite; write conformance::mcp_store"),
                "{found:?}"
            );
        }
    }

    #[test]
    fn entries_must_be_of_use() {
        let suite = |port: &str, suite: &str| {
            let entry = format!("port = \"{port}\"\nsuites = [\"{suite}\"]\nbecause = \"its own name\"");
            format!("[[ports.conformance.suite]]\n{entry}")
        };
        let exempt = "[[ports.conformance.exempt]]\nport = \"MCPStore\"\nbecause = \"nothing to see\"";
        let named = "pub fn mcp_store() {}";
        assert_eq!(found("pub fn store() {}", &suite("MCPStore", "store")), Vec::<String>::new());
        assert_eq!(found("", exempt), Vec::<String>::new());
        assert!(found(named, exempt)[0].contains("exempts nothing"));
        assert!(found(named, &suite("Clock", "mcp_store"))[0].contains("names Clock, which is no port"));
        assert!(found("", &suite("MCPStore", "gone"))[1].contains("names gone, which is no suite"));
    }
}

//! LA-303: every method of a port takes the tenant first, or the configuration says why not.

use super::port_size::all;
use crate::config::{Config, PortExempt, Ports};
use crate::finding::Place;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::source::{Method, TraitFact};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-303",
    title: "methods of ports take the tenant first",
    why: "A store that is asked without a tenant can only answer for all of them. Stated in each signature, it cannot \
          be forgotten in a query.",
    fix: "Make the configured argument the first after `self`; or list port and methods in [[ports.exempt]].",
    blind: "whether an implementation uses the argument: its conformance suite judges that.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[ports]\ncrates = [\"a\"]\nmodules = [\"ports\"]\nmax_methods = 12\nfirst_argument = \"tenant: &TenantId\"\n",
        bad: &[("crates/a/src/ports.rs", "pub trait Store { fn get(&self, id: &Id); }")],
        good: &[("crates/a/src/ports.rs", "pub trait Store { fn get(&self, tenant: &TenantId, id: &Id); }")],
        finds: "tenant: &TenantId",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let ports = config.ports.as_ref()?;
    let expected = ports.first_argument.as_ref()?;
    let mut checked = Checked::new();
    for (file, port) in all(workspace, ports) {
        for method in &port.methods {
            checked.matched += 1;
            if takes(method, expected) || ports.exempt.iter().any(|entry| exempts(entry, port, method)) {
                continue;
            }
            let subject = format!("{}::{}", port.name, method.name);
            let message = format!("{subject} must take `{expected}` first, or be listed in [[ports.exempt]]");
            checked.report(file.place(method.at), &subject, message);
        }
    }
    stale(&mut checked, workspace, ports, expected);
    Some(checked)
}

/// An exemption that exempts nothing would hide the next method of that name.
fn stale(checked: &mut Checked, workspace: &Workspace, ports: &Ports, expected: &str) {
    for entry in &ports.exempt {
        let methods =
            || all(workspace, ports).flat_map(|(_, port)| port.methods.iter().map(move |m| (port, m)));
        let used = |name: Option<&String>| {
            let named = |method: &Method| name.is_none_or(|name| *name == method.name);
            methods().any(|(port, method)| {
                exempts(entry, port, method) && named(method) && !takes(method, expected)
            })
        };
        let names: Vec<Option<&String>> =
            if entry.methods.is_empty() { vec![None] } else { entry.methods.iter().map(Some).collect() };
        for name in names.into_iter().filter(|name| !used(*name)) {
            let subject = name.map_or_else(|| entry.port.clone(), |name| format!("{}::{name}", entry.port));
            let message = format!("[[ports.exempt]] {subject} exempts nothing; remove it");
            checked.report(Place::file(CONFIG), &subject, message);
        }
    }
}

fn takes(method: &Method, expected: &str) -> bool {
    method.arguments.first().is_some_and(|argument| argument.text == expected)
}

fn exempts(entry: &PortExempt, port: &TraitFact, method: &Method) -> bool {
    entry.port == port.name && (entry.methods.is_empty() || entry.methods.contains(&method.name))
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[ports]\ncrates = [\"a\"]\nmodules = [\"ports\"]\nmax_methods = 12\n\
                          first_argument = \"tenant: &TenantId\"\n";

    fn with_exempt(entry: &str) -> String {
        format!("{CONFIG}[[ports.exempt]]\nbecause = \"no tenant's data\"\n{entry}")
    }

    fn file(text: &str) -> Ws {
        Ws::default().file("a", "src/ports.rs", text)
    }

    #[test]
    fn must_fire() {
        for method in
            ["fn get(&self)", "fn get(&self, id: &Id, tenant: &TenantId)", "fn get(&self, tenant: &str)"]
        {
            assert_eq!(
                file(&format!("trait Store {{ {method}; }}")).findings("LA-303", CONFIG),
                ["LA-303 crates/a/src/ports.rs:1:18 Store::get must take `tenant: &TenantId` first, \
                  or be listed in [[ports.exempt]]"],
                "{method}"
            );
        }
    }

    #[test]
    fn a_stale_exemption_must_fire() {
        let text = "trait Store { fn get(&self, tenant: &TenantId); fn all(&self); }";
        let config = with_exempt("port = \"Store\"\nmethods = [\"all\", \"get\", \"gone\"]");
        assert_eq!(
            file(text).findings("LA-303", &config),
            [
                "LA-303 layers.toml [[ports.exempt]] Store::get exempts nothing; remove it",
                "LA-303 layers.toml [[ports.exempt]] Store::gone exempts nothing; remove it",
            ]
        );
    }

    #[test]
    fn must_not_fire() {
        file("trait Store { fn get(&self, tenant: &'a ids::TenantId, id: &Id); }").clean("LA-303", CONFIG);
        file("trait Clock { fn now(&self); }").clean("LA-303", &with_exempt("port = \"Clock\""));
        file("trait Bus { fn tick(&self); }")
            .clean("LA-303", &with_exempt("port = \"Bus\"\nmethods = [\"tick\"]"));
    }
}

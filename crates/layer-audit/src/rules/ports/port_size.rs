//! LA-301: a port has few methods. Also where the other port rules find the ports.

use crate::config::{Config, Ports};
use crate::inventory;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::source::{SourceFile, TraitFact};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-301",
    title: "ports are small",
    why: "Every method of a port is written again by each driver, each fake and each embedder's own implementation.",
    fix: "Split the port by who needs which methods.",
    blind: "traits outside the modules that [ports] names, and methods that a macro writes.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[ports]\ncrates = [\"a\"]\nmodules = [\"ports\"]\nmax_methods = 1\n",
        bad: &[("crates/a/src/ports.rs", "pub trait Store { fn get(&self); fn put(&self); }")],
        good: &[("crates/a/src/ports.rs", "pub trait Store { fn get(&self); }")],
        finds: "port Store has 2 methods",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let ports = config.ports.as_ref()?;
    let mut checked = Checked::new();
    for (file, port) in all(workspace, ports) {
        checked.matched += 1;
        let count = port.methods.len();
        if count > ports.max_methods {
            let message =
                format!("port {} has {count} methods, at most {}; split it", port.name, ports.max_methods);
            checked.report(file.place(port.at), &port.name, message);
        }
    }
    Some(checked)
}

/// Every port.
pub(super) fn all<'a>(
    workspace: &'a Workspace,
    ports: &'a Ports,
) -> impl Iterator<Item = (&'a SourceFile, &'a TraitFact)> {
    inventory::traits(workspace, ports).map(|(_, file, port)| (file, port))
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[ports]\ncrates = [\"a\"]\nmodules = [\"ports\"]\nmax_methods = 2";

    #[test]
    fn must_fire() {
        let big = "pub trait Store { fn a(); fn b(); fn c() {} }";
        for (path, text) in
            [("src/tools/ports.rs", big.to_owned()), ("src/tools.rs", format!("mod ports {{ {big} }}"))]
        {
            let found = Ws::default().file("a", path, &text).findings("LA-301", CONFIG);
            assert_eq!(found.len(), 1, "{path}");
            assert!(found[0].ends_with("port Store has 3 methods, at most 2; split it"), "{found:?}");
        }
    }

    #[test]
    fn must_not_fire() {
        let small = "pub trait Store { type X; const N: u8; fn a(); fn b(); }";
        Ws::default().file("a", "src/ports.rs", small).clean("LA-301", CONFIG);
        let elsewhere = "pub trait Big { fn a(); fn b(); fn c(); } mod ports { trait P {} }";
        Ws::default().file("a", "src/lib.rs", elsewhere).clean("LA-301", CONFIG);
    }
}

//! LA-302: a port with asynchronous methods is an `#[async_trait]`.

use super::port_size::all;
use crate::config::Config;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-302",
    title: "asynchronous ports are #[async_trait]",
    why: "Ports are used as trait objects; a trait with a bare `async fn` cannot be one, and its futures need not be \
          Send.",
    fix: "Put #[async_trait] on the trait and on its implementations.",
    blind: "methods that return a future by hand, boxed or as `-> impl Future`.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[ports]\ncrates = [\"a\"]\nmodules = [\"ports\"]\nmax_methods = 12\n",
        bad: &[("crates/a/src/ports.rs", "pub trait Store { async fn get(&self); }")],
        good: &[("crates/a/src/ports.rs", "#[async_trait]\npub trait Store { async fn get(&self); }")],
        finds: "Store",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let ports = config.ports.as_ref()?;
    let mut checked = Checked::new();
    for (file, port) in all(workspace, ports) {
        checked.matched += 1;
        let is_async = port.methods.iter().any(|method| method.is_async);
        if is_async && !port.async_trait {
            let message = format!("port {} has async methods and is no #[async_trait]", port.name);
            checked.report(file.place(port.at), &port.name, message);
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[ports]\ncrates = [\"a\"]\nmodules = [\"ports\"]\nmax_methods = 12";

    #[test]
    fn must_fire() {
        let bare = "pub trait Store { async fn get(&self); }";
        assert_eq!(
            Ws::default().file("a", "src/ports.rs", bare).findings("LA-302", CONFIG),
            ["LA-302 crates/a/src/ports.rs:1:11 port Store has async methods and is no #[async_trait]"]
        );
    }

    #[test]
    fn must_not_fire() {
        let text = "#[async_trait::async_trait] pub trait Store { async fn get(&self); } trait Clock { fn now(&self); }";
        Ws::default().file("a", "src/ports.rs", text).clean("LA-302", CONFIG);
    }
}

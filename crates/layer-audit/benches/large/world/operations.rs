//! Operations: each domain of each crate of the lowest layer declares one; they are registered, routed, written down.

use super::{CRATES, DOMAINS, name};

/// The declaration, with a port beside it.
pub(super) fn declared(domain: &str, at: usize) -> String {
    DECLARED.replace("$NAME", &named(domain, at))
}

/// The table of handlers.
pub(super) fn handlers() -> String {
    let of = |domain: &&str| {
        let lines = (0..CRATES).map(|at| format!("    registry.on::<{}>(ask);\n", path(domain, at)));
        format!("fn register_{domain}(registry: &mut Registry) {{\n{}}}\n\n", lines.collect::<String>())
    };
    format!("//! Who answers.\n\n{}fn ask() {{}}\n", DOMAINS.iter().map(of).collect::<String>())
}

/// The table of routes.
pub(super) fn routes() -> String {
    let lines =
        each(|domain, at| format!("    route::<{}>(GET, \"/{domain}/{at}/ask\"),\n", path(domain, at)));
    format!("//! Where to ask.\n\nstatic ROUTES: &[Route] = &[\n{lines}];\n")
}

/// The contract.
pub(super) fn contract() -> String {
    each(|domain, at| format!("{{ \"name\": \"{}\" }}\n", named(domain, at)))
}

fn each(line: impl Fn(&str, usize) -> String) -> String {
    let all = DOMAINS.iter().flat_map(|domain| (0..CRATES).map(move |at| (domain, at)));
    all.map(|(domain, at)| line(domain, at)).collect()
}

fn named(domain: &str, at: usize) -> String {
    format!("{domain}.crate_{at}.ask")
}

fn path(domain: &str, at: usize) -> String {
    format!("{}::{domain}::Ask", name(0, at).replace('-', "_"))
}

const DECLARED: &str = r#"
operations! {
    Ask => String, "$NAME", Read, "Ask";
}

/// Asks.
#[derive(Debug)]
pub struct Ask;

/// Where things are kept.
pub mod ports {
    /// A store of one domain.
    pub trait Store {
        /// Finds one.
        fn find(&self, tenant: &str, id: &str) -> Option<String>;
        /// Keeps one.
        fn keep(&mut self, tenant: &str, id: &str, value: String) -> Result<(), String>;
    }
}
"#;

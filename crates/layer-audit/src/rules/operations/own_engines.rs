//! LA-607: handlers name the engines of their own domain.

use std::collections::BTreeSet;

use crate::config::{Config, Domains};
use crate::finding::Place;
use crate::names::meant::Meant;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::source::SourceFile;
use crate::workspace::{Workspace, in_code};

pub(super) static RULE: Rule = Rule {
    id: "LA-607",
    title: "handlers name the engines of their own domain",
    why: "A handler that runs another domain's rules decides for it: when that domain changes what it refuses, nobody \
          thinks of this handler. A bridge is where the other domain says what it lets others ask.",
    fix: "Ask the other domain's bridge; or list both domains in [[operations.crossings]] with the reason.",
    blind: "engines that arrive as arguments, and modules of no domain, which may name any: bridges stand there.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[operations]\ncrates = []\nregister = { crates = [\"spine\"], call = \"on\" }\nrules_crates = [\"engines\"]\n\
              [domains]\ncrates = []\ndomain = [{ name = \"tools\" }, { name = \"incidents\" }]\n",
        bad: &[
            ("crates/spine/src/tools.rs", "fn get() { engines::incidents::open(); }"),
            ("crates/engines/src/lib.rs", "pub mod incidents;"),
        ],
        good: &[
            ("crates/spine/src/tools.rs", "fn get() { crate::bridges::incidents(); }"),
            ("crates/spine/src/bridges.rs", "pub fn incidents() { engines::incidents::open(); }"),
            ("crates/engines/src/lib.rs", "pub mod incidents;"),
        ],
        finds: "tools names engines of incidents",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let (operations, domains) = (config.operations.as_ref()?, config.domains.as_ref()?);
    let register = operations.register.as_ref()?;
    if operations.rules_crates.is_empty() {
        return None;
    }
    let engines: Vec<String> = operations.rules_crates.iter().map(|name| in_code(name)).collect();
    let mut checked = Checked::new();
    let mut used = BTreeSet::new();
    for member in workspace.listed(&register.crates) {
        let tests = member.test_modules();
        for meant in workspace.meant_in_src(member).filter(|meant| !tests.hold(meant.file)) {
            let Some(own) = domain(meant.file, domains) else { continue };
            checked.matched += 1;
            for (other, place) in foreign(&meant, own, &engines, domains) {
                let crossing =
                    operations.crossings.iter().position(|entry| entry.from == own && entry.to == other);
                used.extend(crossing);
                if crossing.is_none() {
                    let message = format!("{own} names engines of {other}; ask its bridge");
                    checked.report(place, format!("{own} -> {other}"), message);
                }
            }
        }
    }
    for (_, entry) in operations.crossings.iter().enumerate().filter(|(at, _)| !used.contains(at)) {
        let subject = format!("{} -> {}", entry.from, entry.to);
        let message = format!("[[operations.crossings]] {subject} exempts nothing; remove it");
        checked.report(Place::file(CONFIG), subject, message);
    }
    Some(checked)
}

fn domain<'a>(file: &SourceFile, domains: &'a Domains) -> Option<&'a str> {
    let top = file.module.first()?;
    domains.domains.iter().map(|domain| domain.name.as_str()).find(|name| name == top)
}

/// The other domains whose engines a file names, each with the first place.
fn foreign(meant: &Meant<'_>, own: &str, engines: &[String], domains: &Domains) -> Vec<(String, Place)> {
    let mut found: Vec<(String, Place)> = Vec::new();
    for (name, meanings) in meant.names().filter(|(name, _)| !name.in_test) {
        for (krate, path) in meanings.iter().filter_map(|one| one.in_full(meant.across.own_name())) {
            let Some(other) = path.first().filter(|_| engines.iter().any(|one| one == krate)) else {
                continue;
            };
            let is_domain = domains.domains.iter().any(|domain| domain.name == *other);
            let is_new = !found.iter().any(|(seen, _)| seen == other);
            if is_domain && other != own && is_new {
                found.push((other.clone(), meant.file.place(name.at)));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[operations]\ncrates = []\nregister = { crates = [\"spine\"], call = \"on\" }\n\
        rules_crates = [\"my-engines\"]\n[domains]\ncrates = []\n\
        domain = [{ name = \"tools\" }, { name = \"incidents\" }]\n";

    fn found(path: &str, text: &str) -> Vec<String> {
        let workspace = Ws::default().file("spine", path, text).file(
            "my-engines",
            "src/lib.rs",
            "pub mod incidents; pub mod tools; pub use incidents::open as begin;",
        );
        workspace.findings("LA-607", CONFIG)
    }

    #[test]
    fn must_fire() {
        for text in [
            "use my_engines::incidents::{open, close};",
            "fn f() { my_engines::incidents::open(); my_engines::incidents::close(); }",
            "use my_engines as e; fn f() { e::begin(); }",
        ] {
            let found = found("src/tools/mcp.rs", text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains("tools names engines of incidents; ask its bridge"), "{found:?}");
        }
    }

    #[test]
    fn a_crossing_must_be_used() {
        let crossing = |to: &str| {
            format!(
                "{CONFIG}[[operations.crossings]]\nfrom = \"tools\"\nto = \"{to}\"\nbecause = \"one act\""
            )
        };
        let spine = || {
            Ws::default().file("spine", "src/tools.rs", "use my_engines::incidents;").member("my-engines", "")
        };
        spine().clean("LA-607", &crossing("incidents"));
        assert_eq!(spine().findings("LA-607", &crossing("tools")).len(), 2);
    }

    #[test]
    fn must_not_fire() {
        let cases = [
            ("src/tools.rs", "use my_engines::tools; #[cfg(test)] mod tests { use my_engines::incidents; }"),
            ("src/tools.rs", "use words::incidents::Incident;"),
        ];
        for (path, text) in cases {
            assert_eq!(found(path, text), Vec::<String>::new(), "{text}");
        }
    }
}

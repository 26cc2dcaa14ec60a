//! LA-202: no domain names another domain's module.

use std::collections::BTreeSet;

use crate::config::{Config, Domains};
use crate::finding::Place;
use crate::names::across::Meaning;
use crate::names::meant::Meant;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::source::{Alias, NamedPath, SourceFile, Visibility};
use crate::workspace::{Crate, Workspace};

pub(super) static RULE: Rule = Rule {
    id: "LA-202",
    title: "domains do not name each other",
    why: "Cargo keeps layers apart, but inside a crate every module can name every other; domains that do so can no \
          longer be read, changed or given away one by one. A top-level module that is no domain may name none \
          either, or it would be a way around; a library's root may declare and re-export them, and no more.",
    fix: "Call the other domain through its bridge one layer up; or list the module in [[domains.shared]] with the \
          reason why it must name domains.",
    blind: "what a macro expands to, types that reach a domain by inference or as a field of a shared type, functions that \
            a glob brings in and that are handed on uncalled, and what the root of a binary does.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[domains]\ncrates = [\"a\"]\ndomain = [{ name = \"tools\" }, { name = \"incidents\", bridge = \"IncidentsBridge\" }]\n",
        bad: &[
            ("crates/a/src/lib.rs", "pub mod tools;\npub mod incidents;"),
            ("crates/a/src/tools.rs", "use crate::incidents::Record;"),
            ("crates/a/src/incidents.rs", "pub struct Record;"),
            ("crates/b/src/lib.rs", "pub struct IncidentsBridge;"),
        ],
        good: &[
            ("crates/a/src/lib.rs", "pub mod tools;\npub mod incidents;"),
            ("crates/a/src/tools.rs", "pub fn f() {}"),
            ("crates/a/src/incidents.rs", "pub struct Record;"),
            ("crates/b/src/lib.rs", "pub struct IncidentsBridge;"),
        ],
        finds: "call it through IncidentsBridge",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let domains = config.domains.as_ref()?;
    let mut checked = Checked::new();
    for member in workspace.listed(&domains.crates) {
        stale(&mut checked, domains, member);
        for meant in workspace.meant_in_src(member) {
            let top = meant.file.module.first();
            checked.matched += usize::from(top.is_some_and(|top| is_domain(domains, top)));
            let desk = Desk { domains, member, meant: &meant };
            for (name, meanings) in meant.names() {
                desk.judge(&mut checked, name, meanings);
            }
        }
    }
    bridgeless(&mut checked, domains, workspace);
    Some(checked)
}

/// A file that is judged.
struct Desk<'a> {
    domains: &'a Domains,
    member: &'a Crate,
    meant: &'a Meant<'a>,
}

impl Desk<'_> {
    fn judge(&self, checked: &mut Checked, name: &NamedPath, meanings: &[Meaning]) {
        let own = name.module.first().map_or("", String::as_str);
        if is_shared(self.domains, self.member, own) || (own.is_empty() && !self.is_bound(name)) {
            return;
        }
        let foreign = |meaning: &Meaning| other_domain(self.domains, own, &meaning.path);
        let others: BTreeSet<&str> = meanings.iter().filter_map(foreign).collect();
        if others.is_empty() {
            return;
        }
        let told = self.meant.across.told(name);
        let is_told = |other: &str| {
            let mut same = told.iter().filter(|told| foreign(&told.meaning) == Some(other));
            same.any(|told| told.said_in().is_none_or(|module| self.is_judged(module, other)))
        };
        let Some(other) = others.into_iter().find(|other| !is_told(other)) else { return };
        let mut bridges = self.domains.domains.iter().filter(|domain| domain.name == other);
        let way_out = match bridges.find_map(|domain| domain.bridge.as_ref()) {
            Some(bridge) => format!("call it through {bridge}"),
            None => "it has no bridge yet: add one, or pass the value in".to_owned(),
        };
        let (by, place) = (if own.is_empty() { "the root" } else { own }, self.meant.file.place(name.at));
        checked.report(place, format!("{by} -> {other}"), format!("names crate::{other}; {way_out}"));
    }

    /// The root of a library may declare and re-export domains, but what it does or keeps to itself would be a way around.
    fn is_bound(&self, name: &NamedPath) -> bool {
        let kept = |alias: &Alias| {
            let same = alias.module.is_empty() && alias.target == name.segments;
            same && alias.visibility == Visibility::Private
        };
        let is_library = self.member.library_file().is_some_and(|root| root.path == self.meant.file.path);
        is_library && !name.in_test && (!name.import || self.meant.file.facts.aliases.iter().any(kept))
    }

    /// What this module says of the domain `other` is a finding there.
    fn is_judged(&self, module: &[String], other: &str) -> bool {
        module.first().is_some_and(|top| top != other && !is_shared(self.domains, self.member, top))
    }
}

fn other_domain<'a>(domains: &'a Domains, own: &str, path: &[String]) -> Option<&'a str> {
    let top = path.get(1).filter(|top| path[0] == "crate" && *top != own)?;
    domains.domains.iter().map(|domain| domain.name.as_str()).find(|name| name == top)
}

fn is_domain(domains: &Domains, name: &str) -> bool {
    domains.domains.iter().any(|domain| domain.name == name)
}

fn is_shared(domains: &Domains, member: &Crate, module: &str) -> bool {
    let named = |modules: &[String]| modules.iter().any(|name| name == module);
    domains.shared.iter().any(|entry| entry.name == member.name && named(&entry.modules))
}

/// A module that is gone must not leave its freedom to the next one of that name.
fn stale(checked: &mut Checked, domains: &Domains, member: &Crate) {
    for entry in domains.shared.iter().filter(|entry| entry.name == member.name) {
        for module in &entry.modules {
            if !member.src().any(|file| file.module.first() == Some(module)) {
                let message = format!("[[domains.shared]] {} has no module {module}; remove it", member.name);
                checked.report(Place::file(CONFIG), module, message);
            }
        }
    }
}

/// A bridge that nobody can call must not be the way out.
fn bridgeless(checked: &mut Checked, domains: &Domains, workspace: &Workspace) {
    for domain in &domains.domains {
        let Some(bridge) = &domain.bridge else { continue };
        let declares = |file: &SourceFile| {
            let types = file.facts.types.iter().filter(|one| !one.in_test).map(|one| &one.name);
            let traits = file.facts.traits.iter().filter(|one| !one.in_test).map(|one| &one.name);
            types.chain(traits).any(|name| name == bridge)
        };
        if !workspace.crates.iter().flat_map(Crate::src).any(declares) {
            let message = format!(
                "[domains] {} has {bridge}, which no member declares; mend or remove it",
                domain.name
            );
            checked.report(Place::file(CONFIG), bridge, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[domains]\ncrates = [\"a\"]\n\
        domain = [{ name = \"tools\" }, { name = \"incidents\", bridge = \"IncidentsBridge\" }]\n\
        [[domains.shared]]\ncrate = \"a\"\nmodules = [\"uow\"]\nbecause = \"one transaction\"";

    fn workspace(files: &[(&str, String)]) -> Ws {
        let bridges = Ws::default().file("b", "src/lib.rs", "pub trait IncidentsBridge {}");
        bridges.member_with("a", "", files)
    }

    fn found(path: &str, text: &str) -> Vec<String> {
        let root = "pub mod tools; pub mod incidents; pub use incidents::Record; #[cfg(test)] mod tests;";
        let files = [
            ("src/lib.rs", root.to_owned()),
            ("src/incidents.rs", "pub struct Record;".to_owned()),
            (
                "src/uow/mod.rs",
                "pub type Kept = crate::incidents::Record; pub use crate::incidents::g;".to_owned(),
            ),
            (path, text.to_owned()),
        ];
        let findings = workspace(&files).findings("LA-202", CONFIG);
        findings
            .into_iter()
            .map(|finding| finding.trim_start_matches("LA-202 crates/a/").to_owned())
            .collect()
    }

    #[test]
    fn must_fire() {
        let bridge = "names crate::incidents; call it through IncidentsBridge";
        let cases = [
            ("src/tools/mcp.rs", "use crate::incidents::Record;", "1:23"),
            ("src/tools/mcp.rs", "use super::super::incidents;", "1:19"),
            ("src/tools/mcp.rs", "fn f() { crate::incidents::g(); }", "1:10"),
            ("src/tools.rs", "use crate as c; fn f() { c::incidents::g(); }", "1:26"),
            ("src/tools.rs", "use crate::Record;", "1:12"),
            ("src/tools.rs", "mod tests { use super::super::incidents::Record; }", "1:42"),
            ("src/clock.rs", "use crate::incidents;", "1:12"),
            ("src/tools.rs", "fn f(r: crate::uow::Kept) {}", "1:9"),
            ("src/tools.rs", "use crate::uow::Kept;", "1:17"),
            ("src/tools.rs", "fn f() { crate::uow::g(); }", "1:10"),
            ("src/tools.rs", "use crate::*; fn f(r: Record) {}", "1:23"),
            ("src/tools.rs", "use crate::*; fn f() { incidents::g(); }", "1:24"),
            ("src/tools.rs", "use crate::*; fn f() { h!(Record::new()); }", "1:27"),
            (
                "src/tools.rs",
                "mod inner { use super::Record; } use crate::incidents::Record; fn f(r: Record) {}",
                "1:56",
            ),
            ("src/tools.rs", "use crate::incidents::*; fn f() { g(); Record::new(); }", "1:23"),
        ];
        for (path, text, at) in cases {
            assert_eq!(found(path, text), [format!("{path}:{at} {bridge}")], "{text}");
        }
    }

    #[test]
    fn what_the_root_does_must_fire() {
        let bridge = "names crate::incidents; call it through IncidentsBridge";
        let root = "pub mod tools; pub mod incidents; pub use incidents::Record;";
        let cases = [
            ("pub fn f() { incidents::g(); }", Some("1:75")),
            ("use incidents::g; pub fn f() { g(); }", Some("1:77")),
            ("pub fn f(r: Record) {}", Some("1:74")),
            ("pub(crate) use incidents::g; #[cfg(test)] fn f() { incidents::g(); }", None),
        ];
        for (text, at) in cases {
            let files = [
                ("src/lib.rs", format!("{root} {text}")),
                ("src/main.rs", "fn main() { crate::incidents::g(); }".to_owned()),
                ("src/tools.rs", String::new()),
                ("src/uow.rs", String::new()),
            ];
            let found = workspace(&files).findings("LA-202", CONFIG);
            let expected: Vec<_> =
                at.iter().map(|at| format!("LA-202 crates/a/src/lib.rs:{at} {bridge}")).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_stale_entry_must_fire() {
        let files = [("src/tools.rs", String::new())];
        assert_eq!(
            workspace(&files).findings("LA-202", CONFIG),
            ["LA-202 layers.toml [[domains.shared]] a has no module uow; remove it"]
        );
        let files = [("src/tools.rs", String::new()), ("src/uow.rs", String::new())];
        let bridge = "#[cfg(test)] struct IncidentsBridge;".to_owned();
        let without =
            Ws::default().member_with("a", "", &files).member_with("b", "", &[("src/lib.rs", bridge)]);
        assert_eq!(
            without.findings("LA-202", CONFIG),
            [
                "LA-202 layers.toml [domains] incidents has IncidentsBridge, which no member declares; mend or remove it"
            ]
        );
    }

    #[test]
    fn must_not_fire() {
        let cases = [
            (
                "src/tools/mcp.rs",
                "use crate::tools::other; use super::third; use schemas::incidents::Record;",
            ),
            ("src/uow/tx.rs", "use crate::incidents::Record; use crate::tools;"),
            ("src/tools.rs", "use crate::clock; mod incidents { pub fn f() {} } fn g() { incidents::f(); }"),
            ("src/tests.rs", "fn f() {}"),
        ];
        for (path, text) in cases {
            assert_eq!(found(path, text), Vec::<String>::new(), "{text}");
        }
    }
}

//! LA-202: no domain names another domain's module.

use crate::config::{Config, Domains};
use crate::finding::Place;
use crate::names::across::{Across, Meaning};
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::source::{NamedPath, SourceFile};
use crate::workspace::{Crate, Workspace};

pub(super) static RULE: Rule = Rule {
    id: "LA-202",
    title: "domains do not name each other",
    why: "Cargo keeps layers apart, but inside a crate every module can name every other; domains that do so can no \
          longer be read, changed or given away one by one. A top-level module that is no domain may name none \
          either, or it would be a way around; the crate root may, to declare and re-export them.",
    fix: "Call the other domain through its bridge one layer up; or list the module in [[domains.shared]] with the \
          reason why it must name domains.",
    blind: "what a macro expands to, and types that reach a domain by inference.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[domains]\ncrates = [\"a\"]\ndomain = [{ name = \"tools\" }, { name = \"incidents\", bridge = \"IncidentsBridge\" }]\n",
        bad: &[
            ("crates/a/src/lib.rs", "pub mod tools;\npub mod incidents;"),
            ("crates/a/src/tools.rs", "use crate::incidents::Record;"),
            ("crates/a/src/incidents.rs", "pub struct Record;"),
        ],
        good: &[
            ("crates/a/src/lib.rs", "pub mod tools;\npub mod incidents;"),
            ("crates/a/src/tools.rs", "pub fn f() {}"),
            ("crates/a/src/incidents.rs", "pub struct Record;"),
        ],
        finds: "call it through IncidentsBridge",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let domains = config.domains.as_ref()?;
    let mut checked = Checked::new();
    for member in workspace.listed(&domains.crates) {
        let across = Across::of(workspace, member);
        stale(&mut checked, domains, member);
        for file in member.src() {
            checked.matched += usize::from(file.module.first().is_some_and(|top| is_domain(domains, top)));
            for name in &file.facts.names {
                judge(&mut checked, domains, member, file, (&across, name));
            }
        }
    }
    Some(checked)
}

fn judge(
    checked: &mut Checked,
    domains: &Domains,
    member: &Crate,
    file: &SourceFile,
    (across, name): (&Across<'_>, &NamedPath),
) {
    let Some(own) = name.module.first() else { return };
    if is_shared(domains, member, own) {
        return;
    }
    let foreign = |meaning: &Meaning| other_domain(domains, own, &meaning.path);
    let Some(other) = across.meanings(name).iter().find_map(foreign) else { return };
    if across.imported(name).iter().any(|meaning| foreign(meaning).is_some()) {
        return;
    }
    let way_out =
        match domains.domains.iter().find(|domain| domain.name == other).and_then(|d| d.bridge.as_ref()) {
            Some(bridge) => format!("call it through {bridge}"),
            None => "it has no bridge yet: add one, or pass the value in".to_owned(),
        };
    checked.report(
        file.place(name.at),
        format!("{own} -> {other}"),
        format!("names crate::{other}; {way_out}"),
    );
}

fn other_domain(domains: &Domains, own: &str, path: &[String]) -> Option<String> {
    let top = path.get(1).filter(|_| path[0] == "crate")?;
    (top != own && is_domain(domains, top)).then(|| top.clone())
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

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[domains]\ncrates = [\"a\"]\n\
        domain = [{ name = \"tools\" }, { name = \"incidents\", bridge = \"IncidentsBridge\" }]\n\
        [[domains.shared]]\ncrate = \"a\"\nmodules = [\"uow\"]\nbecause = \"one transaction\"";

    fn found(path: &str, text: &str) -> Vec<String> {
        let root = "pub mod tools; pub mod incidents; pub use incidents::Record; #[cfg(test)] mod tests;";
        let files = [
            ("src/lib.rs", root.to_owned()),
            ("src/incidents.rs", "pub struct Record;".to_owned()),
            ("src/uow/mod.rs", String::new()),
            (path, text.to_owned()),
        ];
        let findings = Ws::default().member_with("a", "", &files).findings("LA-202", CONFIG);
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
        ];
        for (path, text, at) in cases {
            assert_eq!(found(path, text), [format!("{path}:{at} {bridge}")], "{text}");
        }
    }

    #[test]
    fn a_stale_entry_must_fire() {
        let files = [("src/tools.rs", String::new())];
        let findings = Ws::default().member_with("a", "", &files).findings("LA-202", CONFIG);
        assert_eq!(findings, ["LA-202 layers.toml [[domains.shared]] a has no module uow; remove it"]);
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

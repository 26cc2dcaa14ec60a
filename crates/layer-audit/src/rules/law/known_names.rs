//! LA-003: every crate that the configuration names is a member.

use crate::config::{Config, Conformance, Operations};
use crate::finding::Place;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-003",
    title: "the configuration names only crates that exist",
    why: "A rule for a crate that was renamed guards nothing, and nobody notices.",
    fix: "Correct the name in the section that the finding gives, or remove it.",
    blind: "externals: whether a package of that name exists anywhere.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[[never]]\ncrate = \"tool\"\nbecause = \"it is a tool\"\n",
        bad: &[(
            "crates/a/Cargo.toml",
            "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\n",
        )],
        good: &[
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\n"),
            (
                "crates/tool/Cargo.toml",
                "[package]\nname = \"tool\"\n[lints]\nworkspace = true\n[dependencies]\n",
            ),
        ],
        finds: "names tool, which is no member",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let mut checked = Checked::new();
    for (section, name) in named(config) {
        checked.matched += 1;
        if name != "*" && workspace.get(&name).is_none() {
            let message = format!("{section} names {name}, which is no member of the workspace");
            checked.report(Place::file(CONFIG), name, message);
        }
    }
    (checked.matched > 0).then_some(checked)
}

fn named(config: &Config) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    let mut add = |section, names: &mut dyn Iterator<Item = &'_ String>| {
        all.extend(names.map(|name| (section, name.clone())));
    };
    add("[[crate]] may_use", &mut config.crates.iter().flat_map(|entry| &entry.may_use));
    add("[[crate]] dev", &mut config.crates.iter().flat_map(|entry| &entry.dev));
    add("[tests] crates", &mut config.tests.iter().flat_map(|tests| &tests.crates));
    add("[tests] exempt", &mut config.tests.iter().flat_map(|tests| &tests.exempt));
    add("[[never]]", &mut config.never.iter().map(|entry| &entry.name));
    add("[[never]] except", &mut config.never.iter().flat_map(|entry| &entry.except));
    add("[[unreachable]] from", &mut config.unreachable.iter().flat_map(|entry| &entry.from));
    add("[[exclusive]] only", &mut config.exclusive.iter().flat_map(|entry| &entry.only));
    add("[[exclusive]] dev", &mut config.exclusive.iter().flat_map(|entry| &entry.dev));
    add("[[pure]] crates", &mut config.pure.iter().flat_map(|entry| &entry.crates));
    add("[domains] crates", &mut config.domains.iter().flat_map(|domains| &domains.crates));
    let shared = config.domains.iter().flat_map(|domains| &domains.shared);
    add("[[domains.shared]]", &mut shared.map(|entry| &entry.name));
    add("[ports] crates", &mut config.ports.iter().flat_map(|ports| &ports.crates));
    let owners = config.transactions.iter().flat_map(|transactions| &transactions.only);
    add("[[transactions.only]]", &mut owners.map(|entry| &entry.name));
    let users = config.bridges.iter().filter_map(|bridges| bridges.used_by.as_ref()).flatten();
    let users: Vec<String> = users.map(|user| user.split("::").take(1).collect()).collect();
    add("[bridges] used_by", &mut users.iter());
    add("[bridges] crates", &mut config.bridges.iter().flat_map(|bridges| &bridges.crates));
    add("[shared] crates", &mut config.shared.iter().flat_map(|shared| &shared.crates));
    add("[vocabulary] crates", &mut config.vocabulary.iter().flat_map(|vocabulary| &vocabulary.crates));
    add("[code] pass_through", &mut config.code.iter().flat_map(|code| &code.pass_through));
    add("[migrations] crates", &mut config.migrations.iter().flat_map(|migrations| &migrations.crates));
    let documents = config.literature.iter().flat_map(|literature| &literature.documents);
    add("[[literature.document]] crates", &mut documents.flat_map(|document| &document.crates));
    let sources =
        config.literature.iter().flat_map(|literature| literature.codes.iter().chain(&literature.events));
    add("[literature] codes or events", &mut sources.map(|source| &source.name));
    let roles = config.naming.iter().flat_map(|naming| &naming.roles);
    add("[[naming.role]] crates", &mut roles.flat_map(|role| &role.crates));
    let suites = config.ports.iter().filter_map(|ports| ports.conformance.as_ref());
    let operations = config.operations.iter().flat_map(Operations::members);
    for (section, name) in operations.chain(suites.flat_map(Conformance::members)) {
        add(section, &mut std::iter::once(name));
    }
    all
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    #[test]
    fn must_fire() {
        let config = "[[never]]\ncrate = \"gone\"\nbecause = \"it is a tool\"";
        assert_eq!(
            Ws::default().member("a", "").findings("LA-003", config),
            ["LA-003 layers.toml [[never]] names gone, which is no member of the workspace"]
        );
    }

    #[test]
    fn must_not_fire() {
        let config = "[[crate]]\nname = \"a\"\nlayer = \"L\"\nmay_use = [\"*\", \"b\"]";
        Ws::default().member("a", "").member("b", "").clean("LA-003", config);
    }
}

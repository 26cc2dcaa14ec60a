//! LA-701: what is shared says for whom, and is used by them.

use std::collections::BTreeSet;

use crate::config::{Config, SharedSchemas};
use crate::finding::Place;
use crate::importers::{Module, importers};
use crate::markers::value;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::source::SourceFile;
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-701",
    title: "shared vocabulary has the consumers that it declares",
    why: "What only one crate uses is that crate's own; put among the shared things, it grows without an owner, and \
          whoever changes it must think of everybody. A list of consumers that is not true is worse than none.",
    fix: "List members that really name the module in its header; where fewer do, move the module to the one that \
          uses it, or exempt it in [shared] with the reason.",
    blind: "consumers that are left out of the list, uses of macros, and types that come by inference. Tests, and \
            members that [tests] lists, are no consumers.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[shared]\ncrates = [\"words\"]\nlabel = \"Consumers:\"\nmin = 2\n",
        bad: &[
            ("crates/words/src/lib.rs", "pub mod codes;"),
            ("crates/words/src/codes.rs", "//! Codes.\n//!\n//! Consumers: a, b\npub struct Code;"),
            ("crates/a/Cargo.toml", USES_WORDS),
            ("crates/a/src/lib.rs", "use words::codes::Code;"),
            ("crates/b/src/lib.rs", ""),
        ],
        good: &[
            ("crates/words/src/lib.rs", "pub mod codes;"),
            ("crates/words/src/codes.rs", "//! Codes.\n//!\n//! Consumers: a, b\npub struct Code;"),
            ("crates/a/Cargo.toml", USES_WORDS),
            ("crates/a/src/lib.rs", "use words::codes::Code;"),
            ("crates/b/Cargo.toml", USES_WORDS_TOO),
            ("crates/b/src/lib.rs", "fn f(_: words::codes::Code) {}"),
        ],
        finds: "declares b, which names nothing of it",
    },
    check,
};

const USES_WORDS: &str = "[package]\nname = \"a\"\n[dependencies]\nwords = { path = \"../words\" }\n";
const USES_WORDS_TOO: &str = "[package]\nname = \"b\"\n[dependencies]\nwords = { path = \"../words\" }\n";

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let shared = config.shared.as_ref()?;
    let mut checked = Checked::new();
    let files = modules(workspace, config, shared);
    idle_exemptions(&mut checked, shared, &files);
    let judged: Vec<_> = files.into_iter().filter(|(_, module)| !is_exempt(shared, module)).collect();
    let modules: Vec<Module> = judged.iter().map(|(_, module)| module.clone()).collect();
    let tests: BTreeSet<&String> = config.tests.iter().flat_map(|tests| &tests.crates).collect();
    for ((file, module), importers) in judged.iter().zip(importers(workspace, &modules)) {
        checked.matched += 1;
        let outside = importers.iter().filter(|one| !one.in_test && one.member.name != module.member);
        let consumers: BTreeSet<&str> = outside
            .map(|one| &one.member.name)
            .filter(|member| !tests.contains(member))
            .map(String::as_str)
            .collect();
        judge(&mut checked, workspace, shared, file, &consumers);
    }
    Some(checked)
}

fn judge(
    checked: &mut Checked,
    workspace: &Workspace,
    shared: &SharedSchemas,
    file: &SourceFile,
    consumers: &BTreeSet<&str>,
) {
    let (label, min) = (&shared.label, shared.min);
    let Some((declared, line)) = value(file, &shared.label) else {
        let known = short(consumers, &shared.prefix);
        let message = format!(
            "has no header line `//! {label} ..` that lists at least {min} consumers; it is named by: {known}"
        );
        checked.report(Place::line(&file.path, 1), &file.path, message);
        return;
    };
    let place = Place::line(&file.path, line);
    let mut real = BTreeSet::new();
    for name in declared.split(',').map(str::trim) {
        match member_of(workspace, name, &shared.prefix) {
            None => {
                let message = format!("declares `{name}`, which is no member; list members, split by commas");
                checked.report(place.clone(), name, message);
            }
            Some(member) if !consumers.contains(member) => {
                let message =
                    format!("declares {name}, which names nothing of it outside tests; take it off the list");
                checked.report(place.clone(), name, message);
            }
            Some(member) => {
                real.insert(member);
            }
        }
    }
    if real.len() < min {
        let message = format!(
            "has {} real consumers, at least {min} are expected; it is named by: {}; list them, or move it to the one that uses it",
            real.len(),
            short(consumers, &shared.prefix)
        );
        checked.report(place, &file.path, message);
    }
}

/// The heads of the shared modules: top-level modules that are no domain and no test.
fn modules<'a>(
    workspace: &'a Workspace,
    config: &Config,
    shared: &SharedSchemas,
) -> Vec<(&'a SourceFile, Module)> {
    let is_domain =
        |name: &String| config.domains.iter().flat_map(|all| &all.domains).any(|one| one.name == *name);
    let mut heads = Vec::new();
    for member in workspace.crates.iter().filter(|member| shared.crates.contains(&member.name)) {
        let tests = member.test_modules();
        let top = member.src().filter(|file| file.module.len() == 1 && !tests.hold(file));
        let top = top.filter(|file| !is_domain(&file.module[0]));
        heads.extend(
            top.map(|file| (file, Module { member: member.name.clone(), path: file.module.clone() })),
        );
    }
    heads
}

fn is_exempt(shared: &SharedSchemas, module: &Module) -> bool {
    shared.exempt.iter().any(|entry| Module::parse(&entry.module) == *module)
}

fn idle_exemptions(checked: &mut Checked, shared: &SharedSchemas, files: &[(&SourceFile, Module)]) {
    for entry in &shared.exempt {
        if !files.iter().any(|(_, module)| Module::parse(&entry.module) == *module) {
            let message = format!("[[shared.exempt]] {} is no shared module; remove it", entry.module);
            checked.report(Place::file(CONFIG), &entry.module, message);
        }
    }
}

/// The member of that name, which may leave out the prefix.
fn member_of<'a>(workspace: &'a Workspace, name: &str, prefix: &str) -> Option<&'a str> {
    let member = workspace.get(name).or_else(|| workspace.get(&format!("{prefix}{name}")))?;
    Some(&member.name)
}

fn short(members: &BTreeSet<&str>, prefix: &str) -> String {
    let short: Vec<_> = members.iter().map(|member| member.strip_prefix(prefix).unwrap_or(member)).collect();
    if short.is_empty() { "nobody".to_owned() } else { short.join(", ") }
}

#[cfg(test)]
mod tests;

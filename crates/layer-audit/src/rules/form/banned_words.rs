//! LA-404: names of types and modules have no word that says nothing.

use crate::config::{Config, Naming};
use crate::finding::Place;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-404",
    title: "names of types and modules have none of the banned words",
    why: "A manager manages and a service serves: the word fits everything, so it tells nobody where to look, and \
          everything ends up in it. Other words stand for what was given up, a layer or a product that is gone.",
    fix: "Name it for what it decides, holds or does: `ToolRegistry`, not `ToolManager`.",
    blind: "functions, fields, inline modules, type aliases, crates, folders that are no module, and what a macro names.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[naming]\nbanned_words = [\"Manager\"]\n",
        bad: &[("crates/a/src/lib.rs", "pub struct ToolManager;")],
        good: &[("crates/a/src/lib.rs", "pub struct ToolRegistry;")],
        finds: "`ToolManager` says `Manager`",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let naming = config.naming.as_ref().filter(|naming| !naming.banned_words.is_empty())?;
    let mut checked = Checked::new();
    for member in &workspace.crates {
        for file in &member.files {
            let types = file.facts.types.iter().map(|one| (&one.name, one.at));
            let traits = file.facts.traits.iter().map(|one| (&one.name, one.at));
            for (name, at) in types.chain(traits) {
                judge(&mut checked, naming, name, file.place(at));
            }
            // A file whose whole name is banned has its own rule.
            if let Some(name) = file.module.last().filter(|name| !naming.banned_files.contains(name)) {
                judge(&mut checked, naming, name, Place::file(&file.path));
            }
        }
    }
    Some(checked)
}

fn judge(checked: &mut Checked, naming: &Naming, name: &str, place: Place) {
    checked.matched += 1;
    let words = words(name);
    let is_said = |banned: &&String| words.iter().any(|word| word.eq_ignore_ascii_case(banned));
    if let Some(banned) = naming.banned_words.iter().find(is_said) {
        let message =
            format!("`{name}` says `{banned}`, a word that [naming] bans; name it for what it holds or does");
        checked.report(place, name, message);
    }
}

/// `HTTPLogService` and `http_log_service` are three words each.
fn words(name: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for part in name.split('_') {
        let characters: Vec<(usize, char)> = part.char_indices().collect();
        let mut begin = 0;
        for at in 1..characters.len() {
            let before = characters[at - 1].1;
            let (offset, here) = characters[at];
            let after_is_lower = characters.get(at + 1).is_some_and(|(_, next)| next.is_lowercase());
            if here.is_uppercase() && (!before.is_uppercase() || after_is_lower) {
                words.push(&part[begin..offset]);
                begin = offset;
            }
        }
        words.push(&part[begin..]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Ws;

    const LAW: &str = "[naming]\nbanned_words = [\"Service\", \"L3\"]\nbanned_files = [\"service\"]";

    #[test]
    fn names_are_split_into_words() {
        let cases: &[(&str, &[&str])] = &[
            ("LogService", &["Log", "Service"]),
            ("HTTPLogService", &["HTTP", "Log", "Service"]),
            ("http_log_service", &["http", "log", "service"]),
            ("Sha256Digest", &["Sha256", "Digest"]),
            ("X", &["X"]),
            ("ÄrgerÖl", &["Ärger", "Öl"]),
        ];
        for (name, expected) in cases {
            assert_eq!(words(name), *expected, "{name}");
        }
    }

    #[test]
    fn must_fire() {
        let cases = [
            ("src/m.rs", "struct LogService;", "`LogService` says `Service`"),
            ("src/m.rs", "enum ServiceKind {}", "`ServiceKind` says `Service`"),
            ("src/m.rs", "trait Service {}", "`Service` says `Service`"),
            ("src/log_service.rs", "", "`log_service` says `Service`"),
            (
                "src/l3.rs",
                "",
                "crates/a/src/l3.rs `l3` says `L3`, a word that [naming] bans; name it for what it holds or does",
            ),
            ("src/m.rs", "struct L3Cache;", "`L3Cache` says `L3`"),
            ("tests/t.rs", "struct FakeService;", "`FakeService` says `Service`"),
        ];
        for (path, text, expected) in cases {
            let found = Ws::default().file("a", path, text).findings("LA-404", LAW);
            assert!(found.len() == 1 && found[0].contains(expected), "{text}: {found:?}");
        }
    }

    #[test]
    fn must_not_fire() {
        for (path, text) in [
            (
                "src/m.rs",
                "struct Serviced; struct Microservice; fn service() {} impl other::Service for Serviced {}",
            ),
            ("src/service.rs", "struct Desk;"),
        ] {
            Ws::default().file("a", path, text).clean("LA-404", LAW);
        }
    }
}

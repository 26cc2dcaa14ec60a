//! LA-104: an external stands in the manifests of its owners only.

use crate::config::{Config, Exclusive};
use crate::finding::Place;
use crate::graph::is_meant;
use crate::manifest::DependencyKind;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::{Dependency, Workspace};

pub(super) static RULE: Rule = Rule {
    id: "LA-104",
    title: "externals with an owner are nobody else's dependency",
    why: "A crate that does not depend on the ORM cannot name it: this is the strongest wall there is.",
    fix: "Use the owner's port or value instead, or name the crate in `only` with the reason.",
    blind: "what externals themselves depend on; cargo-deny's `wrappers` judge that. Where `only` is empty, no dependency \
            is what is wanted, so that a name is taken for mistyped only where a dependency has the same name but for one \
            letter, or for `-` and `_`.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[[exclusive]]\nexternals = [\"sea-orm*\"]\nonly = [\"store\"]\nbecause = \"tables live in store\"\n",
        bad: &[
            (
                "crates/store/Cargo.toml",
                "[package]\nname = \"store\"\n[lints]\nworkspace = true\n[dependencies]\nsea-orm = \"2\"\n",
            ),
            (
                "crates/api/Cargo.toml",
                "[package]\nname = \"api\"\n[lints]\nworkspace = true\n[dependencies]\nsea-orm = \"2\"\n",
            ),
        ],
        good: &[
            (
                "crates/store/Cargo.toml",
                "[package]\nname = \"store\"\n[lints]\nworkspace = true\n[dependencies]\nsea-orm = \"2\"\n",
            ),
            (
                "crates/api/Cargo.toml",
                "[package]\nname = \"api\"\n[lints]\nworkspace = true\n[dependencies]\n",
            ),
        ],
        finds: "tables live in store",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    if config.exclusive.is_empty() {
        return None;
    }
    let mut checked = Checked::new();
    for member in &workspace.crates {
        for dependency in &member.dependencies {
            checked.matched += 1;
            for entry in &config.exclusive {
                let meant = entry.externals.iter().any(|external| is_meant(external, &dependency.package));
                if meant && !allows(entry, &member.name, dependency) {
                    let message = format!(
                        "{} -> {} ([{}]): {} only; {}",
                        member.name,
                        dependency.package,
                        dependency.kind.table(),
                        owners(entry),
                        entry.because
                    );
                    checked.report(member.place_of(dependency), &dependency.package, message);
                }
            }
        }
    }
    for entry in &config.exclusive {
        idle(&mut checked, workspace, entry);
        unmet(&mut checked, workspace, entry);
    }
    Some(checked)
}

/// Owners that own nothing: none of these packages stands in their manifest.
fn idle(checked: &mut Checked, workspace: &Workspace, entry: &Exclusive) {
    let uses = |name: &str, dev: bool| {
        let meant = |one: &Dependency| {
            let named = entry.externals.iter().any(|external| is_meant(external, &one.package));
            named && (!dev || one.kind == DependencyKind::Dev)
        };
        workspace.get(name).is_none_or(|member| member.dependencies.iter().any(meant))
    };
    for (list, names, dev) in [("only", &entry.only, false), ("dev", &entry.dev, true)] {
        for name in names.iter().filter(|name| !uses(name, dev)) {
            let externals = entry.externals.join(", ");
            let message =
                format!("[[exclusive]] {externals}: {list} names {name}, which uses none of them; remove it");
            checked.report(Place::file(CONFIG), format!("{list} {name} {externals}"), message);
        }
    }
}

/// Names that no dependency has. Where nobody may have them that is as it should be, unless another name was meant.
fn unmet(checked: &mut Checked, workspace: &Workspace, entry: &Exclusive) {
    let packages =
        || workspace.crates.iter().flat_map(|member| &member.dependencies).map(|one| one.package.as_str());
    let is_ban = entry.only.is_empty() && entry.dev.is_empty();
    let is_met = |pattern: &&String| packages().any(|package| is_meant(pattern, package));
    for pattern in entry.externals.iter().filter(|pattern| !is_met(pattern)) {
        let message = match packages().find(|package| is_slip(pattern, package)) {
            Some(package) if is_ban => {
                format!("{pattern} bans nothing, but {package} is a dependency; correct it, or name that too")
            }
            None if is_ban => continue,
            _ => format!("{pattern} is no dependency of any member; correct or remove it"),
        };
        checked.report(Place::file(CONFIG), pattern, format!("[[exclusive]] externals: {message}"));
    }
}

/// The pattern would mean the package but for one letter more, less, other or in another place, or for `-` and `_`.
/// Of short names too many are so like each other.
fn is_slip(pattern: &str, package: &str) -> bool {
    let letters = |text: &str| text.replace('_', "-").to_lowercase().chars().collect::<Vec<char>>();
    let (meant, mut there) = (letters(pattern.trim_end_matches('*')), letters(package));
    if pattern.ends_with('*') {
        there.truncate(meant.len());
    }
    let same = meant.iter().zip(&there).take_while(|(one, other)| one == other).count();
    let (one, other) = (&meant[same..], &there[same..]);
    let is_swapped = match (one, other) {
        ([a, b, one @ ..], [c, d, other @ ..]) => a == d && b == c && one == other,
        _ => false,
    };
    let (less, fewer) = (one.get(1..), other.get(1..));
    let is_one_letter = less == fewer || less == Some(other) || fewer == Some(one) || is_swapped;
    one == other || (is_one_letter && meant.len() >= SHORT)
}

/// Fewer letters than these make no slip.
const SHORT: usize = 5;

fn allows(entry: &Exclusive, member: &str, dependency: &Dependency) -> bool {
    let named = |names: &[String]| names.iter().any(|name| name == member);
    named(&entry.only) || (dependency.kind == DependencyKind::Dev && named(&entry.dev))
}

fn owners(entry: &Exclusive) -> String {
    if entry.only.is_empty() { "no crate".to_owned() } else { entry.only.join(", ") }
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[[exclusive]]\nexternals = [\"orm\", \"http*\"]\nonly = [\"drivers\"]\ndev = [\"api\"]\nbecause = \"I/O is there\"";

    #[test]
    fn must_fire() {
        assert_eq!(
            Ws::default()
                .member("engines", "db = { package = \"orm\" }\nhttp-body = {}")
                .findings("LA-104", CONFIG),
            [
                "LA-104 crates/engines/Cargo.toml:6 engines -> orm ([dependencies]): drivers only; I/O is there",
                "LA-104 crates/engines/Cargo.toml:7 engines -> http-body ([dependencies]): drivers only; I/O is there",
            ]
        );
        let found =
            Ws::default().member("api", "orm = {}").findings("LA-104", &CONFIG.replace(", \"http*\"", ""));
        assert_eq!(
            found,
            [
                "LA-104 crates/api/Cargo.toml:6 api -> orm ([dependencies]): drivers only; I/O is there",
                "LA-104 layers.toml [[exclusive]] orm: dev names api, which uses none of them; remove it",
            ],
            "`dev` allows dev-dependencies only"
        );
        let drivers = Ws::default().member("drivers", "serde = {}").findings("LA-104", CONFIG);
        assert_eq!(
            drivers,
            [
                "LA-104 layers.toml [[exclusive]] externals: http* is no dependency of any member; correct or remove it",
                "LA-104 layers.toml [[exclusive]] orm, http*: only names drivers, which uses none of them; remove it",
                "LA-104 layers.toml [[exclusive]] externals: orm is no dependency of any member; correct or remove it",
            ]
        );
    }

    #[test]
    fn a_ban_that_was_mistyped_must_fire() {
        let banned = |pattern: &str, dependency: &str| {
            let law =
                format!("[[exclusive]]\nexternals = [\"{pattern}\"]\nonly = []\nbecause = \"one stack\"");
            Ws::default().member("a", &format!("{dependency} = {{}}")).findings("LA-104", &law)
        };
        let slips = [
            ("reqwset", "reqwest"),
            ("reqest", "reqwest"),
            ("reqqwest", "reqwest"),
            ("request", "reqwest"),
            ("reqwests", "reqwest"),
            ("native_tls", "native-tls"),
            ("Ureq", "ureq"),
            ("opnessl*", "openssl-sys"),
            ("native_tls*", "native-tls-vendored"),
        ];
        for (pattern, dependency) in slips {
            let found = banned(pattern, dependency);
            assert_eq!(
                found,
                [format!(
                    "LA-104 layers.toml [[exclusive]] externals: {pattern} bans nothing, but {dependency} is a \
                     dependency; correct it, or name that too"
                )]
            );
        }
        for (pattern, dependency) in [
            ("reqwest", "serde"),
            ("curl", "url"),
            ("openssl*", "open"),
            ("reqwset", "reqwest-middleware"),
            ("isahc", ""),
        ] {
            let dependency = if dependency.is_empty() { "time" } else { dependency };
            assert_eq!(banned(pattern, dependency), Vec::<String>::new(), "{pattern} {dependency}");
        }
    }

    #[test]
    fn must_not_fire() {
        let api = "[package]\nname = \"api\"\n[dependencies]\nserde = {}\n[dev-dependencies]\norm = {}";
        Ws::default().member("drivers", "orm = {}\nhttp = {}").raw("api", api, &[]).clean("LA-104", CONFIG);
    }
}

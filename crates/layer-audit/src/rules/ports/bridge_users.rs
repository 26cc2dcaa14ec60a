//! LA-306: bridges are used where the law says.

use std::collections::HashMap;

use super::bridge_size::all;
use crate::config::Config;
use crate::finding::Place;
use crate::names::across::Meaning;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::source::NamedPath;
use crate::workspace::{Workspace, in_code};

pub(super) static RULE: Rule = Rule {
    id: "LA-306",
    title: "bridges are used where they may be",
    why: "A bridge is the one way between two domains, and so a decision of the layer that coordinates them. Called from \
          rules or drivers it is a dependency that no manifest shows.",
    fix: "Let a handler or coordinator call the bridge and pass the value in; or name the module in [bridges] used_by.",
    blind: "a bridge behind a type alias, a generic parameter or a trait of another name. Tests are exempt.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[bridges]\ncrates = [\"spine\"]\nsuffix = \"Bridge\"\nmax_methods = 5\nconstructor = \"new\"\nrefuses = []\nused_by = [\"spine::handlers\"]\n",
        bad: &[
            ("crates/spine/src/lib.rs", "pub struct LogsBridge;\nmod handlers { use crate::LogsBridge; }"),
            ("crates/engines/src/lib.rs", "use spine::LogsBridge;"),
        ],
        good: &[(
            "crates/spine/src/lib.rs",
            "pub struct LogsBridge;\nmod handlers { use crate::LogsBridge; }",
        )],
        finds: "crates/engines/src/lib.rs:1:12 engines names LogsBridge; only spine::handlers may",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let bridges = config.bridges.as_ref()?;
    let used_by = bridges.used_by.as_ref()?;
    let mut checked = Checked::new();
    let mut known: HashMap<&str, Vec<String>> = HashMap::new();
    for bridge in all(workspace, bridges) {
        checked.matched += 1;
        known.entry(bridge.name).or_default().push(in_code(&bridge.member.name));
    }
    let mut used = vec![false; used_by.len()];
    for member in &workspace.crates {
        let own = in_code(&member.name);
        for meant in workspace.meant_in_src(member) {
            for (name, meanings) in meant.names().filter(|(name, _)| ends_so(name, &bridges.suffix)) {
                let bridge = meanings.iter().find_map(|meaning| bridge(meaning, &own, &known));
                let Some(bridge) = bridge.filter(|_| !meant.in_test(name)) else { continue };
                match used_by.iter().position(|user| is_user(user, &member.name, &name.module)) {
                    Some(at) => used[at] = true,
                    None => {
                        let message =
                            format!("{} names {bridge}; only {} may", member.name, used_by.join(", "));
                        checked.report(meant.file.place(name.at), bridge, message);
                    }
                }
            }
        }
    }
    for (user, _) in used_by.iter().zip(used).filter(|(_, used)| !used) {
        let message = format!("[bridges] used_by {user} names no bridge; remove it");
        checked.report(Place::file(CONFIG), user, message);
    }
    Some(checked)
}

fn ends_so(name: &NamedPath, suffix: &str) -> bool {
    name.segments.iter().any(|segment| segment.ends_with(suffix))
}

/// The bridge that a meaning passes through.
fn bridge<'a>(meaning: &'a Meaning, own: &str, known: &HashMap<&str, Vec<String>>) -> Option<&'a String> {
    let (first, rest) = meaning.path.split_first()?;
    let holder = if first == "crate" { own } else { first.as_str() };
    let is_known = |segment: &&String| {
        known.get(segment.as_str()).is_some_and(|holders| holders.iter().any(|one| one == holder))
    };
    rest.iter().find(is_known)
}

fn is_user(user: &str, member: &str, module: &[String]) -> bool {
    let user: Vec<&str> = user.split("::").collect();
    let path: Vec<&str> = std::iter::once(member).chain(module.iter().map(String::as_str)).collect();
    path.starts_with(&user)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[bridges]\ncrates = [\"my-spine\"]\nsuffix = \"Bridge\"\nmax_methods = 5\nconstructor = \"new\"\n\
                          refuses = []\nused_by = [\"my-spine::bridges\", \"my-spine::handlers\"]";

    fn workspace() -> Ws {
        let files = [
            ("src/lib.rs", "mod bridges; mod handlers; pub use bridges::LogsBridge;".to_owned()),
            ("src/bridges.rs", "mod logs; pub use logs::LogsBridge;".to_owned()),
            ("src/bridges/logs.rs", "pub struct LogsBridge; pub struct OtherBridge;".to_owned()),
            ("src/handlers.rs", "fn f() { crate::bridges::LogsBridge::read(); }".to_owned()),
            (
                "src/rules.rs",
                "use crate::bridges::LogsBridge as L; #[cfg(test)] mod t { use crate::LogsBridge; }"
                    .to_owned(),
            ),
        ];
        Ws::default().member_with("my-spine", "", &files)
    }

    #[test]
    fn must_fire() {
        let rest = "names LogsBridge; only my-spine::bridges, my-spine::handlers may";
        let text = "use my_spine as s; fn f() { s::LogsBridge::read(); }";
        assert_eq!(
            workspace()
                .member_with("engines", "", &[("src/lib.rs", text.to_owned())])
                .findings("LA-306", CONFIG),
            [
                format!("LA-306 crates/engines/src/lib.rs:1:29 engines {rest}"),
                format!("LA-306 crates/my-spine/src/lib.rs:1:45 my-spine {rest}"),
                format!("LA-306 crates/my-spine/src/rules.rs:1:21 my-spine {rest}"),
            ]
        );
        let stale = CONFIG.replace("my-spine::handlers", "my-spine\", \"engines");
        assert_eq!(
            workspace().member("engines", "").findings("LA-306", &stale),
            ["LA-306 layers.toml [bridges] used_by engines names no bridge; remove it"]
        );
    }

    #[test]
    fn must_not_fire() {
        let own = "pub struct CardBridge; mod m { use super::CardBridge; }";
        let config = CONFIG.replace("my-spine::handlers", "my-spine");
        workspace().file("games", "src/lib.rs", own).clean("LA-306", &config);
    }
}

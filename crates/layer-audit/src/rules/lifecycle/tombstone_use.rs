//! LA-706: a tombstone holds re-exports only, and goes once its day is past and nobody names it.

use crate::config::Config;
use crate::markers::marked;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::source::FileFacts;
use crate::tombstones::{Fate, fates, only_reexports, terms};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-706",
    title: "tombstones only re-export, and go once their day is past and nobody names them",
    why: "A tombstone with code of its own is a module that lies about being gone; one that nobody names has done \
          its work and only confuses, but until its day others may name it.",
    fix: "Move what it declares to the new place, so that `use` items remain. What nobody names any more the command \
          `tombstones --collapse` deletes, and nothing else: it keeps what an [[allow]] of this rule keeps.",
    blind: "importers outside of the workspace: until the tombstone's day they may be there.",
    severity: Severity::Blocking,
    absence: true,
    example: Example {
        law: "[markers]\ntombstone = \"Tombstone:\"\n",
        bad: &[("crates/a/src/lib.rs", "pub mod old;\npub mod new;"), ("crates/a/src/old.rs", PAST)],
        good: &[("crates/a/src/lib.rs", "pub mod old;\npub mod new;"), ("crates/a/src/old.rs", WAITING)],
        finds: "its day is past, and nobody names a::old any more",
    },
    check,
};

const PAST: &str = "//! Moved.\n//!\n//! Tombstone: 1969-12-31 use crate::new\npub use crate::new::Thing;";
const WAITING: &str = "//! Moved.\n//!\n//! Tombstone: 1970-12-31 use crate::new\npub use crate::new::Thing;";

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let label = config.markers.tombstone.as_ref()?;
    let mut checked = Checked::new();
    let tombstones = marked(workspace, label);
    for (tombstone, fate) in tombstones.iter().zip(fates(workspace, &tombstones)) {
        checked.matched += 1;
        let file = &tombstone.file.path;
        if !only_reexports(&tombstone.file.facts) {
            let message = "declares things of its own; a tombstone holds `pub use` items only, so move them";
            checked.report(tombstone.place(), file, message);
            continue;
        }
        if let Ok((_, instead)) = terms(tombstone.value)
            && !reexports(&tombstone.file.facts, &instead)
        {
            let message = format!("re-exports nothing of {instead}, which it says to use; correct the path");
            checked.report(tombstone.place(), file, message);
        }
        if fate == Some(Fate::Goes) {
            let message = format!(
                "its day is past, and nobody names {} any more; `tombstones --collapse` deletes it",
                tombstone.module()
            );
            checked.report(tombstone.place(), file, message);
        }
    }
    Some(checked)
}

fn reexports(facts: &FileFacts, path: &str) -> bool {
    let path: Vec<&str> = path.split("::").collect();
    let begins = |name: &crate::source::NamedPath| {
        let written: Vec<&str> = name.segments.iter().map(String::as_str).collect();
        // `use super::new` and `use self::..` are not resolved here; the audit asks for the plain path.
        written.starts_with(&path)
    };
    facts.names.iter().any(|name| name.import && begins(name))
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const LAW: &str = "[markers]\ntombstone = \"Tombstone:\"";

    fn found(until: &str, text: &str, user: &str) -> Vec<String> {
        let old = format!("//! Moved.\n//! Tombstone: {until} use crate::new::path\n{text}");
        let files = [("src/old.rs", old), ("src/user.rs", user.to_owned())];
        let findings = Ws::default().member_with("a", "", &files).findings("LA-706", LAW);
        findings
            .into_iter()
            .map(|line| line.trim_start_matches("LA-706 crates/a/src/old.rs:2 ").to_owned())
            .collect()
    }

    /// The day is the first of 1970.
    const PAST: &str = "1969-12-31";
    const TODAY: &str = "1970-01-01";
    const USER: &str = "use crate::old::Thing;";
    const GOOD: &str = "pub use crate::new::path::Thing;";

    #[test]
    fn must_fire() {
        let own = "declares things of its own; a tombstone holds `pub use` items only, so move them";
        let cases = [
            ("pub fn f() {}", USER, own),
            ("pub use crate::new::path::Thing; impl Thing {  fn f() {} }", USER, own),
            ("pub use crate::new::path::Thing; make!(a);", USER, own),
            ("pub mod inner;", USER, own),
            ("pub type Thing = crate::new::path::Thing;", USER, own),
            ("", USER, "re-exports nothing of crate::new::path, which it says to use; correct the path"),
            (
                "pub use crate::newer::Thing;",
                USER,
                "re-exports nothing of crate::new::path, which it says to use; correct the path",
            ),
        ];
        for (text, user, expected) in cases {
            assert_eq!(found(PAST, text, user), [expected], "{text}");
        }
        assert_eq!(
            found(PAST, GOOD, "use crate::new::path::Thing;"),
            ["its day is past, and nobody names a::old any more; `tombstones --collapse` deletes it"]
        );
    }

    #[test]
    fn must_not_fire() {
        for (text, user) in [
            (GOOD, USER),
            ("pub use crate::new::{path::*, other};", "#[cfg(test)] mod t { use crate::old; }"),
            ("pub use crate::new::path as thing;", USER),
        ] {
            assert_eq!(found(PAST, text, user), Vec::<String>::new(), "{text}");
        }
        assert_eq!(found(TODAY, GOOD, ""), Vec::<String>::new(), "others may name it until its day");
    }
}

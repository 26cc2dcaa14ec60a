//! LA-706: a tombstone holds re-exports only, and somebody still names it.

use crate::config::Config;
use crate::importers::{Module, importers};
use crate::markers::{Marked, marked};
use crate::rules::{Checked, Example, Rule, Severity};
use crate::source::FileFacts;
use crate::tombstones::terms;
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-706",
    title: "tombstones only re-export, and only while somebody names them",
    why: "A tombstone with code of its own is a module that lies about being gone; one that nobody names has done \
          its work and only confuses.",
    fix: "Move what it declares to the new place, so that `use` items remain; delete it once nobody names it; once its \
          day is past, the command `tombstones --collapse` does that.",
    blind: "importers outside of the workspace: where a published crate keeps an old path for them, allow the \
            finding until the tombstone's day.",
    severity: Severity::Blocking,
    absence: true,
    example: Example {
        law: "[markers]\ntombstone = \"Tombstone:\"\n",
        bad: &[("crates/a/src/lib.rs", "pub mod old;\npub mod new;"), ("crates/a/src/old.rs", TOMBSTONE)],
        good: &[
            ("crates/a/src/lib.rs", "pub mod old;\npub mod new;"),
            ("crates/a/src/old.rs", TOMBSTONE),
            ("crates/a/src/user.rs", "use crate::old::Thing;"),
        ],
        finds: "nobody names a::old any more",
    },
    check,
};

const TOMBSTONE: &str =
    "//! Moved.\n//!\n//! Tombstone: 2999-12-31 use crate::new\npub use crate::new::Thing;";

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let label = config.markers.tombstone.as_ref()?;
    let mut checked = Checked::new();
    let tombstones = marked(workspace, label);
    let modules: Vec<Module> = tombstones.iter().map(Marked::module).collect();
    for (tombstone, importers) in tombstones.iter().zip(importers(workspace, &modules)) {
        checked.matched += 1;
        let file = &tombstone.file.path;
        if !only_reexports(&tombstone.file.facts) {
            let message = "declares things of its own; a tombstone holds `pub use` items only, so move them";
            checked.report(tombstone.place(), file, message);
        } else if let Ok((_, instead)) = terms(tombstone.value)
            && !reexports(&tombstone.file.facts, &instead)
        {
            let message = format!("re-exports nothing of {instead}, which it says to use; correct the path");
            checked.report(tombstone.place(), file, message);
        }
        if importers.is_empty() {
            let message =
                format!("nobody names {} any more; delete the file and its `mod` line", tombstone.module());
            checked.report(tombstone.place(), file, message);
        }
    }
    Some(checked)
}

/// Everything but `use` items leaves one of these facts.
fn only_reexports(facts: &FileFacts) -> bool {
    facts.items.is_empty()
        && facts.functions.is_empty()
        && facts.impls.is_empty()
        && facts.macros.is_empty()
        && facts.methods.is_empty()
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

    fn found(text: &str, user: &str) -> Vec<String> {
        let old = format!("//! Moved.\n//! Tombstone: 2030-12-31 use crate::new::path\n{text}");
        let files = [("src/old.rs", old), ("src/user.rs", user.to_owned())];
        let findings = Ws::default().member_with("a", "", &files).findings("LA-706", LAW);
        findings
            .into_iter()
            .map(|line| line.trim_start_matches("LA-706 crates/a/src/old.rs:2 ").to_owned())
            .collect()
    }

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
            (
                GOOD,
                "use crate::new::path::Thing;",
                "nobody names a::old any more; delete the file and its `mod` line",
            ),
        ];
        for (text, user, expected) in cases {
            assert_eq!(found(text, user), [expected], "{text}");
        }
    }

    #[test]
    fn must_not_fire() {
        for (text, user) in [
            (GOOD, USER),
            ("pub use crate::new::{path::*, other};", "#[cfg(test)] mod t { use crate::old; }"),
            ("pub use crate::new::path as thing;", USER),
        ] {
            assert_eq!(found(text, user), Vec::<String>::new(), "{text}");
        }
    }
}

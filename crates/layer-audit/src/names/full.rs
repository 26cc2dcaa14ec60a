//! Paths in full: the crate as code spells it first, wherever they are written.

use super::Path;
use super::across::Across;
use crate::source::{NamedPath, Position};
use crate::workspace::{Crate, Workspace};

impl Across<'_> {
    /// What a name may stand for, type aliases of its own crate not followed: they name what is behind them. A path that
    /// leads out of the workspace, or that nothing declares, stays as far as it was followed.
    pub(crate) fn in_full(&self, name: &NamedPath) -> Vec<Path> {
        let meanings = self.meanings(name);
        let full = meanings.iter().filter_map(|meaning| meaning.in_full(self.own_name()));
        full.map(|(first, rest)| std::iter::once(first.to_owned()).chain(rest.iter().cloned()).collect())
            .collect()
    }
}

impl Workspace {
    /// The same for a path in a module under `src/` of `member`.
    pub(crate) fn in_full(
        &self,
        member: &Crate,
        module: &[String],
        segments: &[String],
        absolute: bool,
    ) -> Vec<Path> {
        let name = NamedPath {
            module: module.to_vec(),
            segments: segments.to_vec(),
            absolute,
            import: false,
            glob: false,
            told: 0,
            in_test: false,
            at: Position { line: 0, column: 0 },
        };
        Across::of(self, member).in_full(&name)
    }

    /// The path begins with a member.
    pub(crate) fn is_known(&self, path: &[String]) -> bool {
        path.first().is_some_and(|first| self.table(first).is_some())
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    #[test]
    fn aliases_globs_and_reexports_lead_from_crate_to_crate() {
        let words = [
            ("src/lib.rs", "pub mod tools; pub use tools::operations::List;".to_owned()),
            ("src/tools.rs", "pub mod operations; pub mod more { pub use super::operations::*; }".to_owned()),
            ("src/tools/operations.rs", "pub struct List; pub struct Get;".to_owned()),
        ];
        let workspace = Ws::default().member_with("my-words", "", &words).build();
        let cases: &[(&str, &[&str])] = &[
            ("use my_words::tools::operations as ops;", &["ops", "Get"]),
            ("use my_words::tools::operations::*;", &["Get"]),
            ("use my_words::tools::more::Get;", &["Get"]),
            ("use my_words::tools::*;", &["operations", "Get"]),
            ("extern crate my_words as w;", &["w", "tools", "operations", "Get"]),
            ("", &["my_words", "tools", "operations", "Get"]),
        ];
        for (text, path) in cases {
            let mut workspace = workspace.clone();
            workspace.plant("crates/a/src/lib.rs", text);
            let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
            let member = workspace.get("a").expect("planted");
            let found = workspace.in_full(member, &[], &path, false);
            let found: Vec<_> = found.iter().map(|path| path.join("::")).collect();
            assert!(found.contains(&"my_words::tools::operations::Get".to_owned()), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_nothing_declares_stays_as_it_is() {
        let workspace = Ws::default().file("a", "src/lib.rs", "use std::fmt::*;").build();
        let found = workspace.in_full(&workspace.crates[0], &[], &["Get".to_owned()], false);
        assert_eq!(found, [["Get"]]);
    }
}

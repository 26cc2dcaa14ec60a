//! What paths stand for across members: re-exports, globs, aliases and public fields of other members are followed too.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Names, Path};
use crate::source::{Area, NamedPath, SourceFile};
use crate::workspace::{Crate, Workspace, in_code};

/// Steps from one name to the next behind it are followed this far; a cycle ends here too.
const DEPTH: usize = 10;

/// Alias tables, each made when it is first asked for. A copy of the workspace begins without any.
#[derive(Default)]
pub(crate) struct Tables(Mutex<HashMap<String, Option<Table>>>);

/// A member by its name in code, and what its paths stand for.
#[derive(Clone)]
pub(crate) struct Table {
    /// The name of its package, as code spells it.
    pub(crate) name: String,
    pub(crate) names: Arc<Names>,
}

impl Clone for Tables {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tables")
    }
}

impl Workspace {
    /// The alias table of the member that code calls so.
    pub(crate) fn table(&self, called: &str) -> Option<Table> {
        let mut tables = self.tables.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tables.get(called) {
            return known.clone();
        }
        let member = self.crates.iter().find(|member| member.is_called(called));
        let made =
            member.map(|member| Table { name: in_code(&member.name), names: Arc::new(Names::of(member)) });
        tables.insert(called.to_owned(), made.clone());
        made
    }
}

/// What a name may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// `crate::..`, or the name of another crate first.
    pub(crate) path: Path,
    /// The public field or variant that shows it, as in `member::Type.field`.
    pub(crate) by: Option<String>,
    /// A glob of a module that re-exports it brings it in.
    pub(crate) offered: bool,
}

/// The names of one member, or of one file of it that is a crate of its own.
pub(crate) struct Across<'a> {
    workspace: &'a Workspace,
    own: Table,
}

/// A way that is not yet followed to its end.
struct Way {
    /// The member in which the path is written.
    home: Table,
    path: Path,
    by: Option<String>,
    offered: bool,
    depth: usize,
}

impl<'a> Across<'a> {
    /// The names in the files under `src/` of a member.
    pub(crate) fn of(workspace: &'a Workspace, member: &Crate) -> Self {
        let name = in_code(&member.name);
        let own = workspace.table(&name);
        Self { workspace, own: own.unwrap_or_else(|| Table { name, names: Arc::default() }) }
    }

    /// The names in any file: one outside of `src/` is a crate of its own.
    pub(crate) fn of_file(workspace: &'a Workspace, member: &Crate, file: &SourceFile) -> Self {
        if file.area == Area::Src {
            return Self::of(workspace, member);
        }
        let names = Arc::new(Names::of_file(member, file));
        Self { workspace, own: Table { name: in_code(&member.name), names } }
    }

    /// The name stands in a test.
    pub(crate) fn in_test(&self, file: &SourceFile, name: &NamedPath) -> bool {
        name.in_test || self.own.names.test_modules.hold(file)
    }

    /// The name begins with a crate from outside that is none of `heads`, and so cannot mean anything in those. Says it
    /// without following anything, for most names of most files.
    pub(crate) fn is_elsewhere(&self, name: &NamedPath, heads: &HashSet<&str>) -> bool {
        let names = &self.own.names;
        let Some(first) = name.segments.first() else { return true };
        let outside = |first: &String| {
            let first = names.renames.get(first).unwrap_or(first).as_str();
            !matches!(first, "crate" | "self" | "super")
                && !heads.contains(first)
                && self.workspace.table(first).is_none()
        };
        if name.absolute {
            return outside(first);
        }
        match names.own(&name.module, first) {
            Some(targets) => targets.iter().all(|target| target.first().is_none_or(outside)),
            None => {
                let globs = names.globs.contains_key(&name.module);
                !globs && !names.declares(&name.module, first) && outside(first)
            }
        }
    }

    /// Everything that a name may mean. Never empty.
    pub(crate) fn meanings(&self, name: &NamedPath) -> Vec<Meaning> {
        let names = &self.own.names;
        let mut paths = names.resolve(&name.module, &name.segments, name.absolute);
        if let (false, [first, rest @ ..]) = (name.absolute || name.import, name.segments.as_slice()) {
            for glob in names.foreign_globs(&name.module) {
                let found = self.through(&self.own, glob, first, DEPTH);
                paths
                    .extend(found.into_iter().map(|(home, target)| seen_from(&home, extended(target, rest))));
            }
        }
        self.follow(paths, name.glob)
    }

    /// What the `use` of its first segment named, which is judged where that `use` stands.
    pub(crate) fn imported(&self, name: &NamedPath) -> Vec<Meaning> {
        let Some(first) = name.segments.first().filter(|_| !name.import && !name.absolute) else {
            return Vec::new();
        };
        let paths = self.own.names.imported(&name.module, first);
        if paths.is_empty() { Vec::new() } else { self.follow(paths, false) }
    }

    fn follow(&self, paths: Vec<Path>, glob: bool) -> Vec<Meaning> {
        let mut found = Vec::new();
        let mut done = HashSet::new();
        let way = |path| Way { home: self.own.clone(), path, by: None, offered: false, depth: 0 };
        let mut open: Vec<Way> = paths.into_iter().map(way).collect();
        while let Some(mut way) = open.pop() {
            way.path = way.home.names.undo_rename(way.path);
            let Some((holder, inner)) = self.place(&way.home, &way.path) else {
                add(&mut found, Meaning { path: way.path, by: way.by, offered: way.offered });
                continue;
            };
            let home = holder.name == self.own.name;
            let first = if home { "crate" } else { holder.name.as_str() };
            let path = extended(vec![first.to_owned()], &inner);
            add(&mut found, Meaning { path, by: way.by.clone(), offered: way.offered });
            if way.depth < DEPTH && done.insert((holder.name.clone(), inner.clone(), way.by.is_some())) {
                self.step(&holder, &inner, &way, home, &mut open);
                if glob && !home && way.depth == 0 {
                    let offered = holder.names.offered.get(&inner).into_iter().flatten();
                    let on = |path: &Path| Way { offered: true, ..way.on(&holder, path.clone(), None) };
                    open.extend(offered.map(on));
                }
            }
        }
        found
    }

    /// What stands behind the first part of the path that is no item of its own.
    fn step(&self, holder: &Table, inner: &[String], way: &Way, home: bool, open: &mut Vec<Way>) {
        for at in 0..inner.len() {
            let (module, name, rest) = (&inner[..at], &inner[at], &inner[at + 1..]);
            let targets = self.lookup(holder, module, name, DEPTH);
            if !targets.is_empty() {
                let ways = targets.into_iter().map(|(home, path)| way.on(&home, extended(path, rest), None));
                open.extend(ways);
                return;
            }
            let shown = holder.names.shown.get(module).and_then(|types| types.get(name));
            for shown in shown.into_iter().flatten().filter(|_| !home) {
                let by = shown
                    .field
                    .as_ref()
                    .map(|field| format!("{}::{}.{field}", holder.name, inner[..=at].join("::")));
                if by.is_some() && way.by.is_some() {
                    continue; // The fields of a field's type are their own story.
                }
                let rest = if by.is_some() { &[][..] } else { rest };
                for path in holder.names.resolve(&shown.module, &shown.segments, shown.absolute) {
                    open.push(way.on(holder, extended(path, rest), by.clone()));
                }
            }
        }
    }

    /// What `name` stands for in a module of a member, each path with the member in which it is written.
    fn lookup(&self, holder: &Table, module: &[String], name: &str, depth: usize) -> Vec<(Table, Path)> {
        let names = &holder.names;
        if let Some(targets) = names.own(module, name) {
            return targets.iter().map(|target| (holder.clone(), target.clone())).collect();
        }
        if depth == 0 || names.declares(module, name) {
            return Vec::new();
        }
        let globs = names.globs.get(module).into_iter().flatten();
        globs.flat_map(|glob| self.through(holder, glob, name, depth - 1)).collect()
    }

    /// The same through `use glob::*`.
    fn through(&self, holder: &Table, glob: &[String], name: &str, depth: usize) -> Vec<(Table, Path)> {
        let glob = holder.names.undo_rename(glob.to_vec());
        let Some((other, module)) = self.place(holder, &glob) else { return Vec::new() };
        if other.names.declares(&module, name) {
            let path = extended(vec!["crate".to_owned()], &module);
            return vec![(other, extended(path, &[name.to_owned()]))];
        }
        self.lookup(&other, &module, name, depth)
    }

    /// The member that a path leads to, and the path in it; `None` if it leads out of the workspace.
    fn place(&self, home: &Table, path: &[String]) -> Option<(Table, Path)> {
        let (first, rest) = path.split_first()?;
        let holder = if first == "crate" { home.clone() } else { self.workspace.table(first)? };
        Some((holder, rest.to_vec()))
    }
}

impl Way {
    /// From here on to a path that stands in `home`.
    fn on(&self, home: &Table, path: Path, by: Option<String>) -> Self {
        let by = by.or_else(|| self.by.clone());
        Self { home: home.clone(), path, by, offered: self.offered, depth: self.depth + 1 }
    }
}

/// A path that stands in `home`, as another member would write it.
fn seen_from(home: &Table, mut path: Path) -> Path {
    if path.first().is_some_and(|first| first == "crate") {
        path[0].clone_from(&home.name);
    }
    path
}

fn extended(mut path: Path, rest: &[String]) -> Path {
    path.extend(rest.iter().cloned());
    path
}

fn add(found: &mut Vec<Meaning>, meaning: Meaning) {
    if !found.contains(&meaning) {
        found.push(meaning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Ws;

    /// What the last name of `crates/a/src/lib.rs` means.
    fn meant(text: &str) -> Vec<String> {
        let low = [
            ("src/lib.rs", "pub mod disk; pub use std::fs as fs_again; pub use disk::inner; pub type Conn = orm::Connection; \
              pub struct Row { pub conn: std::sync::Arc<orm::Pool>, hidden: std::net::TcpStream } \
              pub enum Event { Open(std::net::TcpListener) } pub struct Holder { pub row: Row } extern crate self as low;"
                .to_owned()),
            ("src/disk.rs", "pub mod inner { pub use low::Conn; } pub use std::env::*; pub use std::process::Command;".to_owned()),
        ];
        let middle = [(
            "src/lib.rs",
            "pub use low::*; pub mod prelude { pub use low::fs_again; use std::thread; }".to_owned(),
        )];
        let a = [("src/lib.rs", text.to_owned())];
        let workspace = Ws::default()
            .member_with("low", "orm = { package = \"sea-orm\" }", &low)
            .member_with("middle", "low = {}", &middle)
            .member_with("a", "mid = { package = \"middle\" }\nlow = {}", &a)
            .build();
        let member = workspace.get("a").expect("it is there");
        let across = Across::of(&workspace, member);
        let name = member.files[0].facts.names.last().expect("a name");
        let text = |meaning: Meaning| {
            meaning.by.map_or_else(String::new, |by| format!("{by} shows ")) + &meaning.path.join("::")
        };
        across.meanings(name).into_iter().map(text).collect()
    }

    #[test]
    fn names_of_other_members_are_followed() {
        let cases = [
            ("fn f() { low::fs_again::read(); }", "std::fs::read"),
            ("use low::fs_again as x; fn f() { x::read(); }", "std::fs::read"),
            ("fn f() { mid::fs_again::read(); }", "std::fs::read"),
            ("use mid::*; fn f() { fs_again::read(); }", "std::fs::read"),
            ("use mid::prelude::*; fn f() { fs_again::read(); }", "std::fs::read"),
            ("use mid::prelude::*;", "std::fs"),
            ("use low::disk::*;", "std::process::Command"),
            ("use low::disk::*;", "std::env"),
            ("fn f(c: low::Conn) {}", "sea_orm::Connection"),
            ("fn f(c: mid::Conn) {}", "sea_orm::Connection"),
            ("fn f(c: low::disk::inner::Conn) {}", "sea_orm::Connection"),
            ("fn f(c: low::inner::Conn) {}", "sea_orm::Connection"),
            ("fn f(r: mid::Row) {}", "low::Row.conn shows sea_orm::Pool"),
            ("fn f(r: low::Event) {}", "low::Event.Open shows std::net::TcpListener"),
            ("extern crate low as l; mod m { fn f() { l::fs_again::read(); } }", "std::fs::read"),
        ];
        for (text, expected) in cases {
            let found = meant(text);
            assert!(found.contains(&expected.to_owned()), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_is_hidden_stays_hidden() {
        let cases = [
            ("use mid::prelude::*;", "std::thread"),
            ("fn f(r: low::Row) {}", "std::net::TcpStream"),
            ("fn f(r: low::Holder) {}", "sea_orm::Pool"),
            ("use low::disk;", "std::process::Command"),
        ];
        for (text, hidden) in cases {
            let found = meant(text);
            assert!(!found.iter().any(|path| path.ends_with(hidden)), "{text}: {found:?}");
        }
    }
}

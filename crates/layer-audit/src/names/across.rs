//! What paths stand for: re-exports, globs, aliases and public fields are followed, in the crate and through other members.

use std::collections::HashSet;
use std::sync::Arc;

use super::lookup::Table;
use super::{Names, Path};
use crate::source::{Area, NamedPath, Shown, SourceFile};
use crate::workspace::{Crate, Workspace, in_code};

/// Steps from one name to the next behind it are followed this far; a cycle ends here too.
pub(crate) const DEPTH: usize = 10;

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
        Self { workspace, own: Table { name: file.path.clone(), names } }
    }

    /// The crate in which the names stand.
    pub(crate) fn own_name(&self) -> &str {
        &self.own.name
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
            let first = names.package(first);
            !matches!(first, "crate" | "self" | "super")
                && !heads.contains(first)
                && self.workspace.table(first).is_none()
        };
        let Some(facts) = names.module(&name.module).filter(|_| !name.absolute) else {
            return outside(first);
        };
        if facts.items.contains(first) {
            return false;
        }
        match facts.aliases.get(first).filter(|_| !name.import) {
            Some(targets) => targets.iter().all(|(target, _)| target.first().is_none_or(outside)),
            None => {
                let found = self.workspace.look_up(&self.own, &name.module, first);
                found.is_empty() && outside(first)
            }
        }
    }

    /// Everything that a name may mean. Never empty.
    pub(crate) fn meanings(&self, name: &NamedPath) -> Vec<Meaning> {
        let written = || self.own.names.written(&name.module, &name.segments, name.absolute);
        let begun = match name.segments.split_first() {
            Some((first, rest)) if !name.absolute => self.begun(&name.module, first, rest),
            _ => Vec::new(),
        };
        let begun = if begun.is_empty() { vec![self.way(written())] } else { begun };
        self.follow(begun, name.glob)
    }

    /// What the `use` of its first segment named, which is judged where that `use` stands.
    pub(crate) fn imported(&self, name: &NamedPath) -> Vec<Meaning> {
        let Some(first) = name.segments.first().filter(|_| !name.import && !name.absolute) else {
            return Vec::new();
        };
        self.follow(self.begun(&name.module, first, &[]), false)
    }

    /// What the first segment of a path stands for, by an alias or a glob.
    fn begun(&self, module: &[String], first: &str, rest: &[String]) -> Vec<Way> {
        let found = self.workspace.look_up(&self.own, module, first);
        let on = |(home, path): &(Table, Path)| Way { home: home.clone(), ..self.way(extended(path, rest)) };
        found.iter().map(on).collect()
    }

    fn way(&self, path: Path) -> Way {
        Way { home: self.own.clone(), path, by: None, offered: false, depth: 0 }
    }

    fn follow(&self, mut open: Vec<Way>, glob: bool) -> Vec<Meaning> {
        let mut found = Vec::new();
        let mut done = HashSet::new();
        while let Some(way) = open.pop() {
            let Some((holder, inner)) = self.workspace.place(&way.home, &way.path) else {
                let path = self.of_package(&way);
                add(&mut found, Meaning { path, by: way.by, offered: way.offered });
                continue;
            };
            let home = holder.name == self.own.name;
            let first = if home { "crate" } else { holder.name.as_str() };
            let path = extended(&[first.to_owned()], inner);
            add(&mut found, Meaning { path, by: way.by.clone(), offered: way.offered });
            if way.depth < DEPTH && done.insert((holder.name.clone(), inner.to_vec(), way.by.is_some())) {
                self.step(&holder, inner, &way, home, &mut open);
                if let Some(module) = holder.names.module(inner).filter(|_| glob && !home && !way.offered) {
                    let on = |path: &Path| Way { offered: true, ..way.on(&holder, path.clone(), None) };
                    open.extend(module.offered().map(on));
                }
            }
        }
        found
    }

    /// The path with the package of its crate first.
    fn of_package(&self, way: &Way) -> Path {
        let mut path = way.path.clone();
        if let Some(first) = path.first_mut() {
            *first = way.home.names.package(first).to_owned();
        }
        path
    }

    /// What stands behind the first part of the path that is no item of its own.
    fn step(&self, holder: &Table, inner: &[String], way: &Way, home: bool, open: &mut Vec<Way>) {
        for at in 0..inner.len() {
            let (module, name, rest) = (&inner[..at], &inner[at], &inner[at + 1..]);
            let targets = self.workspace.look_up(holder, module, name);
            if !targets.is_empty() {
                let on = |(home, path): &(Table, Path)| way.on(home, extended(path, rest), None);
                open.extend(targets.iter().map(on));
                return;
            }
            let shown = holder.names.module(module).and_then(|facts| facts.shown.get(name));
            for shown in shown.into_iter().flatten().filter(|_| !home) {
                let by = shown
                    .field
                    .as_ref()
                    .map(|field| format!("{}::{}.{field}", holder.name, inner[..=at].join("::")));
                if by.is_some() && way.by.is_some() {
                    continue; // The fields of a field's type are their own story.
                }
                let rest = if by.is_some() { &[][..] } else { rest };
                open.extend(
                    self.behind(holder, shown, rest)
                        .into_iter()
                        .map(|(home, path)| way.on(&home, path, by.clone())),
                );
            }
        }
    }

    /// What a type shows, as far as the module that declares it says.
    fn behind(&self, holder: &Table, shown: &Shown, rest: &[String]) -> Vec<(Table, Path)> {
        let Some((first, more)) = shown.segments.split_first() else { return Vec::new() };
        let rest = extended(more, rest);
        let found = match shown.absolute {
            true => Arc::default(),
            false => self.workspace.look_up(holder, &shown.module, first),
        };
        if found.is_empty() {
            let written = holder.names.written(&shown.module, &shown.segments[..1], shown.absolute);
            return vec![(holder.clone(), extended(&written, &rest))];
        }
        found.iter().map(|(home, path)| (home.clone(), extended(path, &rest))).collect()
    }
}

impl Way {
    /// From here on to a path that stands in `home`.
    fn on(&self, home: &Table, path: Path, by: Option<String>) -> Self {
        let by = by.or_else(|| self.by.clone());
        Self { home: home.clone(), path, by, offered: self.offered, depth: self.depth + 1 }
    }
}

fn extended(path: &[String], rest: &[String]) -> Path {
    path.iter().chain(rest).cloned().collect()
}

fn add(found: &mut Vec<Meaning>, meaning: Meaning) {
    if !found.contains(&meaning) {
        found.push(meaning);
    }
}

#[cfg(test)]
mod tests;

//! What paths stand for: re-exports, globs, aliases and public fields are followed, in the crate and through other members.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::lookup::{Found, Table};
use super::{Module, Names, Path};
use crate::source::{Area, NamedPath, Shown, SourceFile};
use crate::workspace::{Crate, Workspace};

/// Steps from one name to the next behind it are followed this far; a cycle ends here too.
pub(crate) const DEPTH: usize = 10;

/// What a name shows, and what that shows, is followed this far: through whole trees of types everything shows everything.
const SHOWN: usize = 3;

/// What a name may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// `crate::..`, or the name of another crate first.
    pub(crate) path: Path,
    /// What shows it: public fields and variants, as in `member::Type.field`, a function or a macro of another member, as
    /// in `member::function()` and `member::name!`.
    pub(crate) by: Option<String>,
    /// A glob of a module that re-exports it brings it in.
    pub(crate) offered: bool,
    /// The first module of this crate whose `use` or type alias the name ends in, and which so names the same itself.
    pub(crate) said_in: Option<Path>,
    /// A type alias of this crate stands on the way.
    pub(crate) aliased: bool,
}

impl Meaning {
    /// The crate as code calls it, and the path inside: what the name stands for, as far as it was followed in `own`.
    /// Nothing of what it only shows, and nothing behind a type alias of its own crate, which names that itself.
    pub(crate) fn in_full<'m>(&'m self, own: &'m str) -> Option<(&'m str, &'m [String])> {
        let (first, rest) = self.path.split_first().filter(|_| self.by.is_none() && !self.aliased)?;
        Some((if first == "crate" { own } else { first }, rest))
    }
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
    said_in: Option<Path>,
    aliased: bool,
    depth: usize,
    /// So many names on the way only show the next one.
    shown: usize,
}

impl<'a> Across<'a> {
    /// The names in the files under `src/` of a member.
    pub(crate) fn of(workspace: &'a Workspace, member: &Crate) -> Self {
        let own = workspace.known(&member.name).map(|known| known.names.clone());
        Self { workspace, own: own.unwrap_or_default() }
    }

    /// These names.
    pub(super) fn with(workspace: &'a Workspace, own: Table) -> Self {
        Self { workspace, own }
    }

    /// The names in any file: one outside of `src/` is a crate of its own.
    pub(crate) fn of_file(workspace: &'a Workspace, member: &Crate, file: &SourceFile) -> Self {
        if file.area == Area::Src {
            return Self::of(workspace, member);
        }
        Self { workspace, own: Arc::new(Names::of_file(member, file)) }
    }

    pub(super) fn own(&self) -> &Table {
        &self.own
    }

    /// The crate in which the names stand.
    pub(crate) fn own_name(&self) -> &str {
        &self.own.name
    }

    /// The name stands in a test.
    pub(crate) fn in_test(&self, file: &SourceFile, name: &NamedPath) -> bool {
        name.in_test || self.own.test_modules.hold(file)
    }

    /// Everything that a name may mean. Never empty.
    pub(crate) fn meanings(&self, name: &NamedPath) -> Vec<Meaning> {
        let written = || self.own.written(&name.module, &name.segments, name.absolute);
        let begun = match name.segments.split_first() {
            Some((first, rest)) if !name.absolute => self.begun(&name.module, first, rest),
            _ => Vec::new(),
        };
        let begun = if begun.is_empty() { vec![self.way(written())] } else { begun };
        self.follow(begun, name.glob)
    }

    /// A `use` or a glob of the module brought the name in.
    pub(super) fn is_brought(&self, module: &[String], name: &str) -> bool {
        !self.workspace.look_up(&self.own, module, name).is_empty()
    }

    /// What a module of this crate says.
    pub(super) fn module(&self, path: &[String]) -> Option<&Module> {
        self.own.module(path)
    }

    /// What a glob in this crate brings in.
    pub(super) fn of_glob(&self, glob: &Path) -> Vec<Meaning> {
        self.follow(vec![self.way(glob.clone())], true)
    }

    /// What the first segment of a path stands for, by an alias or a glob.
    fn begun(&self, module: &[String], first: &str, rest: &[String]) -> Vec<Way> {
        let found = self.workspace.look_up(&self.own, module, first);
        let on = |found: &Found| self.way(Path::new()).on(found, rest, self.own_name());
        found.iter().map(on).collect()
    }

    fn way(&self, path: Path) -> Way {
        Way {
            home: self.own.clone(),
            path,
            by: None,
            offered: false,
            said_in: None,
            aliased: false,
            depth: 0,
            shown: 0,
        }
    }

    /// The nearest first, so that what is found is told by the shortest way.
    fn follow(&self, open: Vec<Way>, glob: bool) -> Vec<Meaning> {
        let mut open = VecDeque::from(open);
        let mut found = Vec::new();
        let mut done = HashSet::new();
        while let Some(way) = open.pop_front() {
            let Some((holder, inner)) = self.workspace.place(&way.home, &way.path) else {
                let path = self.of_package(&way);
                let Way { by, offered, said_in, aliased, .. } = way;
                add(&mut found, Meaning { path, by, offered, said_in, aliased });
                continue;
            };
            let home = holder.name == self.own.name;
            let first = if home { "crate" } else { holder.name.as_str() };
            let path = extended(&[first.to_owned()], inner);
            let (by, said_in) = (way.by.clone(), way.said_in.clone());
            let Way { offered, aliased, .. } = way;
            add(&mut found, Meaning { path, by, offered, said_in, aliased });
            if way.depth < DEPTH && done.insert((holder.name.clone(), inner.to_vec(), way.by.is_some())) {
                self.step(&holder, inner, &way, home, &mut open);
                if let Some(module) = holder.module(inner).filter(|_| glob && !home && !way.offered) {
                    let on = |path: &Path| {
                        let found = Found { home: holder.clone(), path: path.clone(), said_in: None };
                        Way { offered: true, ..way.on(&found, &[], self.own_name()) }
                    };
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
            *first = way.home.package(first).to_owned();
        }
        path
    }

    /// What stands behind the first part of the path that is no item of its own.
    fn step(&self, holder: &Table, inner: &[String], way: &Way, home: bool, open: &mut VecDeque<Way>) {
        for at in 0..inner.len() {
            let (module, name, rest) = (&inner[..at], &inner[at], &inner[at + 1..]);
            let targets = self.workspace.look_up(holder, module, name);
            if !targets.is_empty() {
                open.extend(targets.iter().map(|found| way.on(found, rest, self.own_name())));
                return;
            }
            let shown = holder.module(module).into_iter().flat_map(|facts| facts.shows(name, rest));
            // Of its own types a crate need not be told what their fields are; of its aliases it need.
            let is_followed = |shown: &&Shown| shown.through.is_none() || (!home && way.shown < SHOWN);
            for shown in shown.filter(is_followed) {
                let by = shown.through.as_ref().map(|through| match &way.by {
                    Some(outer) => format!("{outer}{through}"),
                    None => {
                        let path = extended(module, std::slice::from_ref(&shown.by)).join("::");
                        format!("{}::{path}{through}", holder.name)
                    }
                });
                let rest = if by.is_some() { &[][..] } else { rest };
                let shown_by = way.shown + usize::from(by.is_some());
                for found in self.behind(holder, shown) {
                    let next = way.on(&found, rest, self.own_name());
                    let by = by.clone().or_else(|| next.by.clone());
                    open.push_back(Way { by, shown: shown_by, aliased: next.aliased || home, ..next });
                }
            }
        }
    }

    /// What a type shows, as far as the module that declares it says.
    fn behind(&self, holder: &Table, shown: &Shown) -> Vec<Found> {
        let Some((first, more)) = shown.segments.split_first() else { return Vec::new() };
        let said_in = Some(shown.module.clone());
        let found = match shown.absolute {
            true => Arc::default(),
            false => self.workspace.look_up(holder, &shown.module, first),
        };
        if found.is_empty() {
            let written = holder.written(&shown.module, &shown.segments[..1], shown.absolute);
            return vec![Found { home: holder.clone(), path: extended(&written, more), said_in }];
        }
        let on = |one: &Found| Found {
            home: one.home.clone(),
            path: extended(&one.path, more),
            said_in: said_in.clone(),
        };
        found.iter().map(on).collect()
    }
}

impl Way {
    /// From here on to what was found, and `rest` of it; `own` is the crate that asks.
    fn on(&self, found: &Found, rest: &[String], own: &str) -> Self {
        let here = found.said_in.as_ref().filter(|_| found.home.name == own && rest.is_empty());
        Self {
            home: found.home.clone(),
            path: extended(&found.path, rest),
            by: self.by.clone(),
            offered: self.offered,
            said_in: self.said_in.as_ref().or(here).cloned(),
            aliased: self.aliased,
            depth: self.depth + 1,
            shown: self.shown,
        }
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

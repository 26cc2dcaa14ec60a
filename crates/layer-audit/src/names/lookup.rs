//! What stands behind one name in one module of a member: its own `use` items, or globs of globs through all members.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::meant::Meanings;
use super::{Module, Names, Path};
use crate::cores::on_all_cores;
use crate::source::Visibility;
use crate::workspace::{Crate, Workspace};

/// The names of all members, and what was looked up in them: made when first asked for, and then the same for every
/// rule. A copy of the workspace begins without any.
#[derive(Default)]
pub(crate) struct Tables {
    members: OnceLock<Members>,
    seen: Mutex<HashMap<String, HashMap<Path, Seen>>>,
}

/// The names of members, and what those of their files mean.
struct Members {
    all: Vec<Member>,
    /// Where among them the one of that package is.
    packages: HashMap<String, usize>,
    /// Where among them the one is that code calls so.
    called: HashMap<String, usize>,
}

/// One member.
pub(crate) struct Member {
    pub(super) names: Table,
    /// In the order of its files.
    pub(super) meant: OnceLock<Vec<Meanings>>,
}

/// What one module sees by its globs.
#[derive(Default)]
struct Seen {
    modules: Option<Arc<Vec<Glimpse>>>,
    names: HashMap<String, Arc<Vec<Found>>>,
}

/// The names of a member, or of one file that is a crate of its own.
pub(crate) type Table = Arc<Names>;

/// A module that is seen through globs, and what of it is seen.
struct Glimpse {
    table: Table,
    module: Path,
    least: Visibility,
}

/// What a name stands for.
#[derive(Clone)]
pub(crate) struct Found {
    /// The member in which the path is written.
    pub(crate) home: Table,
    pub(crate) path: Path,
    /// The module of that member whose `use` says so; nothing where a glob shows the item itself.
    pub(crate) said_in: Option<Path>,
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

impl Members {
    fn of(crates: &[Crate]) -> Self {
        let (mut packages, mut called) = (HashMap::new(), HashMap::new());
        for (at, member) in crates.iter().enumerate() {
            packages.insert(member.name.clone(), at);
            for name in member.called() {
                called.entry(name).or_insert(at);
            }
        }
        let read = |member: &Crate| Member { names: Arc::new(Names::of(member)), meant: OnceLock::new() };
        let all = on_all_cores(crates, read).unwrap_or_else(|panic| resume_unwind(panic));
        Self { all, packages, called }
    }
}

impl Workspace {
    /// What is kept of the member of that package name.
    pub(super) fn known(&self, package: &str) -> Option<&Member> {
        let members = self.members();
        members.packages.get(package).map(|at| &members.all[*at])
    }

    /// The names of the member that code calls so.
    pub(crate) fn table(&self, called: &str) -> Option<&Table> {
        let members = self.members();
        members.called.get(called).map(|at| &members.all[*at].names)
    }

    /// The member that a path leads to, and the path inside it; `None` if it leads out of the workspace.
    pub(crate) fn place<'p>(&self, home: &Table, path: &'p [String]) -> Option<(Table, &'p [String])> {
        let (first, rest) = path.split_first()?;
        let holder = match first.as_str() {
            "crate" => home.clone(),
            first if home.is_outside(first) => return None,
            first => self.table(home.package(first))?.clone(),
        };
        Some((holder, rest))
    }

    /// What `name` stands for in a module of a member, by its `use` items or through globs. Nothing where the module
    /// declares the name itself.
    pub(crate) fn look_up(&self, table: &Table, module: &[String], name: &str) -> Arc<Vec<Found>> {
        let Some(facts) = table.module(module) else { return Arc::default() };
        if let Some(targets) = facts.aliases.get(name) {
            let found = |(target, _): &(Path, Visibility)| Found {
                home: table.clone(),
                path: target.clone(),
                said_in: Some(module.to_vec()),
            };
            return Arc::new(targets.iter().map(found).collect());
        }
        if facts.globs.is_empty() || facts.items.contains(name) {
            return Arc::default();
        }
        let known = |seen: &Seen| seen.names.get(name).cloned();
        if let Some(found) = self.seen(table, module, known) {
            return found;
        }
        let found = Arc::new(self.through_globs(table, module, facts, name));
        self.note(table, module, |seen| seen.names.insert(name.to_owned(), found.clone()));
        found
    }

    fn through_globs(&self, table: &Table, module: &[String], facts: &Module, name: &str) -> Vec<Found> {
        let mut found = Vec::new();
        for glimpse in self.glimpses(table, module, facts).iter() {
            let Some(seen) = glimpse.table.module(&glimpse.module) else { continue };
            let targets = seen.aliases.get(name).into_iter().flatten();
            let targets = targets.filter(|(_, visibility)| *visibility >= glimpse.least);
            let home = &glimpse.table;
            found.extend(targets.map(|(target, _)| Found {
                home: home.clone(),
                path: target.clone(),
                said_in: Some(glimpse.module.clone()),
            }));
            if seen.items.contains(name) {
                let path = super::in_crate(&glimpse.module, &[name.to_owned()]);
                found.push(Found { home: home.clone(), path, said_in: None });
            }
        }
        found
    }

    /// The modules that a module sees through its globs, and theirs.
    fn glimpses(&self, table: &Table, module: &[String], facts: &Module) -> Arc<Vec<Glimpse>> {
        if let Some(known) = self.seen(table, module, |seen| seen.modules.clone()) {
            return known;
        }
        let mut found = Vec::new();
        let mut done = HashSet::from([(table.name.clone(), module.to_vec())]);
        let mut open: VecDeque<(Table, Path)> = VecDeque::new();
        open.extend(facts.globs.iter().map(|(glob, _)| (table.clone(), glob.clone())));
        while let Some((home, glob)) = open.pop_front() {
            for (other, inner) in self.modules_behind(&home, &glob) {
                if !done.insert((other.name.clone(), inner.clone())) {
                    continue;
                }
                let least = match other.name == table.name {
                    true if module.starts_with(&inner) => Visibility::Private,
                    true => Visibility::Restricted,
                    false => Visibility::Public,
                };
                let globs = other.module(&inner).into_iter().flat_map(|facts| &facts.globs);
                let globs = globs.filter(|(_, visibility)| *visibility >= least);
                open.extend(globs.map(|(glob, _)| (other.clone(), glob.clone())));
                found.push(Glimpse { table: other, module: inner, least });
            }
        }
        let found = Arc::new(found);
        self.note(table, module, |seen| seen.modules = Some(found.clone()));
        found
    }

    /// The modules that `glob` in `home` may mean: a re-export may stand on the way.
    fn modules_behind(&self, home: &Table, glob: &[String]) -> Vec<(Table, Path)> {
        let mut found = Vec::new();
        let mut open = vec![(home.clone(), glob.to_vec(), 0)];
        while let Some((home, path, depth)) = open.pop() {
            let Some((table, inner)) = self.place(&home, &path) else { continue };
            if table.module(inner).is_some() {
                found.push((table, inner.to_vec()));
                continue;
            }
            for at in (0..inner.len()).filter(|_| depth < super::across::DEPTH) {
                let facts = table.module(&inner[..at]);
                let targets = facts.and_then(|facts| facts.aliases.get(&inner[at]));
                for (target, _) in targets.into_iter().flatten() {
                    let path = target.iter().chain(&inner[at + 1..]).cloned().collect();
                    open.push((table.clone(), path, depth + 1));
                }
            }
        }
        found
    }

    fn members(&self) -> &Members {
        self.tables.members.get_or_init(|| Members::of(&self.crates))
    }

    fn seen<T>(&self, table: &Table, module: &[String], read: impl Fn(&Seen) -> Option<T>) -> Option<T> {
        lock(&self.tables.seen).get(&table.name)?.get(module).and_then(read)
    }

    fn note<T>(&self, table: &Table, module: &[String], write: impl FnOnce(&mut Seen) -> T) {
        let mut all = lock(&self.tables.seen);
        let modules = all.entry(table.name.clone()).or_default();
        write(modules.entry(module.to_vec()).or_default());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

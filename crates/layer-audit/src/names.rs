//! What the paths of a crate stand for: `use` aliases, `mod` items, re-exports and globs are followed inside the crate.
//! [`across`] goes on into other members, [`forbidden`] judges what was found.

pub(crate) mod across;
pub(crate) mod forbidden;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::source::{FileFacts, NamedPath, Shown, SourceFile};
use crate::workspace::{Crate, TestModules};

/// Re-exports that re-export are followed this far; a cycle ends here too.
const DEPTH: usize = 6;

pub(crate) type Path = Vec<String>;

/// The alias table of one crate.
#[derive(Default)]
pub(crate) struct Names {
    /// Module and name to the targets, made absolute.
    aliases: HashMap<Path, HashMap<String, Vec<Path>>>,
    /// Module to the modules that it imports wholesale.
    globs: HashMap<Path, Vec<Path>>,
    /// Module to what it re-exports for everybody.
    offered: HashMap<Path, Vec<Path>>,
    /// Module and type to what the type shows: targets of aliases, types of public fields.
    shown: HashMap<Path, HashMap<String, Vec<Shown>>>,
    /// Module to the names that it declares.
    items: HashMap<Path, HashSet<String>>,
    /// Names of crates as this one calls them, to their packages; `crate` is this one.
    renames: BTreeMap<String, String>,
    test_modules: TestModules,
}

/// What a path stands for.
pub(crate) struct Resolved<'a> {
    /// The path as written.
    pub(crate) name: &'a NamedPath,
    /// What it may stand for: `crate::..` or the name of another crate first. Never empty.
    pub(crate) paths: Vec<Path>,
    /// What the `use` of its first segment named, which is judged where that `use` stands.
    pub(crate) imported: Vec<Path>,
}

impl Names {
    /// Reads the alias tables of all files under `src/`.
    pub(crate) fn of(member: &Crate) -> Self {
        Self::read(member, member.src().map(|file| &file.facts).collect())
    }

    /// The same for a file outside `src/`, which is a crate of its own.
    pub(crate) fn of_file(member: &Crate, file: &SourceFile) -> Self {
        Self::read(member, vec![&file.facts])
    }

    fn read(member: &Crate, files: Vec<&FileFacts>) -> Self {
        let mut names =
            Self { renames: member.renames(), test_modules: member.test_modules(), ..Self::default() };
        for facts in &files {
            for (module, name) in &facts.items {
                names.items.entry(module.clone()).or_default().insert(name.clone());
            }
            for shown in &facts.shown {
                let types = names.shown.entry(shown.module.clone()).or_default();
                types.entry(shown.by.clone()).or_default().push(shown.clone());
            }
            // `extern crate a as b;` at the root gives every module the name.
            for alias in facts.aliases.iter().filter(|alias| alias.absolute && alias.module.is_empty()) {
                if let (Some(name), [target]) = (&alias.name, alias.target.as_slice()) {
                    let target = if target == "self" { "crate" } else { target };
                    let package = names.renames.get(target).cloned().unwrap_or_else(|| target.to_owned());
                    names.renames.insert(name.clone(), package);
                }
            }
        }
        for facts in files {
            names.add_aliases(facts);
        }
        names
    }

    /// Every name in `file`, resolved.
    pub(crate) fn in_file<'a>(&'a self, file: &'a SourceFile) -> impl Iterator<Item = Resolved<'a>> {
        file.facts.names.iter().map(move |name| {
            let imported = match name.segments.first() {
                Some(first) if !name.import && !name.absolute => self.imported(&name.module, first),
                _ => Vec::new(),
            };
            let paths = self.resolve(&name.module, &name.segments, name.absolute);
            Resolved { name, paths, imported }
        })
    }

    /// The modules of other crates that `module` imports wholesale.
    pub(crate) fn foreign_globs(&self, module: &[String]) -> impl Iterator<Item = &Path> {
        let globs = self.globs.get(module).into_iter().flatten();
        globs.filter(|glob| glob.first().is_some_and(|first| first != "crate"))
    }

    fn imported(&self, module: &[String], first: &str) -> Vec<Path> {
        self.alias(module, first).iter().flat_map(|target| self.targets(target)).collect()
    }

    /// Needs all items: a module declared in any file is meant before a crate of the same name.
    fn add_aliases(&mut self, facts: &FileFacts) {
        for alias in &facts.aliases {
            let target = match alias.absolute {
                true => self.undo_rename(alias.target.clone()),
                false => self.local(&alias.module, &alias.target),
            };
            if alias.public {
                self.offered.entry(alias.module.clone()).or_default().push(target.clone());
            }
            match &alias.name {
                Some(name) => {
                    let module = self.aliases.entry(alias.module.clone()).or_default();
                    module.entry(name.clone()).or_default().push(target);
                }
                None => self.globs.entry(alias.module.clone()).or_default().push(target),
            }
        }
    }

    /// What a path in `module` may stand for; never empty.
    pub(crate) fn resolve(&self, module: &[String], segments: &[String], is_absolute: bool) -> Vec<Path> {
        let Some((first, rest)) = segments.split_first().filter(|_| !is_absolute) else {
            return vec![self.undo_rename(segments.to_vec())];
        };
        let mut candidates = self.alias(module, first);
        if candidates.is_empty() {
            return self.targets(&self.local(module, segments));
        }
        for candidate in &mut candidates {
            candidate.extend(rest.iter().cloned());
        }
        candidates.iter().flat_map(|candidate| self.targets(candidate)).collect()
    }

    /// A name that the module declares itself is meant before a crate of the same name.
    fn local(&self, module: &[String], segments: &[String]) -> Path {
        let declared = segments.first().is_some_and(|first| self.declares(module, first));
        if declared {
            return in_crate(module, segments);
        }
        match segments.split_first() {
            Some((first, rest)) if self.renames.get(first).is_some_and(|package| package == "crate") => {
                in_crate(&[], rest)
            }
            _ => absolute(module, segments),
        }
    }

    fn declares(&self, module: &[String], name: &str) -> bool {
        self.items.get(module).is_some_and(|names| names.contains(name))
    }

    /// What `name` is called in full in `module`, by its own `use` items or through globs inside the crate.
    fn alias(&self, module: &[String], name: &str) -> Vec<Path> {
        if let Some(targets) = self.own(module, name) {
            return targets.clone();
        }
        if self.declares(module, name) {
            return Vec::new();
        }
        let globs = self.globs.get(module).into_iter().flatten();
        globs.flat_map(|glob| self.through_glob(glob, name)).collect()
    }

    fn own(&self, module: &[String], name: &str) -> Option<&Vec<Path>> {
        self.aliases.get(module).and_then(|names| names.get(name))
    }

    fn through_glob(&self, glob: &Path, name: &str) -> Vec<Path> {
        let Some(inner) = glob.split_first().filter(|(first, _)| *first == "crate").map(|(_, inner)| inner)
        else {
            return Vec::new();
        };
        if let Some(targets) = self.own(inner, name) {
            return targets.clone();
        }
        let declared = self.declares(inner, name);
        if declared { vec![in_crate(inner, &[name.to_owned()])] } else { Vec::new() }
    }

    /// Follows re-exports: `crate::a::B` where module `a` says `pub use c::B`.
    fn targets(&self, path: &[String]) -> Vec<Path> {
        let mut open = vec![(path.to_vec(), 0)];
        let mut done: Vec<Path> = Vec::new();
        while let Some((path, depth)) = open.pop() {
            let next = if depth < DEPTH { self.step(&path) } else { Vec::new() };
            open.extend(next.into_iter().map(|path| (path, depth + 1)));
            let path = self.undo_rename(path);
            if !done.contains(&path) {
                done.push(path);
            }
        }
        done
    }

    fn step(&self, path: &[String]) -> Vec<Path> {
        if path.first().is_none_or(|first| first != "crate") {
            return Vec::new();
        }
        for at in 1..path.len() {
            let targets = self.alias(&path[1..at], &path[at]);
            let extend = |mut target: Path| {
                target.extend(path[at + 1..].iter().cloned());
                target
            };
            let next: Vec<Path> = targets.into_iter().map(extend).filter(|next| next != path).collect();
            if !next.is_empty() {
                return next;
            }
        }
        Vec::new()
    }

    fn undo_rename(&self, mut path: Path) -> Path {
        if let Some(package) = path.first().and_then(|first| self.renames.get(first)) {
            path[0].clone_from(package);
        }
        path
    }
}

/// `self::` and `super::` undone; anything else stays as written.
fn absolute(module: &[String], segments: &[String]) -> Path {
    let mut base = module.len();
    let mut rest = segments;
    let mut relative = false;
    while let Some((first, tail)) = rest.split_first() {
        match first.as_str() {
            "self" if !relative => {}
            "super" => base = base.saturating_sub(1),
            _ => break,
        }
        relative = true;
        rest = tail;
    }
    if relative { in_crate(&module[..base], rest) } else { segments.to_vec() }
}

fn in_crate(module: &[String], rest: &[String]) -> Path {
    std::iter::once("crate".to_owned()).chain(module.iter().cloned()).chain(rest.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn resolved(files: &[(&str, &str)], file: &str) -> Vec<String> {
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
        let workspace =
            fixture::Ws::default().member_with("a", "orm = { package = \"sea-orm\" }", &files).build();
        let member = &workspace.crates[0];
        let names = Names::of(member);
        let file = member.files.iter().find(|f| f.path.ends_with(file)).expect("the file is there");
        names.in_file(file).flat_map(|name| name.paths).map(|path| path.join("::")).collect()
    }

    #[test]
    fn renames_reexports_and_globs_are_followed() {
        let cases: &[(&str, &str)] = &[
            ("use std as s; fn f() { s::fs::read(); }", "std::fs::read"),
            ("fn f() { crate::disk::read(); }", "std::fs::read"),
            ("use super::*; fn f() { disk::read(); }", "std::fs::read"),
            ("fn f() { crate::outer::disk::read(); }", "std::fs::read"),
            ("fn f() { orm::Query::new(); }", "sea_orm::Query::new"),
            ("fn f() { super::disk::read(); }", "std::fs::read"),
            ("fn f() { ::std::env::var(); }", "std::env::var"),
            ("mod rand { pub fn x() {} } fn f() { rand::x(); }", "crate::m::rand::x"),
        ];
        for (text, expected) in cases {
            let root = "pub mod m; pub mod outer; pub use std::fs as disk;";
            let outer = "pub use crate::disk;";
            let seen =
                resolved(&[("src/lib.rs", root), ("src/m.rs", text), ("src/outer.rs", outer)], "src/m.rs");
            assert!(seen.contains(&(*expected).to_owned()), "{text}: {seen:?}");
        }
    }

    #[test]
    fn a_cycle_of_reexports_ends() {
        let files = [
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", "pub use crate::b::X;"),
            ("src/b.rs", "pub use crate::a::X;"),
        ];
        assert!(resolved(&files, "src/a.rs").contains(&"crate::a::X".to_owned()));
    }
}

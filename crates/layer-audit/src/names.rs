//! What the names of a crate stand for, as its files say it: `use` aliases, globs, items, and what types show.
//!
//! Here are the tables of one crate. [`lookup`] finds what stands behind a name, [`across`] follows whole paths through
//! all members, [`meant`] keeps what it found for all names of a file, [`full`] gives their ends as paths that any crate
//! could write, [`told`] says what of a name is judged at another place, and [`forbidden`] judges what was found.

pub(crate) mod across;
pub(crate) mod by_module;
pub(crate) mod forbidden;
pub(crate) mod full;
pub(crate) mod lookup;
pub(crate) mod meant;
pub(crate) mod told;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::source::{FileFacts, Shown, SourceFile, Visibility};
use crate::workspace::{Crate, TestModules, in_code};

/// `crate::..`, or the name of another crate first.
pub(crate) type Path = Vec<String>;

/// The tables of one crate.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// What code calls the crate; of a file that is a crate of its own, its path.
    pub(crate) name: String,
    modules: HashMap<Path, Module>,
    /// Names of crates as this one calls them, to their packages; `crate` is this one.
    renames: BTreeMap<String, String>,
    /// Names of packages that come from outside, whatever members are called.
    outside: HashSet<String>,
    pub(crate) test_modules: TestModules,
}

/// What one module says.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Names to what they stand for, made absolute.
    aliases: HashMap<String, Vec<(Path, Visibility)>>,
    /// The modules that it imports wholesale.
    globs: Vec<(Path, Visibility)>,
    /// Names to what they show: targets of aliases, types of public fields, what functions return and macros say.
    shown: HashMap<String, Vec<Shown>>,
    /// The names that it declares.
    items: HashSet<String>,
}

impl Module {
    /// A `use` of its own calls something so.
    pub(crate) fn imports(&self, name: &str) -> bool {
        self.aliases.contains_key(name)
    }

    /// The modules that it imports wholesale.
    pub(crate) fn globs(&self) -> impl Iterator<Item = &Path> {
        self.globs.iter().map(|(path, _)| path)
    }

    /// What the name shows where `rest` follows it in a path.
    fn shows(&self, name: &str, rest: &[String]) -> impl Iterator<Item = &Shown> {
        let itself = self.shown.get(name).into_iter().flatten();
        let is_last = rest.is_empty();
        let itself = itself.filter(move |shown| is_last || !shown.is_called());
        let function = match rest {
            [function] if !self.shown.is_empty() => self.shown.get(&format!("{name}::{function}")),
            _ => None,
        };
        itself.chain(function.into_iter().flatten())
    }

    /// What it re-exports for everybody.
    pub(crate) fn offered(&self) -> impl Iterator<Item = &Path> {
        let all = self.aliases.values().flatten().chain(&self.globs);
        all.filter(|(_, visibility)| *visibility == Visibility::Public).map(|(path, _)| path)
    }
}

impl Names {
    /// Reads all files under `src/`.
    pub(crate) fn of(member: &Crate) -> Self {
        let files = member.src().map(|file| &file.facts).collect();
        let (name, test_modules) = (in_code(&member.name), member.test_modules());
        Self { name, test_modules, ..Self::read(member, files) }
    }

    /// The same for a file outside `src/`, which is a crate of its own.
    pub(crate) fn of_file(member: &Crate, file: &SourceFile) -> Self {
        Self { name: file.path.clone(), ..Self::read(member, vec![&file.facts]) }
    }

    fn read(member: &Crate, files: Vec<&FileFacts>) -> Self {
        let (renames, outside) = (member.renames(), member.outside());
        let mut names = Self { renames, outside, ..Self::default() };
        for facts in &files {
            for (module, name) in &facts.items {
                names.modules.entry(module.clone()).or_default().items.insert(name.clone());
            }
            for shown in &facts.shown {
                let module = names.modules.entry(shown.module.clone()).or_default();
                module.shown.entry(shown.by.clone()).or_default().push(shown.clone());
            }
            names.add_extern_crates(facts);
        }
        for facts in files {
            names.add_aliases(facts);
        }
        names
    }

    /// `extern crate a as b;` at the root gives every module the name.
    fn add_extern_crates(&mut self, facts: &FileFacts) {
        for alias in facts.aliases.iter().filter(|alias| alias.absolute && alias.module.is_empty()) {
            if let (Some(name), [target]) = (&alias.name, alias.target.as_slice()) {
                let target = if target == "self" { "crate" } else { target };
                let package = self.renames.get(target).cloned().unwrap_or_else(|| target.to_owned());
                self.renames.insert(name.clone(), package);
            }
        }
    }

    /// Needs all items: a module declared in any file is meant before a crate of the same name.
    fn add_aliases(&mut self, facts: &FileFacts) {
        for alias in &facts.aliases {
            let target = self.written(&alias.module, &alias.target, alias.absolute);
            let module = self.modules.entry(alias.module.clone()).or_default();
            match &alias.name {
                // `use a::b as b;` beside `mod b;` would say nothing new.
                Some(name) if !is_itself(&alias.module, name, &target) => {
                    module.aliases.entry(name.clone()).or_default().push((target, alias.visibility));
                }
                Some(_) => {}
                None => module.globs.push((target, alias.visibility)),
            }
        }
    }

    /// The path as the crate's root would write it, and no alias followed. A name that the module declares is meant
    /// before a crate of the same name.
    pub(crate) fn written(&self, module: &[String], segments: &[String], absolute: bool) -> Path {
        let Some((first, rest)) = segments.split_first() else { return Path::new() };
        if !absolute && self.declares(module, first) {
            return in_crate(module, segments);
        }
        let path = if absolute { segments.to_vec() } else { without_super(module, segments) };
        match self.renames.get(first).filter(|_| path.first() == Some(first)) {
            Some(package) if package == "crate" => in_crate(&[], rest),
            Some(package) => std::iter::once(package.clone()).chain(rest.iter().cloned()).collect(),
            None => path,
        }
    }

    /// The package behind a crate's name.
    pub(crate) fn package<'a>(&'a self, name: &'a str) -> &'a str {
        self.renames.get(name).map_or(name, String::as_str)
    }

    /// The package of this name comes from outside, though a member may be called so.
    pub(crate) fn is_outside(&self, name: &str) -> bool {
        self.outside.contains(name)
    }

    pub(crate) fn module(&self, path: &[String]) -> Option<&Module> {
        self.modules.get(path)
    }

    fn declares(&self, module: &[String], name: &str) -> bool {
        self.module(module).is_some_and(|module| module.items.contains(name))
    }
}

fn is_itself(module: &[String], name: &String, target: &[String]) -> bool {
    matches!(target, [first, middle @ .., last] if first == "crate" && middle == module && last == name)
}

/// `self::` and `super::` undone; anything else stays as written.
fn without_super(module: &[String], segments: &[String]) -> Path {
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

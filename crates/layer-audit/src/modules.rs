//! Which files the targets of a crate reach, and as which modules: `mod` and `include!` are followed from each root.

use std::collections::{HashMap, HashSet};

use crate::source::{ModFact, Position, SourceFile, plain};
use crate::workspace::Crate;

/// Modules nested deeper than this include themselves.
const DEEPEST: usize = 32;

/// The files that some target reaches.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    /// As which modules, by path from the workspace root.
    modules: HashMap<String, Vec<Vec<String>>>,
    /// What `#[path]` and `include!` bring in.
    pub(crate) brought: Vec<Brought>,
}

/// Code that is brought in by its path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Brought {
    /// The file that says so.
    pub(crate) by: String,
    /// Where, line and column.
    pub(crate) at: (usize, usize),
    /// The file that is brought in, from the workspace root; as written if its path is absolute.
    pub(crate) file: String,
}

/// A file to read on from.
struct Step {
    path: String,
    /// The module that it holds.
    module: Vec<String>,
    /// Its modules stand beside it, as those of a crate's root and of a `mod.rs` do.
    beside: bool,
}

impl Reached {
    /// Follows the `mod` items of these crates, each from its own targets.
    pub(crate) fn of<'a>(members: impl IntoIterator<Item = &'a Crate> + Clone) -> Self {
        let files = members.clone().into_iter().flat_map(every_file);
        let files: HashMap<&str, &SourceFile> = files.map(|file| (file.path.as_str(), file)).collect();
        let mut reached = Self::default();
        for member in members {
            let root = |path| Step { path, module: Vec::new(), beside: true };
            let mut open: Vec<Step> = roots(member).into_iter().map(root).collect();
            let mut done = HashSet::new();
            while let Some(step) = open.pop() {
                // A file may be several modules, but none without end.
                if step.module.len() > DEEPEST || !done.insert((step.path.clone(), step.module.clone())) {
                    continue;
                }
                if let Some(file) = files.get(step.path.as_str()) {
                    open.extend(reached.next(&step, file, &member.dir));
                    reached.read(&step, file, &member.dir, &files);
                }
                reached.modules.entry(step.path).or_default().push(step.module);
            }
        }
        reached.brought.sort();
        reached.brought.dedup();
        reached
    }

    /// Some target reaches this file.
    pub(crate) fn holds(&self, path: &str) -> bool {
        self.modules.contains_key(path)
    }

    /// The module that this file holds, where that is not the one that its path gives; nothing for mere text.
    pub(crate) fn moved(&self, path: &str, given: &[String]) -> Option<&[String]> {
        let modules = self.modules.get(path)?;
        if modules.iter().any(|module| module == given) { None } else { modules.first().map(Vec::as_slice) }
    }

    /// Where `file` leads on; `dir` is the folder of the crate whose target reached it.
    fn next(&mut self, step: &Step, file: &SourceFile, dir: &str) -> Vec<Step> {
        let folder = parent(&step.path);
        let children = if step.beside { folder } else { step.path.trim_end_matches(".rs") };
        let mut next = Vec::new();
        for fact in &file.facts.mods {
            let module = moved(step, file, &fact.module);
            let base = if fact.beside { folder } else { children };
            let own = fact.folders.iter().fold(base.to_owned(), |own, inner| format!("{own}/{inner}"));
            for path in &fact.paths {
                let base = if fact.folders.is_empty() { folder } else { &own };
                let path = self.bring(step, fact.at, base, path);
                next.push(Step { path, module: module.clone(), beside: true });
            }
            next.extend(usual(&own, fact, &module));
            if fact.floating {
                let module: Vec<String> = fact.module.last().cloned().into_iter().collect();
                next.extend(usual(&format!("{dir}/src"), fact, &module));
            }
        }
        for fact in &file.facts.includes {
            let base = if fact.from_root { dir } else { folder };
            let path = if fact.from_root { fact.path.trim_start_matches('/') } else { &fact.path };
            if fact.code {
                let path = self.bring(step, fact.at, base, path);
                next.push(Step { path, module: moved(step, file, &fact.module), beside: true });
            } else {
                // Text is used, but what it says is not code here: a file may even read itself.
                self.modules.entry(join(base, path).unwrap_or_default()).or_default();
            }
        }
        next
    }

    /// Files that a macro is given by their paths, from the file's folder or the crate's: `expect_file!["x.rs"]` reads
    /// them, and what they say is not code here.
    fn read(&mut self, step: &Step, file: &SourceFile, dir: &str, files: &HashMap<&str, &SourceFile>) {
        for text in &file.facts.texts {
            let paths = [parent(&step.path), dir].into_iter().filter_map(|folder| join(folder, text));
            for path in paths.filter(|path| files.contains_key(path.as_str())) {
                self.modules.entry(path).or_default();
            }
        }
    }

    fn bring(&mut self, step: &Step, at: Position, folder: &str, path: &str) -> String {
        let file = join(folder, path).unwrap_or_else(|| path.to_owned());
        self.brought.push(Brought { by: step.path.clone(), at: (at.line, at.column), file: file.clone() });
        file
    }
}

/// Also those that do not parse: Cargo compiles them, or tries to.
fn every_file(member: &Crate) -> impl Iterator<Item = &SourceFile> {
    member.files.iter().chain(&member.broken)
}

/// Where Cargo begins: the targets that it finds by itself, and those that the manifest gives a path.
fn roots(member: &Crate) -> Vec<String> {
    let explicit = member.manifest.targets.iter().filter_map(|target| join(&member.dir, &target.path));
    let found = every_file(member).filter(|file| member.within(&file.path).is_some_and(is_root));
    let mut roots: Vec<String> = explicit.chain(found.map(|file| file.path.clone())).collect();
    roots.sort();
    roots.dedup();
    roots
}

fn is_root(within: &str) -> bool {
    match within.split('/').collect::<Vec<_>>().as_slice() {
        ["build.rs"] | ["src", "lib.rs" | "main.rs"] => true,
        ["tests" | "benches" | "examples", _] | ["src", "bin", _] => true,
        ["tests" | "benches" | "examples", _, last] | ["src", "bin", _, last] => *last == "main.rs",
        _ => false,
    }
}

/// `name.rs` and `name/mod.rs`.
fn usual(base: &str, fact: &ModFact, module: &[String]) -> Vec<Step> {
    let Some(name) = fact.module.last().map(|name| plain(name)) else { return Vec::new() };
    let step =
        |path: String, beside| Some(Step { path: join(base, &path)?, module: module.to_vec(), beside });
    [step(format!("{name}.rs"), false), step(format!("{name}/mod.rs"), true)].into_iter().flatten().collect()
}

/// A module of `file` as it is reached, not as the file's path suggests.
fn moved(step: &Step, file: &SourceFile, module: &[String]) -> Vec<String> {
    let below = module.get(file.module.len()..).unwrap_or_default();
    step.module.iter().chain(below).cloned().collect()
}

pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path from a folder, both relative to the workspace root. `None` if it is absolute.
pub(crate) fn join(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let path = path.replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests;

//! The facts that rules judge: crates, their dependencies and manifests, their source files. Plain values, no I/O.

use std::collections::{BTreeMap, HashSet};

use crate::day::Day;
use crate::finding::Place;
use crate::manifest::{DependencyKind, Manifest};
use crate::names::lookup::Tables;
use crate::source::{Area, SourceFile};

/// A whole workspace, read once. Crates are sorted by name.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    /// Members, sorted by name.
    pub crates: Vec<Crate>,
    /// Folders directly or indirectly under the root that hold at least one member, relative, with forward slashes.
    pub folders: Vec<String>,
    /// What could not be read or parsed.
    pub problems: Vec<Problem>,
    /// Texts besides manifests and sources that `layers.toml` asks for, by path relative to the root.
    pub documents: BTreeMap<String, String>,
    /// The day as of which these facts are judged.
    pub today: Day,
    /// Alias tables of members that rules have asked for.
    pub(crate) tables: Tables,
}

/// Something that could not be read or parsed, and so could hide a violation.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What happened.
    pub message: String,
}

/// A member crate.
#[derive(Debug, Clone)]
pub struct Crate {
    /// Package name.
    pub name: String,
    /// Folder relative to the workspace root, with forward slashes.
    pub dir: String,
    /// Facts of its `Cargo.toml`.
    pub manifest: Manifest,
    /// Declared dependencies of every kind, workspace crates and externals.
    pub dependencies: Vec<Dependency>,
    /// Every `.rs` file, sorted by path.
    pub files: Vec<SourceFile>,
    /// Files that do not parse, each a [`Problem`] too: no rule judges them, but the modules that they declare are theirs.
    pub(crate) broken: Vec<SourceFile>,
}

/// A declared dependency.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// Package name, after any rename is undone.
    pub package: String,
    /// The key in the manifest; differs from `package` when renamed.
    pub key: String,
    /// Normal, dev or build.
    pub kind: DependencyKind,
    /// It comes from a registry or a repository, even if a member has its name.
    pub outside: bool,
    /// Line in the manifest; 0 if unknown.
    pub line: usize,
}

impl Workspace {
    /// The member of that package name.
    pub fn get(&self, name: &str) -> Option<&Crate> {
        self.crates.iter().find(|member| member.name == name)
    }

    /// The member that a dependency leads to; `None` for a package from outside, whatever its name.
    pub fn member_of(&self, dependency: &Dependency) -> Option<&Crate> {
        self.get(&dependency.package).filter(|_| !dependency.outside)
    }

    /// The members that `names` lists, in workspace order; unknown names are another rule's business.
    pub fn listed<'a>(&'a self, names: &'a [String]) -> impl Iterator<Item = &'a Crate> {
        self.crates.iter().filter(|member| names.contains(&member.name))
    }

    /// A file that is there and could not be read or parsed.
    pub(crate) fn problem(&self, path: &str) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.place.file == path)
    }

    /// Number of source files in all members.
    pub fn file_count(&self) -> usize {
        self.crates.iter().map(|member| member.files.len()).sum()
    }
}

impl Crate {
    /// Path of the manifest, relative to the workspace root.
    pub fn manifest_path(&self) -> String {
        inside(&self.dir, "Cargo.toml")
    }

    /// A path from the workspace root as a path inside this crate's folder, if it lies there.
    pub(crate) fn within<'a>(&self, path: &'a str) -> Option<&'a str> {
        within(&self.dir, path)
    }

    /// The line of a dependency in the manifest.
    pub fn place_of(&self, dependency: &Dependency) -> Place {
        Place::line(self.manifest_path(), dependency.line)
    }

    /// The files under `src/`.
    pub fn src(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| file.area == Area::Src)
    }

    /// The root file of the library.
    pub(crate) fn library_file(&self) -> Option<&SourceFile> {
        self.given("lib").or_else(|| self.named("src/lib.rs"))
    }

    /// The crate root file: that of the library, or of a binary where there is none.
    pub fn root_file(&self) -> Option<&SourceFile> {
        let binary =
            |file: &&SourceFile| self.within(&file.path).is_some_and(|path| path.starts_with("src/bin/"));
        (self.library_file())
            .or_else(|| self.named("src/main.rs"))
            .or_else(|| self.given("bin"))
            .or_else(|| self.src().find(binary))
    }

    fn named(&self, within: &str) -> Option<&SourceFile> {
        self.src().find(|file| self.within(&file.path) == Some(within))
    }

    /// The root file of a target that the manifest gives a path.
    fn given(&self, kind: &str) -> Option<&SourceFile> {
        let mut given = self.manifest.targets.iter().filter(|target| target.kind == kind);
        given.find_map(|target| self.named(&target.path))
    }

    pub(crate) fn test_modules(&self) -> TestModules {
        TestModules(self.src().flat_map(|file| file.facts.test_modules.iter().cloned()).collect())
    }

    /// What code of other crates calls it: its library's name where the manifest gives one, or its package's.
    pub(crate) fn called(&self) -> impl Iterator<Item = String> {
        self.manifest.library.iter().cloned().chain([in_code(&self.name)])
    }

    /// Names of renamed dependencies, as code spells them, to the package they stand for.
    pub fn renames(&self) -> BTreeMap<String, String> {
        let renamed = self.dependencies.iter().filter(|dependency| dependency.key != dependency.package);
        renamed.map(|dependency| (in_code(&dependency.key), in_code(&dependency.package))).collect()
    }

    /// What its code calls packages from outside.
    pub(crate) fn outside(&self) -> HashSet<String> {
        let outside = self.dependencies.iter().filter(|dependency| dependency.outside);
        outside.map(|dependency| in_code(&dependency.key)).collect()
    }
}

/// The modules of a crate that stand under `#[cfg(test)]`.
#[derive(Debug, Default)]
pub(crate) struct TestModules(HashSet<Vec<String>>);

impl TestModules {
    /// The file is such a module, or stands in one.
    pub(crate) fn hold(&self, file: &SourceFile) -> bool {
        self.outermost(file).is_some()
    }

    /// The outermost such module that the file is, or stands in.
    pub(crate) fn outermost<'a>(&self, file: &'a SourceFile) -> Option<&'a [String]> {
        let modules = (1..=file.module.len()).map(|end| &file.module[..end]);
        modules.into_iter().find(|module| self.0.contains(*module))
    }
}

/// A path inside a crate's folder, from the workspace root. The root's own folder is `.`.
pub(crate) fn inside(dir: &str, within: &str) -> String {
    if dir == "." { within.to_owned() } else { format!("{dir}/{within}") }
}

/// The way back: the path inside the folder, if it lies there.
pub(crate) fn within<'a>(dir: &str, path: &'a str) -> Option<&'a str> {
    if dir == "." { Some(path) } else { path.strip_prefix(dir)?.strip_prefix('/') }
}

/// A package name as code spells it.
pub(crate) fn in_code(package: &str) -> String {
    package.replace('-', "_")
}

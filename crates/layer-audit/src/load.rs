//! The edge: asks Cargo for the members, reads their manifests and sources, parses on all cores.

mod documents;
mod metadata;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::config::Config;
use crate::day::Day;
use crate::finding::Place;
use crate::manifest::{Entry, Manifest};
use crate::source::SourceFile;
use crate::workspace::{Crate, Dependency, Problem, Workspace};

/// A workspace that cannot be judged at all. A file that cannot be read or parsed is a [`Problem`] instead.
#[derive(Debug)]
pub struct LoadError(String);

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LoadError {}

/// Reads the workspace whose root `Cargo.toml` stands in `root`, the documents that `config` asks for, and the day.
/// Runs `cargo metadata --no-deps`: no network.
pub fn load(root: &Path, config: &Config) -> Result<Workspace, LoadError> {
    let metadata = metadata::read(root)?;
    let root = PathBuf::from(&metadata.workspace_root);
    let made = read_all(&root, &metadata.packages);
    let mut workspace = Workspace::default();
    for made in made {
        let made = made?;
        workspace.problems.extend(made.problems);
        workspace.crates.extend(made.member);
    }
    workspace.crates.sort_by(|a, b| a.name.cmp(&b.name));
    workspace.problems.sort_by(|a, b| a.place.cmp(&b.place));
    workspace.folders = folders(&workspace.crates);
    workspace.documents = documents::read(&root, &config.documents())?;
    workspace.today = Day::today();
    Ok(workspace)
}

/// Reads the members on all cores: a syntax tree cannot leave its thread, but the facts can.
fn read_all(root: &Path, packages: &[metadata::Package]) -> Vec<Result<Made, LoadError>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let take = || packages.get(next.fetch_add(1, Ordering::Relaxed));
        std::iter::from_fn(take).map(|package| read_member(root, package)).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        handles
            .into_iter()
            .flat_map(|handle| handle.join().unwrap_or_else(|_| vec![Err(panicked())]))
            .collect()
    })
}

/// A crate as far as it could be read.
pub(crate) struct Made {
    pub(crate) member: Option<Crate>,
    pub(crate) problems: Vec<Problem>,
}

/// Makes a crate of texts. `package_of` gives the package behind a manifest entry where Cargo knows it; `files` are
/// the texts by path inside the crate, or why one could not be read.
pub(crate) fn member(
    dir: &str,
    manifest: &str,
    package_of: &dyn Fn(&Entry) -> Option<String>,
    files: Vec<(String, Result<String, String>)>,
) -> Made {
    let mut problems = Vec::new();
    let manifest = match Manifest::parse(manifest) {
        Ok(manifest) => manifest,
        Err(error) => {
            let place = Place::file(format!("{dir}/Cargo.toml"));
            problems.push(Problem { place, message: format!("does not parse: {}", one_line(&error.0)) });
            return Made { member: None, problems };
        }
    };
    let mut sources = Vec::new();
    for (within, text) in files {
        let path = format!("{dir}/{within}");
        let parsed = match text {
            Ok(text) => SourceFile::parse(&path, &within, &text).map_err(|(at, why)| {
                (Place::at(&path, at.line, at.column), format!("does not parse: {why}"))
            }),
            Err(why) => Err((Place::file(&path), format!("cannot be read: {why}"))),
        };
        match parsed {
            Ok(source) => sources.push(source),
            Err((place, message)) => problems.push(Problem { place, message: one_line(&message) }),
        }
    }
    let dependencies = manifest.entries.iter().map(|entry| dependency(entry, package_of)).collect();
    let name = manifest.name.clone();
    let member = Crate { name, dir: dir.to_owned(), manifest, dependencies, files: sources };
    Made { member: Some(member), problems }
}

fn dependency(entry: &Entry, package_of: &dyn Fn(&Entry) -> Option<String>) -> Dependency {
    let package = package_of(entry).or_else(|| entry.package.clone()).unwrap_or_else(|| entry.key.clone());
    Dependency { package, key: entry.key.clone(), kind: entry.kind, line: entry.line }
}

fn read_member(root: &Path, package: &metadata::Package) -> Result<Made, LoadError> {
    let manifest_path = Path::new(&package.manifest_path);
    let folder = manifest_path.parent().unwrap_or(root);
    let text = std::fs::read_to_string(manifest_path)
        .map_err(|error| LoadError(format!("{}: cannot be read: {error}", package.manifest_path)))?;
    let mut found = Vec::new();
    for area in ["src", "tests", "benches", "examples"] {
        let area = folder.join(area);
        if area.is_dir() {
            walk(&area, &mut found).map_err(|error| LoadError(format!("{}: {error}", area.display())))?;
        }
    }
    found.push(folder.join("build.rs"));
    found.retain(|path| path.is_file());
    found.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string());
        (slashes(path.strip_prefix(folder).unwrap_or(&path)), text)
    };
    let files = found.into_iter().map(read).collect();
    let dir = slashes(folder.strip_prefix(root).unwrap_or(folder));
    let dir = if dir.is_empty() { ".".to_owned() } else { dir };
    Ok(member(&dir, &text, &|entry| package.package_of(entry), files))
}

/// Collects `.rs` files. A folder with its own manifest is another package, and not this crate's.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if !path.join("Cargo.toml").exists() {
                walk(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

fn folders(crates: &[Crate]) -> Vec<String> {
    let mut folders: Vec<String> =
        crates.iter().flat_map(|member| Path::new(&member.dir).ancestors()).map(slashes).collect();
    folders.retain(|folder| !folder.is_empty());
    folders.sort();
    folders.dedup();
    folders
}

fn slashes(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn panicked() -> LoadError {
    LoadError("a reader thread panicked; this is a defect of the audit".to_owned())
}

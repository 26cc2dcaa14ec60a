//! The edge: asks Cargo for the members, reads their manifests and sources, parses on all cores.

mod documents;
mod files;
mod included;
mod member;
mod metadata;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::config::Config;
use crate::day::Day;
use crate::manifest::{self, Manifest};
use crate::workspace::{Crate, Workspace};

pub(crate) use member::{Made, member};
use member::{Read, assemble};

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
    let mut workspace = Workspace::default();
    let found = metadata.packages.iter().map(|package| find(&root, package));
    let found = found.collect::<Result<Vec<_>, _>>()?;
    let files = read_all(&found)?;
    let patched = patched(&root)?;
    for ((package, found), mut files) in metadata.packages.iter().zip(&found).zip(files) {
        included::add(&found.folder, &found.dir, &mut files);
        let made = assemble(&found.dir, &found.manifest, &|entry| package.resolved(entry, &patched), files);
        let made = made.without_data();
        workspace.problems.extend(made.problems);
        workspace.crates.extend(made.member);
    }
    workspace.crates.sort_by(|a, b| a.name.cmp(&b.name));
    workspace.folders = folders(&workspace.crates);
    let documents::Documents { texts, problems } = documents::read(&root, &config.documents())?;
    workspace.documents = texts;
    workspace.problems.extend(problems);
    workspace.problems.sort_by(|a, b| a.place.cmp(&b.place));
    workspace.today = Day::today();
    Ok(workspace)
}

/// The packages from outside that the root's manifest puts a folder in the place of.
fn patched(root: &Path) -> Result<Vec<String>, LoadError> {
    let text = std::fs::read_to_string(root.join("Cargo.toml"))
        .map_err(|error| LoadError(format!("Cargo.toml: cannot be read: {error}")))?;
    Ok(manifest::patched(&text))
}

/// A member before its files are read.
struct Found {
    /// Its folder.
    folder: PathBuf,
    /// Its folder, from the root.
    dir: String,
    /// The text of its manifest.
    manifest: String,
    /// Its files, by path inside the folder and by path to read.
    files: Vec<(String, PathBuf)>,
}

fn find(root: &Path, package: &metadata::Package) -> Result<Found, LoadError> {
    let manifest_path = Path::new(&package.manifest_path);
    let folder = manifest_path.parent().unwrap_or(root);
    let manifest = std::fs::read_to_string(manifest_path)
        .map_err(|error| LoadError(format!("{}: cannot be read: {error}", package.manifest_path)))?;
    let targets = Manifest::parse(&manifest).map(|manifest| manifest.targets).unwrap_or_default();
    let files =
        files::of(folder, &targets).map_err(|error| LoadError(format!("{}: {error}", folder.display())))?;
    let named = |path: PathBuf| (slashes(path.strip_prefix(folder).unwrap_or(&path)), path);
    let files = files.into_iter().map(named).collect();
    Ok(Found { folder: folder.to_owned(), dir: relative(root, folder), manifest, files })
}

/// Reads and parses on all cores, file by file, since one crate may hold most of them: a syntax tree cannot leave its
/// thread, but the facts can. The files of each member, in its order.
fn read_all(found: &[Found]) -> Result<Vec<Vec<Read>>, LoadError> {
    let jobs: Vec<_> = found
        .iter()
        .enumerate()
        .flat_map(|(at, found)| found.files.iter().map(move |file| (at, found.dir.as_str(), file)))
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let job = || {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let (at, dir, (within, path)) = jobs.get(number)?;
            let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
            Some((number, *at, Read::of(dir, within.clone(), text)))
        };
        std::iter::from_fn(job).collect::<Vec<_>>()
    };
    let mut read = thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut read = Vec::new();
        for handle in handles {
            read.extend(handle.join().map_err(|_| panicked())?);
        }
        Ok::<_, LoadError>(read)
    })?;
    read.sort_by_key(|(number, ..)| *number);
    let mut files: Vec<Vec<Read>> = found.iter().map(|_| Vec::new()).collect();
    for (_, at, file) in read {
        files[at].push(file);
    }
    Ok(files)
}

/// A member's folder from the root; a member may stand outside of it.
fn relative(root: &Path, folder: &Path) -> String {
    let mut up = PathBuf::new();
    for above in root.ancestors() {
        if let Ok(below) = folder.strip_prefix(above) {
            let path = slashes(&up.join(below));
            return if path.is_empty() { ".".to_owned() } else { path };
        }
        up.push("..");
    }
    slashes(folder)
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

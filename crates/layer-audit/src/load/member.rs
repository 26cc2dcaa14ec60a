//! Makes a crate of texts.

use std::collections::HashMap;
use std::path::Path;

use crate::finding::Place;
use crate::manifest::{Entry, Manifest};
use crate::modules::{Reached, join, parent};
use crate::source::{Area, IncludeFact, Position, Reading, SourceFile};
use crate::workspace::{Crate, Dependency, Problem, inside, within};

use super::one_line;

/// A crate as far as it could be read.
pub(crate) struct Made {
    pub(crate) member: Option<Crate>,
    pub(crate) problems: Vec<Problem>,
}

/// What a manifest entry stands for.
pub(crate) struct Resolved {
    pub(crate) package: String,
    /// It comes from a registry or a repository.
    pub(crate) outside: bool,
}

/// A file, read and parsed as its path suggests.
pub(crate) struct Read {
    /// Its path inside the crate.
    within: String,
    /// Its text, or why it could not be read.
    text: Result<String, String>,
    parsed: Result<SourceFile, Problem>,
    /// Code of this area brings it in by `include!`, so that it may be no more than a part of a file.
    part_of: Option<Area>,
}

impl Read {
    pub(crate) fn of(dir: &str, within: String, text: Result<String, String>) -> Self {
        let parsed = parse(&inside(dir, &within), &text, Reading::of(&within));
        Self { within, text, parsed, part_of: None }
    }

    /// The same for what `include!` brings in.
    pub(crate) fn included(dir: &str, within: String, text: Result<String, String>, by: Area) -> Self {
        Self { part_of: Some(by), ..Self::of(dir, within, text) }
    }

    /// The files inside the crate that it brings in as code, with its own area.
    pub(crate) fn includes(&self) -> Vec<(String, Area)> {
        let Ok(file) = &self.parsed else { return Vec::new() };
        let area = self.part_of.unwrap_or(file.area);
        let inside = |fact: &IncludeFact| {
            let folder = if fact.from_root { "" } else { parent(&self.within) };
            join(folder, fact.path.trim_start_matches(if fact.from_root { "/" } else { "" }))
        };
        let code = file.facts.includes.iter().filter(|fact| fact.code);
        let paths = code.filter_map(inside).filter(|path| !path.is_empty() && !path.starts_with(".."));
        paths.map(|path| (path, area)).collect()
    }

    pub(crate) fn within(&self) -> &str {
        &self.within
    }
}

/// Makes a crate of texts by their paths inside it.
pub(crate) fn member(
    dir: &str,
    manifest: &str,
    resolved: &dyn Fn(&Entry) -> Option<Resolved>,
    files: Vec<(String, Result<String, String>)>,
) -> Made {
    let files = files.into_iter().map(|(within, text)| Read::of(dir, within, text)).collect();
    assemble(dir, manifest, resolved, files)
}

/// Makes a crate. `resolved` gives what Cargo knows of a manifest entry.
pub(crate) fn assemble(
    dir: &str,
    manifest: &str,
    resolved: &dyn Fn(&Entry) -> Option<Resolved>,
    files: Vec<Read>,
) -> Made {
    let manifest = match Manifest::parse(manifest) {
        Ok(manifest) => manifest,
        Err(error) => {
            let place = Place::file(inside(dir, "Cargo.toml"));
            let message = format!("does not parse: {}", one_line(&error.0));
            return Made { member: None, problems: vec![Problem { place, message }] };
        }
    };
    let loose = is_loose(&manifest, &files);
    let dependencies = manifest.entries.iter().map(|entry| dependency(entry, resolved)).collect();
    let name = manifest.name.clone();
    let mut member =
        Crate { name, dir: dir.to_owned(), manifest, dependencies, files: Vec::new(), broken: Vec::new() };
    let mut texts = HashMap::new();
    let mut problems = Vec::new();
    for Read { within, text, parsed, part_of } in files {
        let path = inside(dir, &within);
        let usual = Reading::of(&within);
        let is_part = part_of.is_some();
        let area = part_of.unwrap_or_else(|| area(&member.manifest, &within));
        let reading = Reading { loose: loose || is_part, area, ..usual.clone() };
        let again = reading.area != usual.area || (reading.loose && parsed.is_err());
        match if again { parse(&path, &text, reading.clone()) } else { parsed } {
            Ok(file) => member.files.push(file),
            Err(problem) => {
                let text = text.as_deref().unwrap_or_default();
                member.broken.push(SourceFile::broken(&path, text, reading));
                problems.push(problem);
            }
        }
        texts.insert(path, text);
    }
    settle(&mut member, &texts, loose);
    Made { member: Some(member), problems }
}

impl Made {
    /// Leaves out what no target reaches outside `src`: fixtures, snippets that must not compile, templates.
    pub(crate) fn without_data(mut self) -> Self {
        let Some(member) = &mut self.member else { return self };
        let reached = Reached::of([&*member]);
        member.files.retain(|file| file.area == Area::Src || reached.holds(&file.path));
        self.problems.retain(|problem| {
            let path = &problem.place.file;
            let is_code = |within| area(&member.manifest, within) == Area::Src;
            reached.holds(path) || within(&member.dir, path).is_none_or(is_code)
        });
        self
    }
}

/// Puts each file where its crate's `mod` items put it.
fn settle(member: &mut Crate, texts: &HashMap<String, Result<String, String>>, loose: bool) {
    let reached = Reached::of([&*member]);
    for file in member.files.iter_mut().filter(|file| file.area == Area::Src) {
        let Some(module) = reached.moved(&file.path, &file.module) else { continue };
        let loose = loose || !file.path.ends_with(".rs");
        let reading = Reading { area: Area::Src, module: module.to_vec(), loose };
        let Some(text) = texts.get(&file.path) else { continue };
        if let Ok(moved) = parse(&file.path, text, reading) {
            *file = moved;
        }
    }
}

fn parse(path: &str, text: &Result<String, String>, reading: Reading) -> Result<SourceFile, Problem> {
    let refused = |(at, why): (Position, String)| Problem {
        place: Place::at(path, at.line, at.column),
        message: one_line(&format!("does not parse: {why}")),
    };
    match text {
        Ok(text) => SourceFile::parse_as(path, text, reading).map_err(refused),
        Err(why) => {
            Err(Problem { place: Place::file(path), message: one_line(&format!("cannot be read: {why}")) })
        }
    }
}

/// `src/`, or the folder in which the manifest puts a library or binary.
fn area(manifest: &Manifest, within: &str) -> Area {
    let code = manifest.targets.iter().filter(|target| matches!(target.kind, "lib" | "bin"));
    let mut folders = code.map(|target| Path::new(&target.path).parent().unwrap_or(Path::new("")));
    let usual = Reading::of(within).area;
    match usual {
        Area::Other if within != "build.rs" && folders.any(|folder| holds(folder, within)) => Area::Src,
        usual => usual,
    }
}

/// The package's own folder holds what no other area does.
fn holds(folder: &Path, within: &str) -> bool {
    let other = ["tests/", "benches/", "examples/"].iter().any(|area| within.starts_with(area));
    !other && Path::new(within).starts_with(folder)
}

/// Whether the crate may hold syntax that `syn` does not know: of the first edition, or behind a feature gate.
fn is_loose(manifest: &Manifest, files: &[Read]) -> bool {
    let gated = |text: &str| text.lines().any(|line| line.starts_with("#![") && line.contains("feature("));
    let is_root = |within: &str| {
        let given = manifest.targets.iter().any(|target| target.path == within);
        given || within.ends_with("/lib.rs") || within.ends_with("/main.rs")
    };
    let mut roots = files.iter().filter(|file| is_root(&file.within));
    manifest.edition.as_deref() == Some("2015")
        || roots.any(|file| file.text.as_ref().is_ok_and(|text| gated(text)))
}

fn dependency(entry: &Entry, resolved: &dyn Fn(&Entry) -> Option<Resolved>) -> Dependency {
    let written = || Resolved {
        package: entry.package.clone().unwrap_or_else(|| entry.key.clone()),
        outside: entry.outside,
    };
    let Resolved { package, outside } = resolved(entry).unwrap_or_else(written);
    Dependency { package, key: entry.key.clone(), kind: entry.kind, outside, line: entry.line }
}

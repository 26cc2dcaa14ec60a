//! Puts a file into a workspace that was read, or builds one from nothing, in memory: for examples and self-tests.

use std::path::Path;

use crate::finding::Place;
use crate::load::{Made, member};
use crate::names::lookup::Tables;
use crate::source::{Reading, SourceFile};
use crate::workspace::{Crate, Problem, Workspace, within};

impl Workspace {
    /// Adds a file, or puts it in the place of the one at that path. A `Cargo.toml` makes or changes a member, a `.rs`
    /// file goes to the member whose folder holds it (`crates/<name>` is made where there is none), anything else is a
    /// document.
    pub fn plant(&mut self, path: &str, text: &str) {
        self.tables = Tables::default();
        let path = path.trim_start_matches("./");
        if path == "Cargo.toml" && text.contains("[package]") {
            self.plant_manifest(".", text);
        } else if let Some(dir) = path.strip_suffix("/Cargo.toml") {
            self.plant_manifest(dir, text);
        } else if path.ends_with(".rs") {
            self.plant_source(path, text);
        } else {
            self.documents.insert(path.to_owned(), text.to_owned());
        }
    }

    /// Turns the order of members and of their files by so many places: what an audit finds does not depend on it.
    pub fn turn(&mut self, places: usize) {
        self.tables = Tables::default();
        let by = places.min(self.crates.len());
        self.crates.rotate_left(by);
        for member in &mut self.crates {
            let by = places.min(member.files.len());
            member.files.reverse();
            member.files.rotate_left(by);
        }
    }

    fn plant_manifest(&mut self, dir: &str, text: &str) {
        let (files, broken) = match self.crates.iter().position(|member| member.dir == dir) {
            Some(at) => {
                let Crate { files, broken, .. } = self.crates.remove(at);
                (files, broken)
            }
            None => Default::default(),
        };
        let Made { member, problems } = member(dir, text, &|_| None, Vec::new());
        self.problems.extend(problems);
        self.crates.extend(member.map(|member| Crate { files, broken, ..member }));
        self.crates.sort_by(|a, b| a.name.cmp(&b.name));
        self.note_folders(dir);
    }

    fn plant_source(&mut self, path: &str, text: &str) {
        if self.holder(path).is_none() {
            let name = path.split('/').nth(1).unwrap_or("a");
            let manifest = format!("[package]\nname = \"{name}\"\n[lints]\nworkspace = true\n");
            self.plant_manifest(&format!("crates/{name}"), &manifest);
        }
        let Some(holder) = self.holder(path) else { return };
        let member = &mut self.crates[holder];
        let Some(within) = within(&member.dir, path).map(str::to_owned) else { return };
        member.files.retain(|file| file.path != path);
        member.broken.retain(|file| file.path != path);
        match SourceFile::parse(path, &within, text) {
            Ok(file) => member.files.push(file),
            Err((at, why)) => {
                member.broken.push(SourceFile::broken(path, text, Reading::of(&within)));
                let place = Place::at(path, at.line, at.column);
                self.problems.push(Problem { place, message: format!("does not parse: {why}") });
            }
        }
        member.files.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// Where among the members the one stands whose folder holds this path, the deepest if several do.
    pub(crate) fn holder(&self, path: &str) -> Option<usize> {
        let holding = self.crates.iter().enumerate().filter(|(_, member)| member.within(path).is_some());
        let depth = |member: &Crate| if member.dir == "." { 0 } else { member.dir.len() };
        holding.max_by_key(|(_, member)| depth(member)).map(|(at, _)| at)
    }

    fn note_folders(&mut self, dir: &str) {
        let folders = Path::new(dir).ancestors().map(|folder| folder.to_string_lossy().into_owned());
        self.folders.extend(folders.filter(|folder| !folder.is_empty()));
        self.folders.sort();
        self.folders.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_find_their_member_and_replace_each_other() {
        let mut workspace = Workspace::default();
        workspace.plant("crates/a/src/lib.rs", "fn one() {}");
        workspace.plant("crates/a/Cargo.toml", "[package]\nname = \"b\"\n[dependencies]\nc = \"1\"\n");
        workspace.plant("crates/a/src/lib.rs", "fn two() {}");
        workspace.plant("notes/a.md", "text");
        let [member] = workspace.crates.as_slice() else { panic!("one member: {:?}", workspace.crates) };
        assert_eq!((member.name.as_str(), member.files.len(), member.dependencies.len()), ("b", 1, 1));
        assert_eq!(member.files[0].facts.functions[0].name, "two");
        assert_eq!(workspace.folders, ["crates", "crates/a"]);
        assert_eq!(workspace.documents["notes/a.md"], "text");
        workspace.plant("crates/a/src/m.rs", "fn broken(");
        assert_eq!(workspace.problems.len(), 1);
    }
}

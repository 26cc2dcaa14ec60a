//! A source file reduced to the facts that rules need, so that no syntax tree outlives its parse.

mod attributes;
mod calls;
mod collect;
mod deeds;
mod items;
mod mods;
mod named;
mod pairs;
mod parts;
mod shown;
mod tokens;
mod types;

use std::path::Path;

pub(crate) use calls::{Call, Handed, MacroCall, MacroRow, Operand, Pair};
pub(crate) use items::{Argument, FunctionFact, ImplFact, InherentMethod, Method, TraitFact, TypeFact};
pub(crate) use mods::plain;
pub use mods::{IncludeFact, ModFact};
pub use named::Visibility;
pub(crate) use named::{Alias, NamedPath};
pub use shown::Shown;

use crate::finding::Place;

/// Where in a crate a file stands. Rules about layers read `src/` only; rules about size and naming read all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// `src/`
    Src,
    /// `tests/`
    Tests,
    /// `benches/`, `examples/`, `build.rs`
    Other,
}

/// One `.rs` file.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path relative to the workspace root, with forward slashes.
    pub path: String,
    /// Where in the crate.
    pub area: Area,
    /// Module path inside its crate: empty for the root file.
    pub module: Vec<String>,
    /// What the file says.
    pub facts: FileFacts,
}

/// A position in a file, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// What `syn` sees in one file.
#[derive(Debug, Clone, Default)]
pub struct FileFacts {
    /// Number of lines.
    pub lines: usize,
    /// The leading `//!` lines, without the marker; empty if the file does not begin with one.
    pub header: Vec<String>,
    /// Every path of two or more segments, and every leaf of every `use`.
    pub names: Vec<NamedPath>,
    /// Names of one segment that a glob or a re-export of their module may bring in: types, and functions called. Each
    /// once a module.
    pub bare: Vec<NamedPath>,
    /// What each module calls by another name.
    pub aliases: Vec<Alias>,
    /// Modules in files of their own.
    pub mods: Vec<ModFact>,
    /// Files that `include!` and its family bring in.
    pub includes: Vec<IncludeFact>,
    /// Texts in macro calls that may be paths of Rust files.
    pub texts: Vec<String>,
    /// What aliases, public fields, functions and exported macros show of others.
    pub shown: Vec<Shown>,
    /// Modules and items declared: the module, and the name in it.
    pub items: Vec<(Vec<String>, String)>,
    /// Modules under `#[cfg(test)]`.
    pub test_modules: Vec<Vec<String>>,
    /// Traits.
    pub traits: Vec<TraitFact>,
    /// Structs, enums and unions.
    pub types: Vec<TypeFact>,
    /// Methods of inherent `impl` blocks.
    pub methods: Vec<InherentMethod>,
    /// Functions with a body.
    pub functions: Vec<FunctionFact>,
    /// Number of functions, types, traits, constants and statics that are plain `pub`, outside of tests.
    pub public_items: usize,
    /// Calls of methods and of functions by path.
    pub calls: Vec<Call>,
    /// Functions of types as values.
    pub handed: Vec<Handed>,
    /// Macros called, in items, statements and expressions.
    pub macros: Vec<MacroCall>,
    /// Every `unsafe`: of blocks, functions, impls, traits, `extern` and attributes, and in macro calls.
    pub unsafes: Vec<Spot>,
    /// Implementations of traits.
    pub impls: Vec<ImplFact>,
}

/// A place in a file.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    /// It stands in a test.
    pub in_test: bool,
    /// Where.
    pub at: Position,
}

impl SourceFile {
    /// A position in this file.
    pub(crate) fn place(&self, at: Position) -> Place {
        Place::at(&self.path, at.line, at.column)
    }

    /// Parses a file. `path` is relative to the workspace root, `within` to the crate's folder.
    /// The error says where and why the file does not parse.
    pub fn parse(path: &str, within: &str, text: &str) -> Result<Self, (Position, String)> {
        Self::parse_as(path, text, Reading::of(within))
    }

    /// The same, where the caller knows better what the file is.
    pub(crate) fn parse_as(path: &str, text: &str, reading: Reading) -> Result<Self, (Position, String)> {
        let Reading { area, module, loose } = reading;
        let parts = parts::parts(text, loose)?;
        let facts = collect::facts(text, &parts, &module, area != Area::Src);
        Ok(Self { path: path.to_owned(), area, module, facts })
    }

    /// A file that does not parse: no facts but what it brings in, so that it hides no other file.
    pub(crate) fn broken(path: &str, text: &str, reading: Reading) -> Self {
        let Reading { area, module, .. } = reading;
        let inside = mods::Inside { module: module.clone(), ..mods::Inside::default() };
        let mods::Brought { mods, includes, texts } = mods::in_broken(text, &inside);
        let facts = FileFacts { mods, includes, texts, ..FileFacts::default() };
        Self { path: path.to_owned(), area, module, facts }
    }
}

/// How to read a file.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) area: Area,
    /// The module that it holds.
    pub(crate) module: Vec<String>,
    /// Of items that `syn` does not know, the tokens will do.
    pub(crate) loose: bool,
}

impl Reading {
    /// What the path inside the crate says.
    pub(crate) fn of(within: &str) -> Self {
        Self { area: area_of(within), module: module_of(within), loose: false }
    }
}

fn area_of(within: &str) -> Area {
    match within.split('/').next() {
        Some("src") => Area::Src,
        Some("tests") => Area::Tests,
        _ => Area::Other,
    }
}

/// `src/a/b.rs` and `src/a/b/mod.rs` are module `a::b`; a root file and each file of `src/bin` is a root.
fn module_of(within: &str) -> Vec<String> {
    let path = Path::new(within).with_extension("");
    let mut parts: Vec<String> =
        path.iter().skip(1).map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.first().is_some_and(|first| first == "bin") {
        parts.drain(..parts.len().min(2));
    }
    let is_root = parts.len() == 1 && (parts[0] == "lib" || parts[0] == "main");
    if is_root || parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

#[cfg(test)]
mod tests;

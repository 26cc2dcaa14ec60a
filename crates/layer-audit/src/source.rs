//! A source file reduced to the facts that rules need, so that no syntax tree outlives its parse.

mod collect;
mod deeds;
mod mods;
mod pairs;
mod parts;
mod shown;
mod tokens;
mod types;

use std::path::Path;

pub(crate) use mods::plain;
pub use mods::{IncludeFact, ModFact};
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
    /// What each module calls by another name.
    pub aliases: Vec<Alias>,
    /// Modules in files of their own.
    pub mods: Vec<ModFact>,
    /// Files that `include!` and its family bring in.
    pub includes: Vec<IncludeFact>,
    /// What aliases and public fields show of other types.
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
    /// Macros called, in items, statements and expressions.
    pub macros: Vec<MacroCall>,
    /// `unsafe` blocks, functions, impls and traits.
    pub unsafes: Vec<Spot>,
    /// Implementations of traits.
    pub impls: Vec<ImplFact>,
}

/// A call: `receiver.name::<types>(arguments)` or `receiver::name::<types>(arguments)`.
#[derive(Debug, Clone)]
pub struct Call {
    /// Method, or last segment of the function's path.
    pub name: String,
    /// It is a method call.
    pub method: bool,
    /// The path before the name, or the last name in the receiver: `self.database` gives `database`.
    pub receiver: Vec<String>,
    /// Paths among the generic arguments of the name.
    pub types: Vec<Vec<String>>,
    /// Arguments: a path as its segments, a string as its text, anything else as nothing.
    pub arguments: Vec<Operand>,
    /// The module that it stands in.
    pub module: Vec<String>,
    /// It stands in a test.
    pub in_test: bool,
    /// Where the name stands.
    pub at: Position,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A path.
    Path(Vec<String>),
    /// A string literal.
    Text(String),
    /// Anything else.
    Other,
}

/// A macro call.
#[derive(Debug, Clone)]
pub struct MacroCall {
    /// Last segment of its path.
    pub name: String,
    /// The rows of its body, split at each `;` outside of inner brackets. Empty where it stands in an expression.
    pub rows: Vec<MacroRow>,
    /// `Name = "text"` at any depth of its body. Empty where it stands in an expression.
    pub pairs: Vec<Pair>,
    /// The module that it stands in.
    pub module: Vec<String>,
    /// It stands in a test.
    pub in_test: bool,
    /// Where.
    pub at: Position,
}

/// A row of a macro's body: what declares operations, codes and the like.
#[derive(Debug, Clone, Default)]
pub struct MacroRow {
    /// Identifiers in order, inner brackets left out.
    pub idents: Vec<String>,
    /// String literals in order.
    pub texts: Vec<String>,
    /// Lines of `///` before it.
    pub docs: Vec<String>,
    /// Line of its first token; 0 if it is empty.
    pub line: usize,
}

/// `Name = "text"` in a macro's body: a code, an event, a variant with its spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The text.
    pub text: String,
    /// The line of `///` before it, if there is one.
    pub doc: String,
    /// Where the name stands.
    pub at: Position,
}

/// A place in a file.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    /// It stands in a test.
    pub in_test: bool,
    /// Where.
    pub at: Position,
}

/// `impl Trait for Type`.
#[derive(Debug, Clone)]
pub struct ImplFact {
    /// The trait's path as written.
    pub of_trait: Vec<String>,
    /// Last segment of the type.
    pub for_type: String,
    /// Its functions.
    pub functions: Vec<String>,
    /// Its constants that are a string, or the last segment of a path.
    pub constants: Vec<(String, String)>,
    /// The module that it stands in.
    pub module: Vec<String>,
    /// It stands in a test.
    pub in_test: bool,
    /// Where.
    pub at: Position,
}

/// A path as written. Segments are not resolved yet.
#[derive(Debug, Clone)]
pub struct NamedPath {
    /// The module that it stands in.
    pub module: Vec<String>,
    /// Segments as written, without a leading `::`.
    pub segments: Vec<String>,
    /// It began with `::`, so its first segment is a crate.
    pub absolute: bool,
    /// It is a leaf of a `use`.
    pub import: bool,
    /// It ends in `*`, which is not among the segments.
    pub glob: bool,
    /// It stands in a test.
    pub in_test: bool,
    /// Where.
    pub at: Position,
}

/// `use a::b as c`, `extern crate a as c`, `mod c`: the module calls `target` by `name`. A glob has no name.
#[derive(Debug, Clone)]
pub struct Alias {
    /// The module that says so.
    pub module: Vec<String>,
    /// The name; `None` for a glob.
    pub name: Option<String>,
    /// Segments as written.
    pub target: Vec<String>,
    /// The target began with `::`.
    pub absolute: bool,
    /// Who may use the name.
    pub visibility: Visibility,
}

/// Who may name an item. Each sees what the ones before see, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Visibility {
    /// The module and those inside it.
    Private,
    /// Some or all of the crate: `pub(crate)` and the like.
    Restricted,
    /// Everybody: plain `pub`.
    Public,
}

/// A trait.
#[derive(Debug, Clone)]
pub struct TraitFact {
    /// Its name.
    pub name: String,
    /// The module that declares it.
    pub module: Vec<String>,
    /// It carries `#[async_trait]`.
    pub async_trait: bool,
    /// Its methods, without associated types and constants.
    pub methods: Vec<Method>,
    /// It stands in a test.
    pub in_test: bool,
    /// Where.
    pub at: Position,
}

/// A struct, enum or union.
#[derive(Debug, Clone)]
pub struct TypeFact {
    /// Its name.
    pub name: String,
    /// The module that declares it.
    pub module: Vec<String>,
    /// It is plain `pub`.
    pub public: bool,
    /// Texts in its attributes: last segment of the attribute's path, key, text.
    pub attributes: Vec<(String, String, String)>,
    /// It stands in a test.
    pub in_test: bool,
    /// Where.
    pub at: Position,
}

/// A method of an inherent `impl`.
#[derive(Debug, Clone)]
pub struct InherentMethod {
    /// The type, without its path.
    pub of: String,
    /// It is plain `pub`.
    pub public: bool,
    /// The method.
    pub method: Method,
}

/// A method's signature, as far as rules read it.
#[derive(Debug, Clone)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// `async fn`.
    pub is_async: bool,
    /// Arguments after the receiver.
    pub arguments: Vec<Argument>,
    /// Where.
    pub at: Position,
}

/// An argument.
#[derive(Debug, Clone)]
pub struct Argument {
    /// `name: Type`, the type without lifetimes and path prefixes, generics left out.
    pub text: String,
    /// Every identifier in the type.
    pub names: Vec<String>,
}

/// A function with a body.
#[derive(Debug, Clone)]
pub struct FunctionFact {
    /// Its name.
    pub name: String,
    /// The module that it stands in.
    pub module: Vec<String>,
    /// The type whose `impl` holds it, or the trait; nothing for a free function.
    pub owner: Option<String>,
    /// It is plain `pub`.
    pub public: bool,
    /// It implements or provides a method of a trait.
    pub of_trait: bool,
    /// Its whole body is one call that hands on its own parameters, in order and unchanged.
    pub passes_through: bool,
    /// Its body is empty, or `Ok(())`.
    pub does_nothing: bool,
    /// From the `fn` line to the closing brace.
    pub lines: usize,
    /// It is a test or stands in one.
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

//! What code names: paths as they are written, and what modules call by another name.

use super::Position;

/// A path as written. Segments are not resolved yet.
#[derive(Debug, Clone)]
pub struct NamedPath {
    /// The module that it stands in.
    pub module: Vec<String>,
    /// Segments as written, without a leading `::`. `Self` and `<Type>` are the type that they stand for.
    pub segments: Vec<String>,
    /// It began with `::`, so its first segment is a crate.
    pub absolute: bool,
    /// It is a leaf of a `use`.
    pub import: bool,
    /// It ends in `*`, which is not among the segments.
    pub glob: bool,
    /// So many of its segments stand elsewhere in the file as a name of their own: the type behind `Self`.
    pub told: usize,
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

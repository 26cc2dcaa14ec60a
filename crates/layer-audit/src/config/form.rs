//! How files look: headers, sizes, names.

use serde::Deserialize;

/// What a file must begin with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Headers {
    /// Labels that begin a line in the header of each crate's root file: that of its library, or of a binary where there is
    /// none. Of other files they are not asked.
    pub root_labels: Vec<String>,
    /// Tests, benches, examples and build scripts have a header too.
    #[serde(default)]
    pub outside_src: bool,
}

/// Limits in lines, and in names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Per file, at most.
    pub file_lines: usize,
    /// Per function outside tests, at most.
    pub function_lines: usize,
    /// Per module with all below it, tests left out, at most.
    pub module_lines: Option<usize>,
    /// Public items per file, at most; methods, fields and variants are not counted.
    pub public_items: Option<usize>,
}

/// Names that say nothing, or say again what the place says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Naming {
    /// Names without extension; of folders too.
    #[serde(default)]
    pub banned_files: Vec<String>,
    /// Words in names of types, traits and modules, in any case: `Service` is in `LogService` and in `log_service`.
    #[serde(default)]
    pub banned_words: Vec<String>,
    /// Ends of file names that only repeat the role of what is inside: `_engine`.
    #[serde(default)]
    pub banned_suffixes: Vec<String>,
    /// Ends of type names that say what a type is for, and where such types stand.
    #[serde(default, rename = "role")]
    pub roles: Vec<Role>,
}

/// Types and traits whose names end so stand in some members only.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// End of the name, after at least one other word.
    pub suffix: String,
    /// The members.
    pub crates: Vec<String>,
    /// Reason.
    pub because: String,
}

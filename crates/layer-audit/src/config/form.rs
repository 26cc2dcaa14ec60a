//! How files look: headers, sizes, names.

use serde::Deserialize;

/// What a file must begin with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Headers {
    /// Labels that begin a line in the header of each crate's root file.
    pub root_labels: Vec<String>,
}

/// Limits in lines.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Per file, at most.
    pub file_lines: usize,
    /// Per function outside tests, at most.
    pub function_lines: usize,
}

/// File names that say nothing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Naming {
    /// Names without extension; of folders too.
    pub banned_files: Vec<String>,
}

//! What code may not say, whatever it is about.

use serde::Deserialize;

/// Bans. What is absent is not looked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Whether `unsafe` may be written.
    #[serde(default, rename = "unsafe")]
    pub unsafety: Unsafety,
    /// Macros that panic, without `!`.
    #[serde(default)]
    pub panic_macros: Vec<String>,
    /// Methods without arguments that panic.
    #[serde(default)]
    pub panic_methods: Vec<String>,
    /// Macros that print, without `!`.
    #[serde(default)]
    pub print_macros: Vec<String>,
    /// Members in which functions that only hand on are pointed out.
    #[serde(default)]
    pub pass_through: Vec<String>,
    /// Where a ban does not hold.
    #[serde(default)]
    pub exempt: Vec<CodeExempt>,
}

/// Whether `unsafe` may be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsafety {
    /// It may.
    #[default]
    Allow,
    /// It may not.
    Forbid,
}

/// A file or folder where a ban does not hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeExempt {
    /// The ban.
    pub from: Ban,
    /// The file, or a folder and all below it, relative to the workspace root.
    pub path: String,
    /// The function, for `pass_through`; all in `path` if absent.
    pub function: Option<String>,
    /// Reason.
    pub because: String,
}

/// One of the bans of `[code]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ban {
    /// `unsafe`.
    Unsafe,
    /// `panic_macros` and `panic_methods`.
    Panic,
    /// `print_macros`.
    Print,
    /// `pass_through`.
    PassThrough,
}

/// Migrations, and that they can be undone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Migrations {
    /// Members that hold them.
    pub crates: Vec<String>,
    /// The trait that a migration implements.
    #[serde(rename = "trait")]
    pub of_trait: String,
    /// Its method that undoes.
    pub down: String,
    /// Label of the header line that says why there is no way back.
    pub label: String,
}

//! Crates, layers, and who may use whom.

use serde::Deserialize;

/// A layer. It lists its crates, or each crate's own entry names it. Layers are listed outermost first.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Short id, unique.
    pub id: String,
    /// What stands there.
    #[serde(default)]
    pub name: String,
    /// Its members; `x-*` is all that begin so.
    #[serde(default)]
    pub crates: Vec<String>,
    /// Layers that its crates may use besides their own; `*` is any. If absent, every layer below.
    pub uses: Option<Vec<String>>,
    /// How its crates stand to each other; if absent, they may use each other.
    pub siblings: Option<Siblings>,
    /// Packages from outside that its crates may depend on; any if absent.
    pub externals: Option<Externals>,
}

/// How the crates of one layer stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Siblings {
    /// None depends on another.
    Independent,
}

/// Packages from outside that a layer's crates may name as normal or build dependencies.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Externals {
    /// Package names; `hyper*` stands for all that begin so.
    pub allow: Vec<String>,
    /// Reason.
    pub because: String,
}

/// A member and what it may depend on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Package name.
    pub name: String,
    /// Id of its layer.
    pub layer: String,
    /// Members for normal and build dependencies; `*` is any.
    #[serde(default)]
    pub may_use: Vec<String>,
    /// Further members for dev-dependencies.
    #[serde(default)]
    pub dev: Vec<String>,
}

/// What every member may use in tests, and only there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tests {
    /// Members that any member may take as a dev-dependency.
    pub crates: Vec<String>,
    /// Externals that may be dev-dependencies only.
    #[serde(default)]
    pub externals: Vec<String>,
    /// Members that are tests themselves, and may name these externals as normal dependencies.
    #[serde(default)]
    pub exempt: Vec<String>,
}

/// A member that nothing depends on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Never {
    /// The member.
    #[serde(rename = "crate")]
    pub name: String,
    /// Members that may all the same.
    #[serde(default)]
    pub except: Vec<String>,
    /// Reason.
    pub because: String,
}

/// Ways through the graph that must not be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unreachable {
    /// Members at the start.
    pub from: Vec<String>,
    /// Members or externals at the end; `hyper*` stands for all that begin so.
    pub to: Vec<String>,
    /// Reason.
    pub because: String,
}

/// Externals of some members only.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusive {
    /// Package names; `hyper*` stands for all that begin so.
    pub externals: Vec<String>,
    /// Members that may depend on them in any way.
    pub only: Vec<String>,
    /// Further members that may in tests.
    #[serde(default)]
    pub dev: Vec<String>,
    /// Reason.
    pub because: String,
}

/// What each manifest must inherit from the workspace.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifests {
    /// `[lints] workspace = true`.
    pub lints: bool,
    /// `name.workspace = true` for every dependency.
    pub dependencies: bool,
}

/// Where the files of a member must stand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Modules {
    /// Every file under `src` is reached from a target.
    #[serde(default)]
    pub reached: bool,
    /// `#[path]` and `include!` stay inside the crate's folder.
    #[serde(default)]
    pub inside: bool,
    /// Files that need not be reached, and those that others may bring in from outside.
    #[serde(default)]
    pub exempt: Vec<ModuleExempt>,
}

/// Files to which the rules about modules do not apply.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleExempt {
    /// Path from the workspace root; `a/b/*` is all that begin so.
    pub file: String,
    /// Reason.
    pub because: String,
}

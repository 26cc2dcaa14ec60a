//! Crates, layers, and who may use whom.

use serde::Deserialize;

/// A layer. Its crates name it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Short id, unique.
    pub id: String,
    /// What stands there.
    pub name: String,
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

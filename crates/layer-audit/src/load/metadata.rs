//! The few lines of `cargo metadata --no-deps` that the audit needs. Format version 1.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::LoadError;
use super::member::Resolved;
use crate::manifest::{DependencyKind, Entry};

#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) packages: Vec<Package>,
    pub(super) workspace_root: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) manifest_path: String,
    dependencies: Vec<Declared>,
}

/// `name` is the package, `rename` the key where it differs, `kind` null for a normal dependency, `source` null for one
/// that is a folder.
#[derive(Debug, Deserialize)]
struct Declared {
    name: String,
    rename: Option<String>,
    kind: Option<String>,
    source: Option<String>,
}

impl Package {
    /// What a manifest entry stands for: Cargo has looked into the workspace table, but not yet into `patched`.
    pub(super) fn resolved(&self, entry: &Entry, patched: &[String]) -> Option<Resolved> {
        let same = |declared: &&Declared| {
            let key = declared.rename.as_ref().unwrap_or(&declared.name);
            *key == entry.key && declared.kind() == entry.kind
        };
        self.dependencies.iter().find(same).map(|declared| Resolved {
            package: declared.name.clone(),
            outside: declared.source.is_some() && !patched.contains(&declared.name),
        })
    }
}

impl Declared {
    fn kind(&self) -> DependencyKind {
        match self.kind.as_deref() {
            Some("dev") => DependencyKind::Dev,
            Some("build") => DependencyKind::Build,
            _ => DependencyKind::Normal,
        }
    }
}

/// Runs Cargo: the one that runs us where there is one, so that a toolchain override holds.
pub(super) fn read(root: &Path) -> Result<Metadata, LoadError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(root.join("Cargo.toml"))
        .output()
        .map_err(|error| LoadError(format!("cannot run `cargo metadata`: {error}")))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(LoadError(format!("`cargo metadata` failed: {}", why.trim())));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| LoadError(format!("`cargo metadata` gave another format than version 1: {error}")))
}

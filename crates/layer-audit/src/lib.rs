//! Checks a Cargo workspace against the layer law that its `layers.toml` states.
//!
//! Facts (manifests and what `syn` sees in each source file) go through pure rules to findings, and findings to
//! text or JSON. A rule never does I/O, so each one is proven in memory: one fixture it must report, one it must not.
//!
//! Never: a name or path of any particular workspace, a dependency on a workspace crate, or I/O outside [`mod@load`].
//! Start: [`evaluate`], then [`rules`], then any file under `src/rules/`.
//!
//! ```no_run
//! use layer_audit::{Config, Selection, evaluate, load};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let root = std::path::Path::new(".");
//! let config = Config::parse(&std::fs::read_to_string(root.join("layers.toml"))?)?;
//! let report = evaluate(&load(root, &config)?, &config, &Selection::all());
//! assert!(report.is_clean(), "{report}");
//! # Ok(())
//! # }
//! ```

mod baseline;
pub mod cli;
pub mod config;
mod cores;
mod day;
pub mod draw;
mod evaluate;
mod example;
mod finding;
mod fingerprint;
mod graph;
mod home;
mod importers;
mod init;
pub mod inventory;
mod layers;
pub mod literature;
pub mod load;
mod manifest;
mod markers;
mod mend;
mod modules;
mod names;
mod plant;
mod render;
mod report;
pub mod rules;
pub mod self_test;
pub mod site;
mod source;
mod terms;
mod tombstones;
mod workspace;

#[cfg(test)]
mod fixture;

pub use baseline::{Baseline, BaselineError};
pub use config::{Config, ConfigError};
pub use day::{Day, DayError};
pub use evaluate::{Selection, UnknownRule, evaluate};
pub use example::{Example, Verdict};
pub use finding::{Finding, Place, Severity, Standing};
pub use fingerprint::fingerprints;
pub use graph::{Edge, edges};
pub use home::Home;
pub use init::init;
pub use load::{LoadError, load};
pub use manifest::{DependencyKind, Entry, Manifest, ManifestError, Target};
pub use mend::{Left, Mend, Mends, Shrunk, first_baseline, mends, update_baseline};
pub use render::{Account, Format, Row, Summary};
pub use report::{Exit, Report, Tally};
pub use rules::{Checked, Rule};
pub use source::{Area, FileFacts, IncludeFact, ModFact, Shown, SourceFile, Visibility};
pub use tombstones::{Collapse, Fate, Tombstone, collapse, tombstones};
pub use workspace::{Crate, Dependency, Problem, Workspace};

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
//! assert!(report.is_clean(), "{}", report.text(0));
//! # Ok(())
//! # }
//! ```

mod baseline;
pub mod config;
mod day;
mod evaluate;
mod example;
mod finding;
mod graph;
pub mod load;
mod manifest;
mod names;
mod plant;
mod report;
pub mod rules;
mod source;
mod terms;
mod workspace;

#[cfg(test)]
mod fixture;

pub use baseline::{Baseline, BaselineError};
pub use config::{Config, ConfigError};
pub use day::{Day, DayError};
pub use evaluate::{Selection, UnknownRule, evaluate};
pub use example::{Example, Verdict};
pub use finding::{Finding, Place, Severity, Standing};
pub use graph::{Edge, edges};
pub use load::{LoadError, load};
pub use manifest::{DependencyKind, Entry, Manifest, ManifestError};
pub use report::{Exit, Report};
pub use rules::{Checked, Rule};
pub use source::{Area, FileFacts, SourceFile};
pub use workspace::{Crate, Dependency, Problem, Workspace};

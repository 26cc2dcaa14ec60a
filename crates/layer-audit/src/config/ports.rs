//! Ports and bridges.

use serde::Deserialize;

use super::Conformance;

/// Traits in modules of these names are ports.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ports {
    /// Members that hold them.
    pub crates: Vec<String>,
    /// Names of the modules that hold them, at any depth.
    pub modules: Vec<String>,
    /// Methods per port, at most.
    pub max_methods: usize,
    /// First argument after `self`, as `name: Type` without lifetimes and path.
    pub first_argument: Option<String>,
    /// Ports and methods without that argument.
    #[serde(default)]
    pub exempt: Vec<PortExempt>,
    /// Suites that every implementation runs.
    pub conformance: Option<Conformance>,
}

/// Methods of a port that need no tenant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortExempt {
    /// The trait.
    pub port: String,
    /// Its methods; empty means all.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Reason.
    pub because: String,
}

/// Types of one suffix are bridges.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bridges {
    /// Members that hold them.
    pub crates: Vec<String>,
    /// Suffix of their names.
    pub suffix: String,
    /// Methods that code outside the bridge's own file may call, at most; what makes a bridge is not counted.
    pub max_methods: usize,
    /// A constructor; so is every function without receiver that returns `Self` or the type.
    pub constructor: String,
    /// Types that a constructor must not take.
    pub refuses: Vec<String>,
    /// Members, or modules of members as in `spine::handlers`, that may name a bridge; anybody if absent.
    pub used_by: Option<Vec<String>>,
}

//! How the audit of this workspace is put to the test.

use serde::Deserialize;

/// Violations that are planted here in memory, one for each rule at least.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelfTest {
    /// The file that holds them, relative to the workspace root.
    pub plants: String,
    /// Rules without a plant.
    #[serde(default)]
    pub exempt: Vec<Unplanted>,
}

/// A rule without a plant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unplanted {
    /// Its id.
    pub rule: String,
    /// Reason.
    pub because: String,
}

//! `layers.toml`: the law as data. Strict: an unknown key or an empty reason is an error, not a silent gap.
//!
//! A rule whose section is absent is off, and the closing line counts one rule fewer.

mod allowances;
mod form;
mod graph;
mod names;
mod ports;

use std::fmt;

use serde::Deserialize;

pub use allowances::*;
pub use form::*;
pub use graph::*;
pub use names::*;
pub use ports::*;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Format of this file; 1.
    pub schema: u32,
    /// Folders that must hold members.
    pub roots: Option<Vec<String>>,
    /// Layers, outermost first.
    #[serde(default, rename = "layer")]
    pub layers: Vec<Layer>,
    /// Every member, once.
    #[serde(default, rename = "crate")]
    pub crates: Vec<Member>,
    /// What tests may use.
    pub tests: Option<Tests>,
    /// Members that nothing may depend on.
    #[serde(default)]
    pub never: Vec<Never>,
    /// Members and externals that others must not reach by any way.
    #[serde(default)]
    pub unreachable: Vec<Unreachable>,
    /// Externals that only some members may name.
    #[serde(default)]
    pub exclusive: Vec<Exclusive>,
    /// Members that may not name I/O, clocks and the like.
    #[serde(default)]
    pub pure: Vec<Pure>,
    /// Domains, and where they must keep apart.
    pub domains: Option<Domains>,
    /// Port traits.
    pub ports: Option<Ports>,
    /// Bridge types.
    pub bridges: Option<Bridges>,
    /// Header contract.
    pub headers: Option<Headers>,
    /// File and function sizes.
    pub sizes: Option<Sizes>,
    /// File names.
    pub naming: Option<Naming>,
    /// What each manifest must inherit.
    pub manifests: Option<Manifests>,
    /// Findings that are allowed for a while.
    #[serde(default, rename = "allow")]
    pub allowances: Vec<Allow>,
    /// Findings that were there before the audit.
    pub baseline: Option<BaselineFile>,
}

/// A configuration that cannot be used. The message names the key and the line.
#[derive(Debug)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the text of a `layers.toml`.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError(error.to_string()))?;
        if config.schema != 1 {
            let message = format!("schema = {}: this audit reads schema 1", config.schema);
            return Err(ConfigError(message));
        }
        config.reasons_are_given()?;
        Ok(config)
    }

    /// Files and folders besides manifests and sources that rules read: relative to the workspace root.
    pub fn documents(&self) -> Vec<&str> {
        self.baseline.iter().map(|baseline| baseline.file.as_str()).collect()
    }

    fn reasons_are_given(&self) -> Result<(), ConfigError> {
        let shared = self.domains.iter().flat_map(|domains| &domains.shared);
        let exempt = self.ports.iter().flat_map(|ports| &ports.exempt);
        let reasons = (self.never.iter().map(|entry| ("never", &entry.because)))
            .chain(self.unreachable.iter().map(|entry| ("unreachable", &entry.because)))
            .chain(self.exclusive.iter().map(|entry| ("exclusive", &entry.because)))
            .chain(self.pure.iter().map(|entry| ("pure", &entry.because)))
            .chain(shared.map(|entry| ("domains.shared", &entry.because)))
            .chain(exempt.map(|entry| ("ports.exempt", &entry.because)))
            .chain(self.allowances.iter().map(|entry| ("allow", &entry.reason)))
            .chain(self.allowances.iter().map(|entry| ("allow", &entry.owner)));
        for (section, because) in reasons {
            if because.trim().is_empty() {
                return Err(ConfigError(format!("[[{section}]]: a reason or owner is empty; give it")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_refused() {
        let cases = [
            ("", "schema"),
            ("schema = 2", "reads schema 1"),
            ("schema = 1\ncolour = 1", "colour"),
            ("schema = 1\n[[never]]\ncrate = \"a\"\nbecause = \" \"", "give it"),
            ("schema = 1\n[[exclusive]]\nexternals = []\nonly = []", "because"),
        ];
        for (text, expected) in cases {
            let error = Config::parse(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(Config::parse("schema = 1").is_ok());
    }
}

//! `layers.toml`: the law as data. Strict: an unknown key or an empty reason is an error, not a silent gap.
//!
//! A rule whose section is absent is off, and the closing line counts one rule fewer.

use std::fmt;

use serde::Deserialize;

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
}

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

/// Names that pure members must not name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pure {
    /// The members.
    pub crates: Vec<String>,
    /// Paths, with `::`; all below them is meant too.
    pub names: Vec<String>,
    /// Reason, and what to use instead.
    pub because: String,
}

/// Domains are top-level modules of the same name in several members.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domains {
    /// Members in which domains keep apart.
    pub crates: Vec<String>,
    /// The domains.
    #[serde(rename = "domain")]
    pub domains: Vec<Domain>,
    /// Top-level modules that may name any domain. All other modules that are no domain may name none.
    #[serde(default)]
    pub shared: Vec<Shared>,
}

/// A domain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// Name of its module.
    pub name: String,
    /// What others call instead of naming it.
    pub bridge: Option<String>,
}

/// Top-level modules that may name any domain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// The member.
    #[serde(rename = "crate")]
    pub name: String,
    /// The modules.
    pub modules: Vec<String>,
    /// Reason.
    pub because: String,
}

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
    /// Public methods, at most, the constructor not counted.
    pub max_methods: usize,
    /// The constructor.
    pub constructor: String,
    /// Types that it must not take.
    pub refuses: Vec<String>,
}

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

/// What each manifest must inherit from the workspace.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifests {
    /// `[lints] workspace = true`.
    pub lints: bool,
    /// `name.workspace = true` for every dependency.
    pub dependencies: bool,
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

    fn reasons_are_given(&self) -> Result<(), ConfigError> {
        let shared = self.domains.iter().flat_map(|domains| &domains.shared);
        let exempt = self.ports.iter().flat_map(|ports| &ports.exempt);
        let reasons = (self.never.iter().map(|entry| ("never", &entry.because)))
            .chain(self.unreachable.iter().map(|entry| ("unreachable", &entry.because)))
            .chain(self.exclusive.iter().map(|entry| ("exclusive", &entry.because)))
            .chain(self.pure.iter().map(|entry| ("pure", &entry.because)))
            .chain(shared.map(|entry| ("domains.shared", &entry.because)))
            .chain(exempt.map(|entry| ("ports.exempt", &entry.because)));
        for (section, because) in reasons {
            if because.trim().is_empty() {
                return Err(ConfigError(format!("[[{section}]]: `because` is empty; give the reason")));
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
            ("schema = 1\n[[never]]\ncrate = \"a\"\nbecause = \" \"", "give the reason"),
            ("schema = 1\n[[exclusive]]\nexternals = []\nonly = []", "because"),
        ];
        for (text, expected) in cases {
            let error = Config::parse(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(Config::parse("schema = 1").is_ok());
    }
}

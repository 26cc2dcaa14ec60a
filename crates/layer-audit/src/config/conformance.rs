//! Conformance suites: what every implementation of a port must do, as code.

use serde::Deserialize;

/// Public functions in these modules are suites. A suite is named as its port, in snake case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conformance {
    /// Members that hold them.
    pub crates: Vec<String>,
    /// Names of the modules that hold them, at any depth.
    pub modules: Vec<String>,
    /// Ports whose suites are named otherwise.
    #[serde(default, rename = "suite")]
    pub suites: Vec<SuiteOf>,
    /// Ports without a suite.
    #[serde(default)]
    pub exempt: Vec<PortWithoutSuite>,
    /// Implementations that their suite does not run on.
    #[serde(default)]
    pub untested: Vec<Untested>,
}

/// The suites of a port that none is named as.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuiteOf {
    /// The trait.
    pub port: String,
    /// Suites, of which each runs it.
    pub suites: Vec<String>,
    /// Reason.
    pub because: String,
}

/// A port that no suite can run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortWithoutSuite {
    /// The trait.
    pub port: String,
    /// Reason.
    pub because: String,
}

/// Implementations that need not pass a suite.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Untested {
    /// The member.
    #[serde(rename = "crate")]
    pub name: String,
    /// Modules that hold them, with `::`; all below is meant.
    #[serde(default)]
    pub modules: Vec<String>,
    /// Types.
    #[serde(default)]
    pub types: Vec<String>,
    /// Reason.
    pub because: String,
}

impl Conformance {
    /// Every reason, with its section.
    pub(super) fn reasons(&self) -> impl Iterator<Item = (&'static str, &String)> {
        (self.suites.iter().map(|entry| ("ports.conformance.suite", &entry.because)))
            .chain(self.exempt.iter().map(|entry| ("ports.conformance.exempt", &entry.because)))
            .chain(self.untested.iter().map(|entry| ("ports.conformance.untested", &entry.because)))
    }

    /// Every member that it names, with its key.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'static str, &String)> {
        (self.crates.iter().map(|name| ("[ports.conformance] crates", name)))
            .chain(self.untested.iter().map(|entry| ("[[ports.conformance.untested]]", &entry.name)))
    }
}

//! What code may name: pure crates and domains.

use serde::Deserialize;

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

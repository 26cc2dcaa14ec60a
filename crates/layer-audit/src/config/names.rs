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

/// Who ends transactions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transactions {
    /// Methods that begin or end one.
    pub methods: Vec<String>,
    /// Last name before the call: `self.database.begin()` has `database`. Any if empty.
    #[serde(default)]
    pub receivers: Vec<String>,
    /// Where these methods may be called.
    #[serde(default)]
    pub only: Vec<Owner>,
}

/// Modules of a member that may call what others may not.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The member.
    #[serde(rename = "crate")]
    pub name: String,
    /// Its modules, with `::`, and all below them; the whole member if empty.
    #[serde(default)]
    pub modules: Vec<String>,
    /// Reason.
    pub because: String,
}

/// A name that nobody may use any more, in tests either.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Abolished {
    /// A path, with `::`; all below it is meant too. `.name` is a method.
    pub name: String,
    /// What to use instead.
    #[serde(rename = "use")]
    pub instead: String,
    /// Reason.
    pub because: String,
}

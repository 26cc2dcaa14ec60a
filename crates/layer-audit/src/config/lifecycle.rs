//! Modules that live by rules of their own: shared, frozen, unfinished, or on their way out.

use serde::Deserialize;

/// Top-level modules of these members that are no domain: what they hold is shared, and says for whom.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedSchemas {
    /// The members.
    pub crates: Vec<String>,
    /// Label of the header line that lists the consumers.
    pub label: String,
    /// Consumers per module, at least.
    pub min: usize,
    /// What the list may leave out at the front of a member's name.
    #[serde(default)]
    pub prefix: String,
    /// Modules that list none.
    #[serde(default)]
    pub exempt: Vec<SharedExempt>,
}

/// A module that needs no consumers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedExempt {
    /// `member::path::to::module`.
    pub module: String,
    /// Reason.
    pub because: String,
}

/// Members that hold data and no behaviour.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vocabulary {
    /// The members.
    pub crates: Vec<String>,
    /// Functions that may stay.
    #[serde(default)]
    pub exempt: Vec<VocabularyExempt>,
}

/// A public free function that may stay.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VocabularyExempt {
    /// `member::path::to::function`.
    pub function: String,
    /// Reason.
    pub because: String,
}

/// A module that nobody may name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    /// `member::path::to::module`; the member alone is all of it.
    pub module: String,
    /// Reason.
    pub because: String,
}

/// Labels of header lines that say how a module lives. A label that is absent is not looked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Markers {
    /// The module is frozen, and why: as an entry of `[[frozen]]`.
    pub frozen: Option<String>,
    /// The module is a stub, and what is missing.
    pub stub: Option<String>,
    /// The module only re-exports what has moved: `2030-12-31 use crate::new::path`.
    pub tombstone: Option<String>,
}

//! The files of the generated workspace.

use super::DOMAINS;

/// A member's manifest.
pub(super) fn manifest(name: &str, uses: &[String]) -> String {
    let uses: String = uses.iter().map(|used| format!("{used} = {{ path = \"../{used}\" }}\n")).collect();
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lints]\nworkspace = true\n\n[dependencies]\n{uses}"
    )
}

/// A crate's root.
pub(super) fn root(layer: usize, table: Option<&str>) -> String {
    let modules = DOMAINS.into_iter().chain(table);
    let modules: String = modules.map(|module| format!("pub mod {module};\n")).collect();
    format!(
        "//! One crate of layer {layer}.\n//!\n//! Never: a crate of a higher layer.\n//! Start: any domain.\n\n{modules}"
    )
}

/// A domain's root.
pub(super) fn domain(domain: &str, parts: usize, more: &str) -> String {
    let modules: String = (0..parts).map(|part| format!("mod part_{part};\n")).collect();
    let names: String = (0..parts).map(|part| format!("pub use part_{part}::*;\n")).collect();
    format!("//! What is known of {domain}.\n\n{modules}\n{names}{more}")
}

/// A file with records, traits, implementations, functions and tests, about 160 lines.
pub(super) fn part(domain: &str, part: usize, used: Option<&String>) -> String {
    let import =
        |used: &String| format!("use {}::{domain}::Record{part}x0 as Basis;\n", used.replace('-', "_"));
    let basis = used.map_or_else(|| "type Basis = String;\n".to_owned(), import);
    let mut text =
        format!("//! Part {part} of {domain}.\n\nuse std::collections::BTreeMap;\nuse std::fmt;\n\n{basis}");
    for item in 0..ITEMS {
        text.push_str(&ITEM.replace("$K", &format!("{part}x{item}")));
    }
    text + TESTS
}

const ITEMS: usize = 3;

/// The root manifest.
pub(super) const WORKSPACE: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n";

/// What other domains may ask this one.
pub(super) fn bridge(domain: &str) -> String {
    let (first, rest) = domain.split_at(1);
    BRIDGE.replace("$Domain", &format!("{}{rest}", first.to_uppercase()))
}

const BRIDGE: &str = r#"
/// What others may ask.
#[derive(Debug)]
pub struct $DomainBridge {
    names: Vec<String>,
}

impl $DomainBridge {
    /// From what it knows.
    pub fn new(names: Vec<String>) -> Self {
        Self { names }
    }

    /// Whether it is known.
    pub fn knows(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }
}
"#;

const ITEM: &str = r#"
/// A record, and what it was made of.
#[derive(Debug, Clone, Default)]
pub struct Record$K {
    /// Its name.
    pub id: String,
    amount: u64,
    basis: Option<Box<Basis>>,
    notes: BTreeMap<String, Vec<u64>>,
}

/// What may be done with a record.
pub trait Judge$K {
    /// Why it was refused.
    type Refusal: fmt::Display;

    /// Judges.
    fn judge(&self, record: &Record$K, limit: u64) -> Result<u64, Self::Refusal>;
}

/// Judges by the amount alone.
#[derive(Debug, Clone, Copy)]
pub struct ByAmount$K;

impl Judge$K for ByAmount$K {
    type Refusal = String;

    fn judge(&self, record: &Record$K, limit: u64) -> Result<u64, Self::Refusal> {
        let noted: u64 = record.notes.values().flatten().sum();
        match record.amount.checked_add(noted) {
            Some(sum) if sum <= limit => Ok(limit - sum),
            Some(sum) => Err(format!("{}: {sum} is over {limit}", record.id)),
            None => Err("the sum is out of range".to_owned()),
        }
    }
}

impl Record$K {
    /// A record of nothing.
    pub fn of(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    /// Adds a note.
    pub fn note(&mut self, name: &str, value: u64) -> &mut Self {
        if value > 0 {
            self.notes.entry(name.to_owned()).or_default().push(value);
            self.amount = self.amount.saturating_add(value);
        }
        self
    }

    fn weight(&self) -> u64 {
        let longest = self.notes.values().map(Vec::len).max().unwrap_or(0);
        u64::try_from(longest).unwrap_or(u64::MAX) + u64::from(self.basis.is_some())
    }
}
"#;

const TESTS: &str = r#"
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_count() {
        let mut records = Vec::new();
        for id in ["a", "b", "c"] {
            assert!(!id.is_empty(), "{id}");
            records.push(id.to_owned());
        }
        assert_eq!(records.len(), 3);
    }
}
"#;

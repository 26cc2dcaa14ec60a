//! Key material and environment variables that a test sets.

use std::collections::BTreeMap;

use portcullis_schemas::integrations::credentials::ports::{Environment, KeySource};
use portcullis_schemas::secret::Secret;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use zeroize::Zeroizing;

/// One key under one id.
pub struct FixedKeySource {
    id: u8,
    key: [u8; 32],
}

impl FixedKeySource {
    /// A source that holds this key and no other.
    pub fn new(id: u8, key: [u8; 32]) -> Self {
        Self { id, key }
    }
}

impl std::fmt::Debug for FixedKeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FixedKeySource({})", self.id)
    }
}

impl KeySource for FixedKeySource {
    fn current_key_id(&self) -> u8 {
        self.id
    }

    fn key(&self, id: u8) -> Result<Zeroizing<[u8; 32]>, PortError> {
        if id == self.id {
            return Ok(Zeroizing::new(self.key));
        }
        Err(PortError::new(
            PortErrorKind::Unavailable,
            codes::KEY_UNAVAILABLE,
            format!("there is no key {id}"),
        ))
    }
}

/// An environment of given variables.
#[derive(Default)]
pub struct MapEnvironment {
    variables: BTreeMap<String, Secret>,
}

impl MapEnvironment {
    /// These variables and no others.
    pub fn new<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), Secret::new(value.to_owned()));
        Self { variables: variables.into_iter().map(owned).collect() }
    }
}

impl std::fmt::Debug for MapEnvironment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

impl Environment for MapEnvironment {
    fn variable(&self, name: &str) -> Option<Secret> {
        self.variables.get(name).cloned()
    }
}

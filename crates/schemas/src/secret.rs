//! Secret values: they cannot be printed, compared by accident, or serialised, and are wiped when dropped.
//!
//! Consumers: drivers, engines, portcullis, server, spine, vault

use std::fmt;

use zeroize::Zeroizing;

/// A secret text. `Debug` shows nothing of it; there is no `Display`, `Serialize` or `PartialEq`.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Most bytes that a secret may have when it comes from a request.
    pub const MAX_BYTES: usize = 8 * 1024;

    /// Takes ownership of a secret text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret itself. Call this only where it is used: at sealing, and at the building of a header.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        if text.is_empty() || text.len() > Self::MAX_BYTES {
            return Err(serde::de::Error::custom("expected a secret of 1 to 8192 bytes"));
        }
        Ok(Self(text))
    }
}

impl schemars::JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "minLength": 1, "maxLength": Secret::MAX_BYTES, "writeOnly": true, "format": "password",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".to_owned())), "Secret(..)");
    }
}

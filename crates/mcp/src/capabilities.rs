//! What a client lets itself be asked for (`clientCapabilities`), as far as a gateway can relay it.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::members::Members;

/// Elicitation, sampling and roots. What else a client declares (extensions, `sampling.context`, `roots.listChanged`) is
/// left out: nothing that a server would do with it passes a gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClientCapabilities {
    /// `elicitation.form`, or an `elicitation` that names no mode.
    pub form: bool,
    /// `elicitation.url`.
    pub url: bool,
    /// `sampling`.
    pub sampling: bool,
    /// `sampling.tools`.
    pub sampling_tools: bool,
    /// `roots`.
    pub roots: bool,
}

impl ClientCapabilities {
    /// Reads the object. What is of another form than the specification's declares nothing.
    #[must_use]
    pub fn parse(raw: &RawValue) -> Self {
        let Some(all) = Members::of(raw.get()) else { return Self::default() };
        let elicitation = all.value::<Members>("elicitation");
        let sampling = all.value::<Members>("sampling");
        let has = |of: &Option<Members>, name| {
            of.as_ref().is_some_and(|members| members.value::<Members>(name).is_some())
        };
        Self {
            form: has(&elicitation, "form")
                || elicitation.as_ref().is_some_and(|modes| !modes.has("form") && !modes.has("url")),
            url: has(&elicitation, "url"),
            sampling: sampling.is_some(),
            sampling_tools: has(&sampling, "tools"),
            roots: all.value::<Members>("roots").is_some(),
        }
    }

    /// What of it the other does not declare.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self {
            form: self.form && !other.form,
            url: self.url && !other.url,
            sampling: self.sampling && !other.sampling,
            sampling_tools: self.sampling_tools && !other.sampling_tools,
            roots: self.roots && !other.roots,
        }
    }

    /// Whether there is none of them.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl Serialize for ClientCapabilities {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.form || self.url {
            map.serialize_entry("elicitation", &Flags([("form", self.form), ("url", self.url)]))?;
        }
        if self.sampling || self.sampling_tools {
            map.serialize_entry("sampling", &Flags([("tools", self.sampling_tools)]))?;
        }
        if self.roots {
            map.serialize_entry("roots", &Flags([]))?;
        }
        map.end()
    }
}

/// An object with an empty object for each flag that is set.
struct Flags<const N: usize>([(&'static str, bool); N]);

impl<const N: usize> Serialize for Flags<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, _) in self.0.iter().filter(|(_, is_set)| *is_set) {
            map.serialize_entry(name, &Flags([]))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_relayed_is_read_and_written() {
        let table = [
            ("{}", "{}"),
            (r#"{"elicitation":{}}"#, r#"{"elicitation":{"form":{}}}"#),
            (r#"{"elicitation":{"url":{}}}"#, r#"{"elicitation":{"url":{}}}"#),
            (r#"{"elicitation":{"form":{},"url":{}}}"#, r#"{"elicitation":{"form":{},"url":{}}}"#),
            (r#"{"elicitation":{"form":false}}"#, "{}"),
            (r#"{"elicitation":{"form":{},"url":true}}"#, r#"{"elicitation":{"form":{}}}"#),
            (r#"{"sampling":{"context":{}}}"#, r#"{"sampling":{}}"#),
            (r#"{"sampling":{"tools":{}},"extensions":{"a/b":{}}}"#, r#"{"sampling":{"tools":{}}}"#),
            (r#"{"roots":{"listChanged":true}}"#, r#"{"roots":{}}"#),
            (r#"{"roots":true,"sampling":[],"elicitation":"url"}"#, "{}"),
            ("[]", "{}"),
        ];
        for (given, expected) in table {
            let read = ClientCapabilities::parse(&RawValue::from_string(given.to_owned()).unwrap());
            assert_eq!(serde_json::to_string(&read).unwrap(), expected, "{given}");
            assert_eq!(read.is_empty(), expected == "{}", "{given}");
        }
    }
}

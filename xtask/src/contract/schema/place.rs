//! Where in a schema something stands: for people by members, for a search by JSON pointer.

use std::fmt;

use serde_json::Value;

use super::Side;

#[derive(Debug, Clone)]
pub(super) struct Place {
    side: Side,
    /// The definition that members are counted from; empty at the root.
    definition: String,
    /// `.target.ids[]`; each step brings its sign.
    path: String,
    /// `/properties/target`, in the new schema.
    pub(super) pointer: String,
}

impl Place {
    /// The schema itself.
    pub(super) fn root(side: Side) -> Self {
        Self { side, definition: String::new(), path: String::new(), pointer: String::new() }
    }

    /// An output is a type, which its title names as `$defs` of other outputs do. A request is its operation's own.
    pub(super) fn titled(self, old: Option<&Value>, new: Option<&Value>) -> Self {
        match (self.side, old, new) {
            (Side::Read, Some(Value::String(before)), Some(Value::String(now))) if before == now => {
                self.definition(now)
            }
            _ => self,
        }
    }

    pub(super) fn member(&self, name: &str) -> Self {
        self.step(&format!(".{name}"), &format!("/properties/{}", escaped(name)))
    }

    /// Members whose names the schema leaves open.
    pub(super) fn other_members(&self) -> Self {
        self.step(".*", "/additionalProperties")
    }

    pub(super) fn items(&self) -> Self {
        self.step("[]", "/items")
    }

    /// Inside a keyword, for people the same place.
    pub(super) fn keyword(&self, name: &str) -> Self {
        self.step("", &format!("/{}", escaped(name)))
    }

    /// The same place, found at another pointer.
    pub(super) fn at(&self, pointer: &str) -> Self {
        Self { pointer: pointer.to_owned(), ..self.clone() }
    }

    /// From here on, members are those of the definition: it is told once, wherever it is used.
    pub(super) fn definition(&self, name: &str) -> Self {
        Self { definition: name.to_owned(), path: String::new(), ..self.clone() }
    }

    fn step(&self, path: &str, pointer: &str) -> Self {
        let (path, pointer) = (format!("{}{path}", self.path), format!("{}{pointer}", self.pointer));
        Self { side: self.side, definition: self.definition.clone(), path, pointer }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::Sent => "request",
            Side::Read => "output",
        };
        let path = format!("{}{}", self.definition, self.path);
        match (path.trim_start_matches('.'), self.path.is_empty()) {
            ("", _) => write!(f, "{side}"),
            (definition, true) => write!(f, "{side} `{definition}`"),
            (path, false) => write!(f, "{side} member `{path}`"),
        }
    }
}

/// RFC 6901, section 3.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

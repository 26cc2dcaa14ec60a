//! Which parameters of a tool are mirrored into headers: the `x-mcp-header` annotations of its input schema.

use std::collections::HashSet;
use std::fmt;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

const ANNOTATION: &str = "x-mcp-header";
/// Keywords whose members are named by the author: the names are no keywords.
const MAPS_OF_SCHEMAS: [&str; 5] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
/// Keywords whose values are instances, not schemas.
const INSTANCES: [&str; 5] = ["default", "const", "enum", "examples", "example"];

/// One annotated parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamHeader {
    /// The name as annotated; on the wire `Mcp-Param-{header}`.
    pub header: String,
    /// Property names from the root of the arguments.
    pub path: Vec<String>,
    /// Its declared type.
    pub kind: ParamKind,
}

/// The types that may be mirrored. `number` may not: two writers would write one value in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// As it is.
    String,
    /// Decimal, within ±(2^53 - 1).
    Integer,
    /// `true` or `false`.
    Boolean,
}

/// An annotation that makes its tool unusable: a client must leave the tool out of its list.
#[derive(Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer to the schema that carries it. Holds names that the server chose.
    pub pointer: String,
    /// The rule that it breaks.
    pub rule: ViolationRule,
}

/// Shows the rule and where, with control characters escaped.
impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:?}", self.rule, self.pointer)
    }
}

/// The constraints of the specification (streamable HTTP, schema extension).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViolationRule {
    /// Its value is no string.
    #[error("x-mcp-header: expected a string")]
    NotText,
    /// Empty.
    #[error("x-mcp-header: must not be empty")]
    Empty,
    /// Not `1*tchar` (RFC 9110, section 5.6.2).
    #[error("x-mcp-header: expected an HTTP token (letters, digits, !#$%&'*+-.^_`|~)")]
    NotToken,
    /// Equal to an earlier one but for case.
    #[error("x-mcp-header: must be unique without regard to case")]
    NotUnique,
    /// The parameter's type is not exactly one of the three.
    #[error("x-mcp-header: expected a parameter of type string, integer or boolean")]
    Type,
    /// Not reached from the root by `properties` alone.
    #[error("x-mcp-header: the parameter must be reached from the root by `properties` alone")]
    Unreachable,
    /// The schema is no JSON object, or nested too deep to be read.
    #[error("input schema: expected an object nested at most 127 levels")]
    Schema,
}

/// The annotated parameters of an input schema, in the order of their paths.
///
/// # Errors
/// All violations, at least one: the tool must be dropped. Nothing is fetched or resolved.
pub fn declared_params(input_schema: &RawValue) -> Result<Vec<ParamHeader>, Vec<Violation>> {
    if !input_schema.get().contains("x-mcp-header") && !input_schema.get().contains('\\') {
        return Ok(Vec::new());
    }
    let Ok(Value::Object(schema)) = serde_json::from_str(input_schema.get()) else {
        return Err(vec![Violation { pointer: String::new(), rule: ViolationRule::Schema }]);
    };
    let mut walk = Walk::default();
    walk.schema(&schema, String::new(), Some(Vec::new()));
    walk.found.sort_by(|a, b| a.path.cmp(&b.path));
    walk.violations.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    if walk.violations.is_empty() { Ok(walk.found) } else { Err(walk.violations) }
}

#[derive(Default)]
struct Walk {
    found: Vec<ParamHeader>,
    names: HashSet<String>,
    violations: Vec<Violation>,
}

impl Walk {
    /// `path` is the chain of property names, while it is unbroken.
    fn schema(&mut self, schema: &Map<String, Value>, pointer: String, path: Option<Vec<String>>) {
        if let Some(annotation) = schema.get(ANNOTATION) {
            match annotated(annotation, schema, path.as_deref()) {
                Ok(found) if !self.names.insert(found.header.to_ascii_lowercase()) => {
                    self.violate(&pointer, ViolationRule::NotUnique);
                }
                Ok(found) => self.found.push(found),
                Err(rule) => self.violate(&pointer, rule),
            }
        }
        for (keyword, value) in schema {
            let pointer = format!("{pointer}/{}", escaped(keyword));
            match value {
                Value::Object(members) if MAPS_OF_SCHEMAS.contains(&keyword.as_str()) => {
                    let path = path.as_ref().filter(|_| keyword == "properties");
                    self.named(members, &pointer, path);
                }
                _ if INSTANCES.contains(&keyword.as_str()) => {}
                value => self.any(value, pointer),
            }
        }
    }

    fn named(&mut self, members: &Map<String, Value>, pointer: &str, path: Option<&Vec<String>>) {
        for (name, value) in members {
            let pointer = format!("{pointer}/{}", escaped(name));
            match value {
                Value::Object(schema) => {
                    let path = path.map(|path| path.iter().chain([name]).cloned().collect());
                    self.schema(schema, pointer, path);
                }
                value => self.any(value, pointer),
            }
        }
    }

    /// Anything below any other keyword: the chain is broken.
    fn any(&mut self, value: &Value, pointer: String) {
        match value {
            Value::Object(schema) => self.schema(schema, pointer, None),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.any(item, format!("{pointer}/{index}"));
                }
            }
            _ => {}
        }
    }

    fn violate(&mut self, pointer: &str, rule: ViolationRule) {
        self.violations.push(Violation { pointer: pointer.to_owned(), rule });
    }
}

fn annotated(
    annotation: &Value,
    schema: &Map<String, Value>,
    path: Option<&[String]>,
) -> Result<ParamHeader, ViolationRule> {
    let header = annotation.as_str().ok_or(ViolationRule::NotText)?;
    if header.is_empty() {
        return Err(ViolationRule::Empty);
    }
    if !header.bytes().all(is_tchar) {
        return Err(ViolationRule::NotToken);
    }
    let path = path.filter(|path| !path.is_empty()).ok_or(ViolationRule::Unreachable)?;
    let kind = match schema.get("type").and_then(Value::as_str) {
        Some("string") => ParamKind::String,
        Some("integer") => ParamKind::Integer,
        Some("boolean") => ParamKind::Boolean,
        _ => return Err(ViolationRule::Type),
    };
    Ok(ParamHeader { header: header.to_owned(), path: path.to_vec(), kind })
}

fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// RFC 6901, section 3.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

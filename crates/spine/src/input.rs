//! Request data on its way to a typed operation: strict JSON, named fields, no echo of values in errors.

use portcullis_schemas::codes;
use portcullis_schemas::operation::Operation;
use portcullis_schemas::{Error, ErrorKind};
use portcullis_trail::strict::{self, Limits};
use serde_json::{Map, Value};

use crate::registry::OperationSpec;

/// The members of a request, from body, path and query together. No member may come from two places.
#[derive(Clone, Debug, Default)]
pub struct Input {
    members: Map<String, Value>,
}

impl Input {
    /// Most bytes of a body.
    pub const MAX_BODY_BYTES: usize = 512 * 1024;

    /// The members of a JSON body; an empty body has none.
    ///
    /// # Errors
    /// As [`Input::members`].
    pub fn from_body(body: &[u8]) -> Result<Self, Error> {
        Self::members(body).map(|members| Self { members })
    }

    /// The members of an object in strict JSON, as values that an operation takes; an empty text has none.
    ///
    /// # Errors
    /// `body_too_large`, or `invalid_json` when the text is not strict JSON or not an object.
    pub fn members(body: &[u8]) -> Result<Map<String, Value>, Error> {
        if body.len() > Self::MAX_BODY_BYTES {
            return Err(Error::new(
                ErrorKind::Invalid,
                codes::BODY_TOO_LARGE,
                "expected a body of at most 512 KiB",
            ));
        }
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Map::new());
        }
        match strict::parse(body, Limits::default()) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => Err(Error::new(ErrorKind::Invalid, codes::INVALID_JSON, "expected a JSON object")),
            Err(error) => {
                let refused = Error::new(ErrorKind::Invalid, codes::INVALID_JSON, error.to_string());
                let field = dotted(error.pointer());
                Err(if field.is_empty() { refused } else { refused.with_field(field) })
            }
        }
    }

    /// Adds a member from the path.
    ///
    /// # Errors
    /// When the body has it too.
    pub fn with_path(self, name: &str, text: &str) -> Result<Self, Error> {
        self.with(name, Value::String(text.to_owned()))
    }

    /// Adds a member from the query; a text becomes a number or a boolean where the operation expects one.
    ///
    /// # Errors
    /// When it comes from elsewhere too.
    pub fn with_query(self, spec: &OperationSpec, name: &str, text: &str) -> Result<Self, Error> {
        let value = match expected_type(&spec.request_schema(), name) {
            Some("integer") => {
                text.parse().map_or_else(|_| Value::String(text.to_owned()), |n: u64| n.into())
            }
            Some("boolean") => text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Bool),
            _ => Value::String(text.to_owned()),
        };
        self.with(name, value)
    }

    /// The request, typed and bounded.
    ///
    /// # Errors
    /// `invalid_field` with the field's path and what was expected.
    pub fn decode<Op: Operation>(self) -> Result<Op, Error> {
        serde_path_to_error::deserialize(Value::Object(self.members)).map_err(|error| {
            let path = error.path().to_string();
            let message = without_values(&error.into_inner().to_string());
            match missing_field(&message) {
                Some(field) => Error::invalid(join(&path, field), "the field is required"),
                None => Error::invalid(shown(&path), message),
            }
        })
    }

    fn with(mut self, name: &str, value: Value) -> Result<Self, Error> {
        if self.members.contains_key(name) {
            return Err(Error::invalid(shown(name), "expected once: in the path, the query or the body"));
        }
        self.members.insert(name.to_owned(), value);
        Ok(self)
    }
}

/// serde names the offending value before `, expected`; what stands after the last one is ours and static.
fn without_values(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    match message.rsplit_once(", expected ") {
        Some((said, expected)) if said.starts_with("unknown field") => {
            format!("unknown field: expected {expected}")
        }
        Some((_, expected)) => format!("expected {}", in_json_words(expected)),
        None if message.starts_with("unknown field") => "unknown field: expected none".to_owned(),
        None => message.to_owned(),
    }
}

/// serde speaks of Rust's types; callers write JSON.
fn in_json_words(expected: &str) -> &str {
    match expected {
        "a map" => "an object",
        "a sequence" => "a list",
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" => "a whole number",
        other => other,
    }
}

/// A JSON pointer written as every other field path is: `/tags/1` as `tags[1]`.
fn dotted(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        match part.parse::<u32>() {
            Ok(index) => path.push_str(&format!("[{index}]")),
            Err(_) if path.is_empty() => path.push_str(part),
            Err(_) => path.extend([".", part]),
        }
    }
    shown(&path)
}

fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

fn join(path: &str, field: &str) -> String {
    if path.is_empty() || path == "." { field.to_owned() } else { format!("{}.{field}", shown(path)) }
}

/// A path as it may be shown: bounded, visible ASCII.
fn shown(path: &str) -> String {
    path.chars().filter(char::is_ascii_graphic).take(160).collect()
}

/// The JSON type that a schema gives to a member, looking through `$ref` and nullable forms.
fn expected_type<'a>(schema: &'a Value, member: &str) -> Option<&'a str> {
    let property = schema.pointer("/properties")?.get(member)?;
    let candidates = match property.get("anyOf") {
        Some(Value::Array(list)) => list.iter().collect(),
        _ => vec![property],
    };
    candidates.into_iter().find_map(|candidate| {
        let target = match candidate.get("$ref").and_then(Value::as_str) {
            Some(reference) => schema.pointer(reference.strip_prefix('#')?)?,
            None => candidate,
        };
        match target.get("type")? {
            Value::String(name) => Some(name.as_str()).filter(|name| *name != "null"),
            Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use portcullis_schemas::integrations::mcp::operations::{ListMcpServers, RegisterMcpServer};
    use portcullis_schemas::policies::operations::PutToolPolicy;

    use super::*;

    fn problem<Op: Operation + std::fmt::Debug>(body: &str) -> (String, String) {
        let error = Input::from_body(body.as_bytes()).and_then(Input::decode::<Op>).unwrap_err();
        (error.field().unwrap_or_default().to_owned(), error.public().to_owned())
    }

    #[test]
    fn errors_name_the_field_and_never_the_value() {
        let (field, message) =
            problem::<RegisterMcpServer>(r#"{"name":"n","url":"u","auth_type":"hunter2"}"#);
        assert_eq!(field, "auth_type");
        assert!(message.starts_with("expected one of"), "{message}");
        assert!(!message.contains("hunter2"));
        let (field, message) = problem::<RegisterMcpServer>(r#"{"name":"n","url":"u","surprise":1}"#);
        assert_eq!(field, "surprise");
        assert!(message.starts_with("unknown field: expected"), "{message}");
    }

    #[test]
    fn a_wrong_type_is_told_in_the_words_of_json() {
        let table = [
            (r#"{"name":"n","url":"u","tags":"a"}"#, "tags", "expected a list"),
            (r#"{"name":7,"url":"u"}"#, "name", "expected a string"),
        ];
        for (body, field, message) in table {
            assert_eq!(problem::<RegisterMcpServer>(body), (field.to_owned(), message.to_owned()));
        }
        let found = problem::<ListMcpServers>(r#"{"limit":"abc"}"#);
        assert_eq!(found, ("limit".to_owned(), "expected a whole number".to_owned()));
    }

    #[test]
    fn what_is_no_json_names_the_place_as_other_errors_do() {
        let table = [
            ("nope", None),
            (r#"{"tags":["a","#, Some("tags[1]")),
            (r#"{"a":{"b":[{"c":1,"c":2}]}}"#, Some("a.b[0].c")),
        ];
        for (body, field) in table {
            assert_eq!(Input::from_body(body.as_bytes()).unwrap_err().field(), field, "{body}");
        }
    }

    #[test]
    fn a_missing_field_is_named() {
        let found = problem::<PutToolPolicy>(r#"{"name":"n"}"#);
        assert_eq!(found, ("text".to_owned(), "the field is required".to_owned()));
    }

    #[test]
    fn duplicate_members_are_refused() {
        let error = Input::from_body(br#"{"name":"a","name":"b"}"#).unwrap_err();
        assert_eq!(error.code(), codes::INVALID_JSON);
    }

    #[test]
    fn a_member_may_not_come_from_two_places() {
        let input = Input::from_body(br#"{"server_id":"x"}"#).unwrap();
        assert!(input.with_path("server_id", "y").is_err());
    }

    #[test]
    fn query_texts_become_what_the_operation_expects() {
        let spec = OperationSpec::of::<ListMcpServers>();
        let input = Input::default()
            .with_query(&spec, "limit", "7")
            .and_then(|input| input.with_query(&spec, "include_disabled", "true"))
            .unwrap();
        let request: ListMcpServers = input.decode().unwrap();
        assert_eq!((request.limit.map(|limit| limit.get()), request.include_disabled), (Some(7), Some(true)));
    }
}

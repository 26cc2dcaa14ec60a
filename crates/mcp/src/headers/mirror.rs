//! Mirroring of arguments into `Mcp-Param-*` headers, and the server's check of them.

use serde_json::Value;
use serde_json::value::RawValue;

use super::{Header, HeaderLines, Line, PARAM_PREFIX, ParamHeader, ParamKind, decode_value, encode_value};

/// 2^53 - 1: the largest integer that every reader of JSON reads alike.
const SAFE_INTEGER: i64 = 9_007_199_254_740_991;

/// An argument that cannot be mirrored: it does not have the type that its schema declares.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("argument mirrored as Mcp-Param-{header}: {rule}")]
pub struct MirrorError {
    /// The annotation, an HTTP token.
    pub header: String,
    /// What was expected.
    pub rule: &'static str,
}

/// The `Mcp-Param-*` headers of a call. A parameter that is absent or null has none.
///
/// # Errors
/// [`MirrorError`] when an argument does not have its declared type, or an integer is beyond ±(2^53 - 1).
pub fn param_headers(declared: &[ParamHeader], arguments: &RawValue) -> Result<Vec<Header>, MirrorError> {
    if declared.is_empty() {
        return Ok(Vec::new());
    }
    let arguments = value_of(arguments);
    let mut headers = Vec::with_capacity(declared.len());
    for param in declared {
        let Some(value) = at(&arguments, &param.path) else { continue };
        let text =
            text_of(value, param.kind).map_err(|rule| MirrorError { header: param.header.clone(), rule })?;
        headers.push((name_of(param), encode_value(&text)));
    }
    Ok(headers)
}

/// A mirrored header that does not agree with the body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("header Mcp-Param-{header}: {rule}")]
pub struct Mismatch {
    /// The annotation, an HTTP token.
    pub header: String,
    /// What was expected.
    pub rule: &'static str,
}

/// The server's side: every declared parameter that the body holds must stand in its header, once and equal (integers
/// by value), and no header without one.
///
/// # Errors
/// The first [`Mismatch`].
pub fn check_param_headers(
    declared: &[ParamHeader],
    arguments: Option<&RawValue>,
    headers: &HeaderLines<'_>,
) -> Result<(), Mismatch> {
    let arguments = arguments.map_or(Value::Null, value_of);
    for param in declared {
        agrees(param, at(&arguments, &param.path), headers.single(&name_of(param)))
            .map_err(|rule| Mismatch { header: param.header.clone(), rule })?;
    }
    Ok(())
}

fn agrees(param: &ParamHeader, body: Option<&Value>, line: Line<'_>) -> Result<(), &'static str> {
    let (body, line) = match (body, line) {
        (_, Line::Many) => return Err("occurs more than once"),
        (None, Line::Absent) => return Ok(()),
        (None, Line::One(_)) => return Err("the body has no such argument"),
        (Some(_), Line::Absent) => return Err("missing, though the body has the argument"),
        (Some(body), Line::One(line)) => (body, line),
    };
    let header = decode_value(line).map_err(|_| "malformed value")?;
    let body = text_of(body, param.kind)?;
    let equal = match param.kind {
        ParamKind::Integer => integer_of(&header) == Some(body),
        ParamKind::String | ParamKind::Boolean => header == body,
    };
    if equal { Ok(()) } else { Err("differs from the body") }
}

/// `42`, `42.0` and `4.2e1` are one integer.
fn integer_of(header: &str) -> Option<String> {
    let value: Value = serde_json::from_str(header).ok()?;
    text_of(&value, ParamKind::Integer).ok()
}

fn name_of(param: &ParamHeader) -> String {
    format!("{PARAM_PREFIX}{}", param.header.to_ascii_lowercase())
}

/// Arguments nested too deep to be read have none that could be mirrored.
fn value_of(arguments: &RawValue) -> Value {
    serde_json::from_str(arguments.get()).unwrap_or_default()
}

fn at<'v>(arguments: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(arguments, |value, name| value.get(name.as_str())).filter(|value| !value.is_null())
}

fn text_of(value: &Value, kind: ParamKind) -> Result<String, &'static str> {
    match (kind, value) {
        (ParamKind::String, Value::String(text)) => Ok(text.clone()),
        (ParamKind::String, _) => Err("expected a string"),
        (ParamKind::Boolean, Value::Bool(flag)) => Ok(flag.to_string()),
        (ParamKind::Boolean, _) => Err("expected a boolean"),
        (ParamKind::Integer, Value::Number(number)) => {
            let whole = number.as_i64().or_else(|| number.as_f64().and_then(whole));
            let safe = whole.filter(|whole| (-SAFE_INTEGER..=SAFE_INTEGER).contains(whole));
            safe.map(|whole| whole.to_string()).ok_or("expected an integer within plus or minus 2^53 - 1")
        }
        (ParamKind::Integer, _) => Err("expected an integer"),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the value is whole and at most 2^53, which i64 holds")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}

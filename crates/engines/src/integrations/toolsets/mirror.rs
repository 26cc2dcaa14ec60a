//! Arguments that a request mirrors into headers: what was sent to be read on the way must be what is in the body.

use portcullis_mcp::headers::{HeaderLines, check_param_headers, declared_params};
use portcullis_mcp::members::Members;
use portcullis_schemas::integrations::toolsets::operations::MirroredHeader;
use portcullis_schemas::json::RawJson;
use portcullis_schemas::{Error, ErrorKind, codes};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

/// Compares header lines with the arguments that the tool's input schema says they mirror (MCP 2026-07-28, streamable
/// HTTP, custom headers from tool parameters).
///
/// # Errors
/// `header_mismatch`, which names the header and the rule.
pub fn check_mirrored(
    definition: &RawJson,
    arguments: &Map<String, Value>,
    lines: &[MirroredHeader],
) -> Result<(), Error> {
    let schema = Members::of(definition.as_str()).and_then(|it| it.value::<Box<RawValue>>("inputSchema"));
    // A definition whose annotations are broken was refused by discovery.
    let declared = schema.and_then(|schema| declared_params(&schema).ok()).unwrap_or_default();
    if declared.is_empty() {
        return Ok(());
    }
    let arguments = to_raw_value(arguments).ok();
    let lines: HeaderLines<'_> =
        lines.iter().map(|line| (line.name.as_str(), line.value.as_bytes())).collect();
    check_param_headers(&declared, arguments.as_deref(), &lines)
        .map_err(|mismatch| Error::new(ErrorKind::Invalid, codes::HEADER_MISMATCH, mismatch.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn headers_must_say_what_the_body_says() {
        let schema = r#"{"name":"t","inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}}}"#;
        let definition = RawJson::from_text(schema.to_owned()).unwrap();
        let line = |value: &str| {
            vec![MirroredHeader { name: "mcp-param-region".to_owned(), value: value.to_owned() }]
        };
        let table = [
            (json!({ "region": "eu" }), line("eu"), true),
            (json!({ "region": "eu" }), line("us"), false),
            (json!({ "region": "eu" }), Vec::new(), false),
            (json!({}), line("eu"), false),
            (json!({}), Vec::new(), true),
        ];
        for (arguments, lines, good) in table {
            let checked = check_mirrored(&definition, arguments.as_object().unwrap(), &lines);
            assert_eq!(checked.is_ok(), good, "{arguments} {lines:?}");
        }
    }
}

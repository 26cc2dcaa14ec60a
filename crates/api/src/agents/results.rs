//! A tool's result in the era of who asked. All but the one member that tells the eras apart stays byte for byte.

use portcullis_mcp::members::Members;
use portcullis_mcp::version::Era;
use portcullis_schemas::json::RawJson;
use serde_json::value::RawValue;

/// Required in every modern result, unknown before.
const RESULT_TYPE: &str = "resultType";

/// The result for an agent of this era.
pub(super) fn in_era(era: Era, result: RawJson) -> Box<RawValue> {
    let Some(mut members) = Members::of(result.as_str()) else { return result.into_raw() };
    match (era, members.has(RESULT_TYPE)) {
        (Era::Modern, false) => members.put(RESULT_TYPE, "complete"),
        (Era::Legacy, true) => members.retain(|name| name != RESULT_TYPE),
        (Era::Modern, true) | (Era::Legacy, false) => return result.into_raw(),
    }
    members.to_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_member_changes_with_the_era() {
        let odd = r#"{"content":[{"type":"odd","n":1.10}],"x":123456789012345678901234567890}"#;
        let modern = r#"{"content":[{"type":"odd","n":1.10}],"x":123456789012345678901234567890,"resultType":"complete"}"#;
        let table = [
            (Era::Legacy, odd, odd),
            (Era::Modern, odd, modern),
            (Era::Modern, modern, modern),
            (Era::Legacy, modern, odd),
        ];
        for (era, given, expected) in table {
            let given = RawJson::from_text(given.to_owned()).unwrap();
            assert_eq!(in_era(era, given).get(), expected);
        }
    }
}

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

/// The same of what a client might keep. It was answered to this caller, under policies that may change with the next
/// request, so that nobody keeps it, whatever its server allows.
pub(super) fn uncached(era: Era, result: RawJson) -> Box<RawValue> {
    let result = in_era(era, result);
    let Some(mut members) = Members::of(result.get()) else { return result };
    match era {
        Era::Modern => {
            members.put("ttlMs", &0);
            members.put("cacheScope", "private");
        }
        Era::Legacy if members.has("ttlMs") || members.has("cacheScope") => {
            members.retain(|name| !["ttlMs", "cacheScope"].contains(&name));
        }
        Era::Legacy => return result,
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

    #[test]
    fn what_was_read_is_kept_by_nobody() {
        let plain = r#"{"contents":[ ]}"#;
        let cached = r#"{"contents":[ ],"ttlMs":60000,"cacheScope":"public"}"#;
        let modern = r#"{"contents":[ ],"resultType":"complete","ttlMs":0,"cacheScope":"private"}"#;
        let mended = r#"{"contents":[ ],"ttlMs":0,"cacheScope":"private","resultType":"complete"}"#;
        let table = [
            (Era::Legacy, plain, plain),
            (Era::Legacy, cached, plain),
            (Era::Modern, plain, modern),
            (Era::Modern, cached, mended),
        ];
        for (era, given, expected) in table {
            let given = RawJson::from_text(given.to_owned()).unwrap();
            assert_eq!(uncached(era, given).get(), expected);
        }
    }
}

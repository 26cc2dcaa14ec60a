//! A tool's result and definition in the era of who asked; the result with a label: whoever reads it must know that nobody
//! vouches for it. All but what the eras tell apart and what we say in `_meta` stays byte for byte.

use portcullis_mcp::members::Members;
use portcullis_mcp::version::Era;
use portcullis_schemas::integrations::mcp::invocation::{InvokeToolResult, Sanitised};
use portcullis_schemas::json::RawJson;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// Required in every modern result, unknown before.
const RESULT_TYPE: &str = "resultType";
/// Any value in a modern result, an object before.
const STRUCTURED: &str = "structuredContent";
const CONTENT: &str = "content";
/// In a definition: what [`STRUCTURED`] holds.
const OUTPUT_SCHEMA: &str = "outputSchema";
const META: &str = "_meta";
/// Who vouches for the result, and where it comes from. A server that writes it itself does not get through.
const LABEL: &str = "portcullis/label";
/// What was taken out of it.
const SANITISED: &str = "portcullis/sanitised";

/// The answer to a call for an agent of this era.
pub(super) fn labelled(era: Era, answer: InvokeToolResult) -> Box<RawValue> {
    let Some(mut members) = Members::of(answer.result.as_str()) else { return answer.result.into_raw() };
    adapt(era, &mut members);
    let mut meta = members.value::<Members>(META).unwrap_or_default();
    let mut label = Members::default();
    label.put("trust", &answer.trust);
    label.put("serverId", &answer.server_id);
    label.put("toolId", &answer.tool_id);
    meta.put(LABEL, &label);
    if let Some(sanitised) = &answer.sanitised {
        meta.put(SANITISED, &told(sanitised));
    }
    members.put(META, &meta);
    members.to_raw()
}

/// A result of the gate's own for an agent of this era.
pub(super) fn in_era(era: Era, result: RawJson) -> Box<RawValue> {
    let Some(mut members) = Members::of(result.as_str()) else { return result.into_raw() };
    if adapt(era, &mut members) { members.to_raw() } else { result.into_raw() }
}

/// Whether there was something to adapt.
fn adapt(era: Era, members: &mut Members) -> bool {
    let is_typed = members.has(RESULT_TYPE);
    if era == Era::Modern {
        if !is_typed {
            members.put(RESULT_TYPE, "complete");
        }
        return !is_typed;
    }
    let is_unfit = members.has(STRUCTURED) && members.value::<Members>(STRUCTURED).is_none();
    if is_unfit {
        say_as_text(members);
    }
    members.retain(|name| name != RESULT_TYPE && !(is_unfit && name == STRUCTURED));
    is_typed || is_unfit
}

/// Servers should say in their content what they say in structure (MCP, tools, structured content). Where the content says
/// nothing, it is said there.
fn say_as_text(members: &mut Members) {
    let Some(structured) = members.value::<Box<RawValue>>(STRUCTURED) else { return };
    if members.value::<Vec<IgnoredAny>>(CONTENT).is_none_or(|content| content.is_empty()) {
        let mut text = Members::default();
        text.put("type", "text");
        text.put("text", structured.get());
        members.put(CONTENT, &[text]);
    }
}

/// A tool's definition for an agent of this era. A schema of results that are no objects is left out before 2026-07-28: a
/// client that knows only objects takes no tool of such a list.
pub(super) fn definition_in(era: Era, definition: RawJson) -> Box<RawValue> {
    let Some(mut members) = Members::of(definition.as_str()) else { return definition.into_raw() };
    let is_of_object = |schema: Members| schema.value::<String>("type").as_deref() == Some("object");
    if era == Era::Modern
        || !members.has(OUTPUT_SCHEMA)
        || members.value::<Members>(OUTPUT_SCHEMA).is_some_and(is_of_object)
    {
        return definition.into_raw();
    }
    members.retain(|name| name != OUTPUT_SCHEMA);
    members.to_raw()
}

fn told(sanitised: &Sanitised) -> Members {
    let mut told = Members::default();
    told.put("hiddenCharacters", &sanitised.hidden_characters);
    told.put("links", &sanitised.links);
    told.put("icons", &sanitised.icons);
    told.put("members", &sanitised.members);
    told.put("credential", &sanitised.credential);
    told
}

/// The same of what a client might keep. It was answered to this caller, under policies that may change with the next
/// request, so that nobody keeps it, whatever its server allows.
pub(super) fn uncached(era: Era, answer: InvokeToolResult) -> Box<RawValue> {
    let result = labelled(era, answer);
    let Some(mut members) = Members::of(result.get()) else { return result };
    // A question is no resource, and nothing that could be kept.
    if members.value::<String>(RESULT_TYPE).as_deref() == Some("input_required") {
        return result;
    }
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
    use portcullis_schemas::integrations::mcp::invocation::{
        ContentTrust, InvocationOutcome, PolicyDecision,
    };

    use super::*;

    const ODD: &str = r#"{"content":[{"type":"odd","n":1.10}],"x":123456789012345678901234567890}"#;
    const MODERN: &str =
        r#"{"content":[{"type":"odd","n":1.10}],"x":123456789012345678901234567890,"resultType":"complete"}"#;

    #[test]
    fn one_member_changes_with_the_era() {
        let table = [
            (Era::Legacy, ODD, ODD),
            (Era::Modern, ODD, MODERN),
            (Era::Modern, MODERN, MODERN),
            (Era::Legacy, MODERN, ODD),
        ];
        for (era, given, expected) in table {
            let given = RawJson::from_text(given.to_owned()).unwrap();
            assert_eq!(in_era(era, given).get(), expected);
        }
    }

    #[test]
    fn what_a_legacy_client_does_not_know_is_left_out_of_a_definition() {
        let table = [
            (r#"{"name":"t","outputSchema":{"type":"array"}}"#, r#"{"name":"t"}"#),
            (r#"{"name":"t","outputSchema":{}}"#, r#"{"name":"t"}"#),
            (r#"{"name":"t","outputSchema":true}"#, r#"{"name":"t"}"#),
            (
                r#"{"name":"t","outputSchema":{"type":"object" }}"#,
                r#"{"name":"t","outputSchema":{"type":"object" }}"#,
            ),
            (r#"{"name" : "t"}"#, r#"{"name" : "t"}"#),
        ];
        for (given, legacy) in table {
            let definition = || RawJson::from_text(given.to_owned()).unwrap();
            assert_eq!(definition_in(Era::Legacy, definition()).get(), legacy);
            assert_eq!(definition_in(Era::Modern, definition()).get(), given);
        }
    }

    #[test]
    fn a_structure_that_is_no_object_is_said_as_text_to_legacy_clients() {
        let table = [
            (
                r#"{"content":[],"structuredContent":[1, 2]}"#,
                r#"{"content":[{"type":"text","text":"[1, 2]"}]}"#,
            ),
            (r#"{"content":[{"x":1.0}],"structuredContent":null}"#, r#"{"content":[{"x":1.0}]}"#),
            (
                r#"{"content":[],"structuredContent":{"a":1.0 }}"#,
                r#"{"content":[],"structuredContent":{"a":1.0 }}"#,
            ),
        ];
        for (given, legacy) in table {
            let result = || RawJson::from_text(given.to_owned()).unwrap();
            assert_eq!(in_era(Era::Legacy, result()).get(), legacy);
            let modern = format!("{},\"resultType\":\"complete\"}}", given.strip_suffix('}').unwrap());
            assert_eq!(in_era(Era::Modern, result()).get(), modern);
        }
    }

    #[test]
    fn what_was_read_is_labelled_and_kept_by_nobody() {
        let plain = r#"{"contents":[ ]}"#;
        let cached = r#"{"contents":[ ],"ttlMs":60000,"cacheScope":"public"}"#;
        let label = r#""_meta":{"portcullis/label":{"trust":"untrusted","serverId":"mcp_01arz3ndektsv4rrffq69g5fav","toolId":"tool_01arz3ndektsv4rrffq69g5fav"}}"#;
        let legacy = format!(r#"{{"contents":[ ],{label}}}"#);
        let modern =
            format!(r#"{{"contents":[ ],"resultType":"complete",{label},"ttlMs":0,"cacheScope":"private"}}"#);
        let mended =
            format!(r#"{{"contents":[ ],"ttlMs":0,"cacheScope":"private","resultType":"complete",{label}}}"#);
        let table = [
            (Era::Legacy, plain, &legacy),
            (Era::Legacy, cached, &legacy),
            (Era::Modern, plain, &modern),
            (Era::Modern, cached, &mended),
        ];
        for (era, given, expected) in table {
            assert_eq!(uncached(era, answer(given, None)).get(), expected);
        }
        let question = r#"{"resultType":"input_required","inputRequests":{},"requestState":"s"}"#;
        let asked = uncached(Era::Modern, answer(question, None));
        assert_eq!(asked.get(), format!("{},{label}}}", question.trim_end_matches('}')), "no resource yet");
    }

    fn answer(result: &str, sanitised: Option<Sanitised>) -> InvokeToolResult {
        InvokeToolResult {
            invocation_id: "inv_01arz3ndektsv4rrffq69g5fav".parse().unwrap(),
            server_id: "mcp_01arz3ndektsv4rrffq69g5fav".parse().unwrap(),
            tool_id: "tool_01arz3ndektsv4rrffq69g5fav".parse().unwrap(),
            status: InvocationOutcome::Success,
            result: RawJson::from_text(result.to_owned()).unwrap(),
            trust: ContentTrust::Untrusted,
            sanitised,
            error_code: None,
            duration_ms: 1,
            policy_decision: PolicyDecision::Allowed,
            policy_ids: Vec::new(),
            policy_version: 1,
        }
    }

    #[test]
    fn a_result_says_that_nobody_vouches_for_it_and_stays_as_it_is_otherwise() {
        let label = r#""portcullis/label":{"trust":"untrusted","serverId":"mcp_01arz3ndektsv4rrffq69g5fav","toolId":"tool_01arz3ndektsv4rrffq69g5fav"}"#;
        let labelled_odd = format!("{},\"_meta\":{{{label}}}}}", ODD.trim_end_matches('}'));
        assert_eq!(labelled(Era::Legacy, answer(ODD, None)).get(), labelled_odd);
        let given = r#"{"content":[],"_meta":{"a/b":1.10}}"#;
        let sanitised = Sanitised { hidden_characters: 2, ..Sanitised::default() };
        assert_eq!(
            labelled(Era::Legacy, answer(given, Some(sanitised))).get(),
            format!(
                r#"{{"content":[],"_meta":{{"a/b":1.10,{label},"portcullis/sanitised":{{"hiddenCharacters":2,"links":0,"icons":0,"members":0,"credential":false}}}}}}"#
            )
        );
    }
}

//! Comparisons with a word that the attribute never has: `resource.risk_level == "criticl"`. Cedar sees a string and
//! is content; a `forbid` that is never met would be the result.

use cedar_policy::Policy;
use portcullis_schemas::integrations::mcp::tool::{ItemKind, RiskLevel};
use portcullis_schemas::principal::ActorType;
use serde_json::Value;

/// A message for each comparison of an attribute that has few values with a text that is none of them.
pub(super) fn unknown_words(policy: &Policy) -> Vec<String> {
    let mut messages = Vec::new();
    if let Ok(json) = policy.to_json() {
        collect(&json["conditions"], &mut messages);
    }
    messages
}

/// Walks the policy's JSON form (<https://docs.cedarpolicy.com/policies/json-format.html>). It is as deep as the
/// parsed text, which Cedar has bounded.
fn collect(node: &Value, messages: &mut Vec<String>) {
    match node {
        Value::Object(members) => {
            for (operator, operands) in members {
                if matches!(operator.as_str(), "==" | "!=" | "contains") {
                    judge(&operands["left"], &operands["right"], messages);
                    judge(&operands["right"], &operands["left"], messages);
                }
                collect(operands, messages);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, messages)),
        _ => {}
    }
}

fn judge(attribute: &Value, compared: &Value, messages: &mut Vec<String>) {
    let Some((name, known)) = known_words(attribute) else { return };
    let set = compared["Set"].as_array().map(Vec::as_slice).unwrap_or_default();
    for word in set.iter().chain([compared]).filter_map(|item| item["Value"].as_str()) {
        if !known.contains(&word) {
            messages.push(format!("`{name}` is never \"{word}\": expected one of {}", known.join(", ")));
        }
    }
}

fn known_words(attribute: &Value) -> Option<(&'static str, Vec<&'static str>)> {
    let access = &attribute["."];
    match (access["left"]["Var"].as_str()?, access["attr"].as_str()?) {
        ("resource", "risk_level") => {
            Some(("resource.risk_level", RiskLevel::ALL.iter().map(|level| level.as_str()).collect()))
        }
        ("resource", "kind") => {
            Some(("resource.kind", ItemKind::ALL.iter().map(|kind| kind.as_str()).collect()))
        }
        ("principal", "kind") => {
            Some(("principal.kind", ActorType::ALL.iter().map(|kind| kind.as_str()).collect()))
        }
        _ => None,
    }
}

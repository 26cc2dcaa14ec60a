//! What an agent learns of a failure.
//!
//! A tool that may not be called looks like one that is not there, as it does in the list. What a model can mend by
//! other arguments, an upstream has done, or a policy refuses of a tool that is in the list, is a result with `isError`. What
//! is the gate's own is a JSON-RPC error with the stable code and the record that tells more.

use portcullis_mcp::jsonrpc::{ErrorCode, Id, RpcError, error_response};
use portcullis_mcp::messages::text_reply;
use portcullis_mcp::version::{Era, ProtocolVersion};
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::integrations::mcp::input::InputKind;
use portcullis_schemas::{Error, ErrorKind};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::Told;
use super::input::capability;

/// Codes by which the decision says that a tool is not for this caller.
const NOT_OFFERED: [Code; 6] = [
    codes::SERVER_NOT_ACTIVE,
    codes::TOOL_DISABLED,
    codes::TOOL_QUARANTINED,
    codes::LIST_STALE,
    codes::FROZEN,
    codes::CREDENTIAL_DENIED,
];
/// Codes by which the decision refuses one call of a tool that the caller sees.
const HELD: [Code; 2] = [codes::POLICY_DENIED, codes::APPROVAL_DENIED];

/// Why there is no result.
#[derive(Debug)]
pub(super) enum Refused {
    /// The request as a whole is refused, as on any other route.
    Problem(Error),
    /// An error in band.
    Rpc { status: u16, error: RpcError },
}

/// The one answer for a tool that is not there or not for this caller.
pub(super) fn unknown_tool() -> Refused {
    Refused::Rpc { status: 200, error: RpcError::new(ErrorCode::INVALID_PARAMS, "Unknown tool") }
}

/// What is not there, or not for this caller.
#[derive(Clone, Copy, Debug)]
pub(super) enum Absent<'a> {
    Prompt,
    Resource {
        uri: &'a str,
    },
    /// What was to be completed.
    Reference,
}

impl Absent<'_> {
    /// The one answer for it. A resource is named by its URI, and the code is the same in both eras: the legacy one,
    /// -32002, must not be sent any more (MCP 2026-07-28, resources, error handling).
    pub(super) fn refused(self) -> Refused {
        let error = |message: &str| RpcError::new(ErrorCode::INVALID_PARAMS, message);
        let error = match self {
            Self::Prompt => error("Unknown prompt"),
            Self::Resource { uri } => error("Resource not found").with_data(&json!({ "uri": uri })),
            Self::Reference => error("Unknown prompt or resource template"),
        };
        Refused::Rpc { status: 200, error }
    }
}

/// A prompt, resource or completion that there is no result of. Their results have no `isError`, so whatever failed is an
/// error in band; what other arguments can mend says so by its code.
pub(super) fn of_item(version: ProtocolVersion, absent: Absent<'_>, error: Error) -> Refused {
    if error.kind() == ErrorKind::NotFound || NOT_OFFERED.contains(&error.code()) {
        return absent.refused();
    }
    if let Some(refused) = of_input(version, &error) {
        return refused;
    }
    match error.kind() {
        ErrorKind::Unauthenticated => Refused::Problem(error),
        ErrorKind::Denied if error.code() == codes::AUTHORITY_DENIED => Refused::Problem(error),
        ErrorKind::Invalid => {
            Refused::Rpc { status: 200, error: with_code(ErrorCode::INVALID_PARAMS, &error) }
        }
        _ => Refused::Rpc { status: 200, error: in_band(&error) },
    }
}

/// A prompt, resource or completion that waits for a person.
pub(super) fn of_approval(error: &Error, page: Option<&str>) -> Refused {
    let mut data = data_of(error);
    let decided = page.map(|page| format!("; it is decided at {page}")).unwrap_or_default();
    let name = if error.page().is_some() { "pageUrl" } else { "approvalUrl" };
    data.extend(page.map(|page| (name.to_owned(), page.into())));
    let message = format!("{}{decided}", error.public());
    let error = RpcError::new(ErrorCode::INTERNAL_ERROR, &message).with_data(&Value::Object(data));
    Refused::Rpc { status: 200, error }
}

/// A list that could not be made.
pub(super) fn of_list(error: Error) -> Refused {
    if error.code() == codes::INVALID_CURSOR {
        let error = RpcError::new(ErrorCode::INVALID_PARAMS, error.public());
        return Refused::Rpc { status: 200, error };
    }
    Refused::Problem(error)
}

/// A call that has no result of its tool: what the agent gets instead.
pub(super) fn of_call(version: ProtocolVersion, error: Error) -> Result<Box<RawValue>, Refused> {
    if error.kind() == ErrorKind::NotFound || NOT_OFFERED.contains(&error.code()) {
        return Err(unknown_tool());
    }
    if error.code() == codes::HEADER_MISMATCH {
        let error = RpcError::new(ErrorCode::HEADER_MISMATCH, error.public());
        return Err(Refused::Rpc { status: 400, error });
    }
    if let Some(refused) = of_input(version, &error) {
        return Err(refused);
    }
    match error.kind() {
        ErrorKind::Unauthenticated => Err(Refused::Problem(error)),
        ErrorKind::Denied if error.code() == codes::AUTHORITY_DENIED => Err(Refused::Problem(error)),
        ErrorKind::Denied if HELD.contains(&error.code()) => Ok(text_reply(version, &told(&error), true)),
        ErrorKind::RateLimited if error.code() == codes::APPROVALS_FULL => {
            Ok(text_reply(version, &told(&error), true))
        }
        ErrorKind::Invalid | ErrorKind::Conflict | ErrorKind::Upstream => {
            Ok(text_reply(version, &told(&error), true))
        }
        ErrorKind::Timeout if error.code() != codes::DEADLINE_EXCEEDED => {
            Ok(text_reply(version, &told(&error), true))
        }
        _ => Err(Refused::Rpc { status: 200, error: in_band(&error) }),
    }
}

/// What the protocol has codes of its own for: a state that leads nowhere, and a server that needs of the client what it does
/// not declare.
fn of_input(version: ProtocolVersion, error: &Error) -> Option<Refused> {
    if error.code() == codes::REQUEST_STATE_REFUSED {
        return Some(Refused::Rpc { status: 200, error: with_code(ErrorCode::INVALID_PARAMS, error) });
    }
    let required = capability(InputKind::required_by(error.code())?)?;
    let mut data = data_of(error);
    data.insert("requiredCapabilities".to_owned(), serde_json::to_value(required).ok()?);
    let error = RpcError::new(ErrorCode::MISSING_CLIENT_CAPABILITY, error.public());
    let error = error.with_data(&Value::Object(data));
    (version.era() == Era::Modern).then_some(Refused::Rpc { status: 400, error })
}

/// A failure that came when a part of the answer was sent already, so that it can be no problem any more.
pub(super) fn too_late(id: &Id, error: &Error) -> Told {
    Told { status: 200, body: error_response(Some(id), &in_band(error)) }
}

/// Code, words, and the record that tells more.
pub(super) fn told(error: &Error) -> String {
    let reference = error.reference().map(|(name, id)| format!(" ({name} {id})")).unwrap_or_default();
    format!("{}: {}{reference}", error.code(), error.public())
}

fn in_band(error: &Error) -> RpcError {
    with_code(ErrorCode::INTERNAL_ERROR, error)
}

fn with_code(code: ErrorCode, error: &Error) -> RpcError {
    RpcError::new(code, error.public()).with_data(&Value::Object(data_of(error)))
}

fn data_of(error: &Error) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("code".to_owned(), error.code().as_str().into());
    data.extend(error.reference().map(|(name, id)| (name.to_owned(), id.into())));
    data.extend(
        error.retry_after().map(|wait| ("retryAfterSeconds".to_owned(), wait.as_secs().max(1).into())),
    );
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(kind: ErrorKind, code: Code) -> &'static str {
        let error = Error::new(kind, code, "words").with_reference("invocation_id", "inv_1");
        match of_call(ProtocolVersion::V2025_11_25, error) {
            Ok(result) if result.get().contains("\"isError\":true") => "result",
            Ok(_) => "success",
            Err(Refused::Problem(_)) => "problem",
            Err(Refused::Rpc { error, .. }) if error.message == "Unknown tool" => "unknown",
            Err(Refused::Rpc { .. }) => "rpc",
        }
    }

    #[test]
    fn that_a_policy_refuses_a_prompt_has_its_code() {
        let of_prompt = |kind, code| {
            let error = Error::new(kind, code, "words").with_reference("invocation_id", "inv_1");
            match of_item(ProtocolVersion::V2026_07_28, Absent::Prompt, error) {
                Refused::Rpc { error, .. } => {
                    (error.message.to_string(), error.data.map(|data| data.to_string()))
                }
                Refused::Problem(_) => panic!("a problem"),
            }
        };
        let absent = of_prompt(ErrorKind::NotFound, codes::NOT_FOUND);
        assert_eq!(absent, ("Unknown prompt".to_owned(), None));
        assert_eq!(of_prompt(ErrorKind::Denied, codes::FROZEN), absent);
        let (words, data) = of_prompt(ErrorKind::Denied, codes::POLICY_DENIED);
        assert_eq!(words, "words");
        assert!(data.unwrap().contains("\"code\":\"policy_denied\""));
    }

    #[test]
    fn what_is_refused_looks_like_what_is_absent() {
        let table = [
            (ErrorKind::NotFound, codes::NOT_FOUND, "unknown"),
            (ErrorKind::Denied, codes::POLICY_DENIED, "result"),
            (ErrorKind::Denied, codes::FROZEN, "unknown"),
            (ErrorKind::Denied, codes::TOOL_QUARANTINED, "unknown"),
            (ErrorKind::Conflict, codes::SERVER_NOT_ACTIVE, "unknown"),
            (ErrorKind::Invalid, codes::ARGUMENTS_INVALID, "result"),
            (ErrorKind::Upstream, codes::UPSTREAM_ERROR, "result"),
            (ErrorKind::Timeout, codes::UPSTREAM_TIMEOUT, "result"),
            (ErrorKind::Timeout, codes::DEADLINE_EXCEEDED, "rpc"),
            (ErrorKind::Denied, codes::APPROVAL_DENIED, "result"),
            (ErrorKind::RateLimited, codes::APPROVALS_FULL, "result"),
            (ErrorKind::Unavailable, codes::AUDIT_UNAVAILABLE, "rpc"),
            (ErrorKind::Unavailable, codes::OUTCOME_UNRECORDED, "rpc"),
            (ErrorKind::RateLimited, codes::OVERLOADED, "rpc"),
            (ErrorKind::Internal, codes::INTERNAL, "rpc"),
            (ErrorKind::Denied, codes::CREDENTIAL_UNAVAILABLE, "rpc"),
            (ErrorKind::Unauthenticated, codes::UNAUTHENTICATED, "problem"),
            (ErrorKind::Denied, codes::AUTHORITY_DENIED, "problem"),
        ];
        for (kind, code, expected) in table {
            assert_eq!(outcome(kind, code), expected, "{kind:?} {code}");
        }
    }
}

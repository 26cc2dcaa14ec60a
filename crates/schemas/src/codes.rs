//! Every stable error code, in one list. Removing or renaming one breaks callers; the list is a snapshot.
//!
//! Consumers: api, drivers, engines, portcullis, spine, vault

use std::fmt;

/// A stable, machine-readable code: lower-case words joined by `_`, optionally dotted by area.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    /// The code as text.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        $($(#[$doc])* pub const $name: Code = Code($text);)+

        /// Every code, in the order of this file.
        pub const ALL: &[Code] = &[$($name),+];

        /// The code of this spelling, for what was stored.
        pub fn by_text(text: &str) -> Option<Code> {
            ALL.iter().copied().find(|code| code.as_str() == text)
        }
    };
}

codes! {
    // Requests
    /// The body is not strict JSON: duplicate members, depth, numbers that do not round-trip.
    INVALID_JSON = "invalid_json";
    /// A field breaks its bound or rule.
    INVALID_FIELD = "invalid_field";
    /// A header breaks its rule.
    INVALID_HEADER = "invalid_header";
    /// A header that mirrors a part of the body differs from it.
    HEADER_MISMATCH = "header_mismatch";
    /// The cursor was not issued by this list.
    INVALID_CURSOR = "invalid_cursor";
    /// There is no such route or method.
    ROUTE_UNKNOWN = "route_unknown";
    /// The media type is not `application/json`.
    MEDIA_TYPE = "media_type";
    /// The body is too large.
    BODY_TOO_LARGE = "body_too_large";
    /// Absent, or of another tenant.
    NOT_FOUND = "not_found";
    /// A name or URL is taken in this tenant.
    ALREADY_EXISTS = "already_exists";
    /// The thing is in a state that does not allow this.
    STATE_CONFLICT = "state_conflict";
    // Dispatch
    /// No operation of this name is registered.
    OPERATION_UNKNOWN = "operation_unknown";
    /// The handler panicked; nothing was committed.
    OPERATION_PANICKED = "operation_panicked";
    /// The key's scopes do not hold the operation's authority.
    AUTHORITY_DENIED = "authority_denied";
    /// No key, a malformed key, an unknown or revoked key: one answer for all.
    UNAUTHENTICATED = "unauthenticated";
    /// The keys of a token's issuer cannot be had, so the token could not be judged.
    TOKEN_ISSUER_UNAVAILABLE = "token_issuer_unavailable";
    /// Tenant, key, server or tool is frozen by the kill switch.
    FROZEN = "frozen";
    /// The same idempotency key with another request.
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch";
    /// The first request with this idempotency key has not ended.
    IDEMPOTENCY_IN_FLIGHT = "idempotency_in_flight";
    /// The upstream may have acted, and nobody knows how it ended: the connection ended without a byte of an answer, or the
    /// first request with this idempotency key was cut off. It is not run again.
    OUTCOME_UNKNOWN = "outcome_unknown";
    /// The first request with this idempotency key has ended with an answer that was too large to be kept for repeats.
    ANSWER_NOT_KEPT = "answer_not_kept";
    // Load, time and the end
    /// More is under way than is served at a time. Nothing was done.
    OVERLOADED = "overloaded";
    /// The time that the caller gave, or that the operation has, is over. What was begun ends on record all the same.
    DEADLINE_EXCEEDED = "deadline_exceeded";
    /// This process is about to end. Nothing was done.
    SHUTTING_DOWN = "shutting_down";
    // The governed call
    /// The intent could not be recorded, so nothing was done.
    AUDIT_UNAVAILABLE = "audit_unavailable";
    /// The call was made but its outcome could not be recorded, so the result is withheld.
    OUTCOME_UNRECORDED = "outcome_unrecorded";
    /// The tenant's configuration changed, again and again, while the call was judged; nothing was done.
    CONFIGURATION_UNSETTLED = "configuration_unsettled";
    /// The server is not in state `active` or `degraded`.
    SERVER_NOT_ACTIVE = "server_not_active";
    /// The tool is disabled.
    TOOL_DISABLED = "tool_disabled";
    /// The tool is quarantined: its definition is new or has changed, and nobody has approved it.
    TOOL_QUARANTINED = "tool_quarantined";
    /// The server's list was not read for too long, or not for a call that needs it: its tools may be others by now.
    LIST_STALE = "list_stale";
    /// The arguments do not fit the tool's input schema, or are not declared in it.
    ARGUMENTS_INVALID = "arguments_invalid";
    /// The tool's input schema cannot be used (unsupported dialect, external reference, too costly).
    SCHEMA_UNUSABLE = "schema_unusable";
    /// No policy permits the call, a policy forbids it, or a policy failed to evaluate.
    POLICY_DENIED = "policy_denied";
    /// A policy or the tool asks for a person's approval of this very call. Nothing was sent.
    APPROVAL_REQUIRED = "approval_required";
    /// A person has refused this very call.
    APPROVAL_DENIED = "approval_denied";
    /// Who asked for an approval may not be the one who gives it.
    APPROVAL_FOUR_EYES = "approval_four_eyes";
    /// As many calls of this key wait for an approval as may.
    APPROVALS_FULL = "approvals_full";
    /// The `requestState` is none that was given out for this request, or too old, or used already. Nothing was sent.
    REQUEST_STATE_REFUSED = "request_state_refused";
    // Policies
    /// The policy text does not parse or does not fit the schema.
    POLICY_INVALID = "policy_invalid";
    // Credentials
    /// No rule lets this accessor use this credential.
    CREDENTIAL_DENIED = "credential_denied";
    /// The reference is not of a form that may be used here.
    CREDENTIAL_REFERENCE = "credential_reference";
    /// The credential cannot be opened.
    CREDENTIAL_UNAVAILABLE = "credential_unavailable";
    /// The secret cannot be used as the header that the authentication type asks for.
    CREDENTIAL_UNUSABLE = "credential_unusable";
    /// The authorization server gives no token for the credential, or again one that the MCP server has refused.
    UPSTREAM_TOKEN_REFUSED = "upstream_token_refused";
    /// The authorization server gives a token that may not be used: for more than was asked for, of another type, the
    /// caller's own, or in an answer that is none.
    UPSTREAM_TOKEN_UNUSABLE = "upstream_token_unusable";
    /// The authorization server could not be asked for a token, or could not answer.
    UPSTREAM_TOKEN_UNAVAILABLE = "upstream_token_unavailable";
    /// The caller has connected no account at the MCP server, or must do so anew.
    CONNECTION_REQUIRED = "connection_required";
    /// The MCP server takes the caller's access token exchanged, and the caller came with an API key.
    ACCESS_TOKEN_REQUIRED = "access_token_required";
    /// The MCP server wants scopes that its tokens are not asked for. Nothing was done.
    SCOPE_REQUIRED = "scope_required";
    /// An MCP server refuses the headers of a call, which its tool's approved definition asks for: it may have another by now.
    /// Nothing was done.
    HEADERS_REFUSED = "headers_refused";
    /// What a server says of its authorization server, or that of itself and of us, breaks a rule; the public message names it.
    AUTHORIZATION_REFUSED = "authorization_refused";
    /// The metadata of an authorization server name another issuer than the one they were read for, so they may be another's.
    ISSUER_MISMATCH = "issuer_mismatch";
    /// Key material is missing or of the wrong form.
    KEY_UNAVAILABLE = "key_unavailable";
    // Egress and upstream
    /// The URL breaks an egress rule; the public message names the rule.
    EGRESS_REFUSED = "egress_refused";
    /// The transport is not offered.
    TRANSPORT_UNSUPPORTED = "transport_unsupported";
    /// The upstream could not be reached.
    UPSTREAM_UNREACHABLE = "upstream_unreachable";
    /// The upstream did not answer in time.
    UPSTREAM_TIMEOUT = "upstream_timeout";
    /// The upstream refused our credential.
    UPSTREAM_UNAUTHORIZED = "upstream_unauthorized";
    /// The upstream's answer breaks the protocol.
    UPSTREAM_PROTOCOL = "upstream_protocol";
    /// The upstream's answer breaks a cap.
    UPSTREAM_TOO_LARGE = "upstream_too_large";
    /// The upstream shows no certificate of a trusted authority for its name, or breaks TLS.
    UPSTREAM_TLS = "upstream_tls";
    /// The upstream sends us elsewhere. Redirects are not followed.
    UPSTREAM_REDIRECT = "upstream_redirect";
    /// The upstream answered to another request than ours.
    ID_MISMATCH = "id_mismatch";
    /// The upstream's JSON is nested too deep.
    JSON_DEPTH = "json_depth";
    /// The upstream's JSON holds too many values.
    JSON_NODES = "json_nodes";
    /// The upstream's text is none that JSON allows: not UTF-8, half a surrogate pair, a raw control character.
    JSON_TEXT = "json_text";
    /// The tool's result holds content of a kind that is not handed on.
    CONTENT_REFUSED = "content_refused";
    /// The upstream asks for input of its caller, and is given none.
    INPUT_REFUSED = "input_refused";
    /// The call whose upstream asked is not held here any more: the answers were not given, and it may have acted.
    QUESTION_LAPSED = "question_lapsed";
    /// The upstream hands out state that is not carried for it, or too much of it.
    STATE_REFUSED = "state_refused";
    /// The upstream has to ask a person by a form, and the caller's client does not declare that it can.
    ELICITATION_REQUIRED = "elicitation_required";
    /// The upstream has to send a person to a URL, and the caller's client does not declare that it can.
    URL_ELICITATION_REQUIRED = "url_elicitation_required";
    /// The upstream has to ask the client's model, and the caller's client does not declare that it can.
    SAMPLING_REQUIRED = "sampling_required";
    /// The same with tools for that model.
    SAMPLING_TOOLS_REQUIRED = "sampling_tools_required";
    /// The upstream has to know the client's folders, and the caller's client does not declare that it tells.
    ROOTS_REQUIRED = "roots_required";
    /// The upstream answered with a JSON-RPC error.
    UPSTREAM_ERROR = "upstream_error";
    /// The upstream speaks no version that we speak, or not the pinned one.
    UPSTREAM_INCOMPATIBLE = "upstream_incompatible";
    /// The tool ran and reports an error in its result.
    TOOL_ERROR = "tool_error";
    /// The call was cancelled by the caller.
    CANCELLED = "cancelled";
    /// The tool's definition was refused at discovery.
    DEFINITION_REFUSED = "definition_refused";
    // Store and trail
    /// The store cannot serve.
    STORE_UNAVAILABLE = "store_unavailable";
    /// Stored data breaks an invariant.
    STORE_CORRUPT = "store_corrupt";
    /// The intent was closed already; the settlement is refused.
    INTENT_CLOSED = "intent_closed";
    /// A defect of ours.
    INTERNAL = "internal";
}

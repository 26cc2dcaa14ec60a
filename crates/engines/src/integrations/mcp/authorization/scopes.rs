//! What tokens are asked for (MCP authorization, "Scope Selection Strategy" and "Scope Challenge Handling").

use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::server::McpAuthType;

use super::{AuthorizationServer, McpFailure, McpServer, OauthScope, ProtectedResource};

/// By this scope refresh tokens are asked for (OpenID Connect Core 1.0 section 11).
const OFFLINE: &str = "offline_access";

/// What to ask for: what an admin has fixed, now or before, else what the challenge names, else all that the resource names,
/// else nothing. With what the server names `offline_access` where browsers are used and the authorization server lists it;
/// without a browser never, though it was fixed: who asks as itself has nothing to be offline from, and is refused for it.
#[must_use]
pub fn scope_to_ask(
    fixed: Option<&OauthScope>,
    challenged: Option<&str>,
    resource: &ProtectedResource,
    server: &AuthorizationServer,
    by_browser: bool,
) -> Option<OauthScope> {
    if let Some(scope) = fixed {
        let words = scope.as_str().split(' ').filter(|word| by_browser || *word != OFFLINE);
        return OauthScope::new(words.collect::<Vec<_>>().join(" ")).ok();
    }
    let mut words = named(challenged, resource);
    words.retain(|word| *word != OFFLINE);
    if by_browser && server.is_offline && !words.is_empty() {
        words.push(OFFLINE);
    }
    joined(words)
}

/// What the server names beyond what is asked for. `None` as well where anything is asked for.
#[must_use]
pub fn wider_than(
    asked: Option<&OauthScope>,
    challenged: Option<&str>,
    resource: &ProtectedResource,
) -> Option<OauthScope> {
    let asked = asked?;
    let mut words = named(challenged, resource);
    words.retain(|word| *word != OFFLINE && !asked.as_str().split(' ').any(|known| known == *word));
    joined(words)
}

/// A server that wants more scopes than its tokens are asked for. The failure's scope becomes those that are asked for with
/// those that it wants, for the trail and for admins. Its detail is for models, and has no word of the server's.
#[must_use]
pub fn stepped_up(failure: McpFailure, server: &McpServer) -> McpFailure {
    if failure.code != codes::SCOPE_REQUIRED {
        return failure;
    }
    let asked = server.oauth.as_ref().and_then(|oauth| oauth.scope.as_ref());
    let asked = asked.map_or("", |scope| scope.as_str()).split(' ');
    let wanted = failure.scope.as_ref().map_or("", |scope| scope.as_str()).split(' ');
    let scope = failure.scope.is_some().then(|| joined(asked.chain(wanted).collect())).flatten();
    let detail = "the server wants more scopes than its credential has".to_owned();
    McpFailure { detail, scope, ..failure }
}

/// What an admin can do about [`stepped_up`]. Holds the server's words, in the form of scopes: not for models.
#[must_use]
pub fn scope_advice(failure: &McpFailure, server: &McpServer) -> String {
    let Some(scope) = &failure.scope else {
        return "it does not say which: look into its documentation".to_owned();
    };
    match server.auth_type {
        McpAuthType::OauthAuthorizationCode => format!(
            "an admin who agrees discovers its authorization anew with the scope `{scope}`, and callers connect anew"
        ),
        auth_type if auth_type.is_oauth() => {
            format!("an admin who agrees discovers its authorization anew with the scope `{scope}`")
        }
        _ => format!("an admin who agrees stores a credential that has the scope `{scope}`"),
    }
}

fn named<'a>(challenged: Option<&'a str>, resource: &'a ProtectedResource) -> Vec<&'a str> {
    match (challenged, &resource.scopes) {
        (Some(challenged), _) => challenged.split(' ').collect(),
        (None, Some(named)) => named.iter().map(String::as_str).collect(),
        (None, None) => Vec::new(),
    }
}

/// Each word once, those that have no form of a scope left out, as many as there is room for (RFC 6749 section 3.3).
fn joined(words: Vec<&str>) -> Option<OauthScope> {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\`".contains(&byte))
    };
    let mut scope = String::new();
    for word in words.into_iter().filter(|word| is_word(word)) {
        if scope.split(' ').any(|known| known == word) || scope.len() + word.len() >= OauthScope::MAX_CHARS {
            continue;
        }
        if !scope.is_empty() {
            scope.push(' ');
        }
        scope.push_str(word);
    }
    OauthScope::new(scope).ok()
}

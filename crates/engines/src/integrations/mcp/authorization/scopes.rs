//! What tokens are asked for (MCP authorization, "Scope Selection Strategy" and "Scope Challenge Handling").

use portcullis_schemas::codes;

use super::{AuthorizationServer, McpFailure, McpServer, OauthScope, ProtectedResource};

/// By this scope refresh tokens are asked for (OpenID Connect Core 1.0 section 11).
const OFFLINE: &str = "offline_access";

/// What to ask for: what the admin says, else what the challenge names, else all that the resource names, else nothing.
/// With it `offline_access` where browsers are used and the authorization server lists it.
#[must_use]
pub fn scope_to_ask(
    admins: Option<&OauthScope>,
    challenged: Option<&str>,
    resource: &ProtectedResource,
    server: &AuthorizationServer,
    by_browser: bool,
) -> Option<OauthScope> {
    if let Some(scope) = admins {
        return Some(scope.clone());
    }
    let mut words: Vec<&str> = match (challenged, &resource.scopes) {
        (Some(challenged), _) => challenged.split(' ').collect(),
        (None, Some(named)) => named.iter().map(String::as_str).collect(),
        (None, None) => Vec::new(),
    };
    words.retain(|word| *word != OFFLINE);
    if by_browser && server.is_offline && !words.is_empty() {
        words.push(OFFLINE);
    }
    joined(words)
}

/// A server that wants more scopes than its tokens are asked for: the failure names those that are and those that it wants,
/// for the admin who decides whether they are asked for from now on.
#[must_use]
pub fn stepped_up(failure: McpFailure, server: &McpServer) -> McpFailure {
    if failure.code != codes::SCOPE_REQUIRED {
        return failure;
    }
    let asked = server.oauth.as_ref().and_then(|oauth| oauth.scope.as_ref());
    let asked = asked.map_or("", |scope| scope.as_str()).split(' ');
    let wanted = failure.scope.as_ref().map_or("", |scope| scope.as_str()).split(' ');
    let detail = match joined(asked.chain(wanted).collect()) {
        None => "the server wants more scopes than it was asked with, and does not say which".to_owned(),
        Some(scope) => format!(
            "the server wants more scopes: an admin who agrees discovers its authorization anew with the scope `{scope}`, \
             and callers connect anew"
        ),
    };
    McpFailure { detail, ..failure }
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

//! Whom a proven token stands for: the first of the operator's rules that fits.

use std::collections::BTreeSet;

use portcullis_schemas::api_keys::tokens::{TokenBinding, TokenRule, TokenSettings, TokenSubject};
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::principal::{ActorType, Scope};
use portcullis_schemas::text::UrlText;
use serde_json::{Map, Value};

use super::{Claimed, TokenFault};

/// A subject of a tenant, by an operator's rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenIdentity {
    /// The tenant.
    pub tenant: TenantId,
    /// The subject.
    pub binding: TokenBinding,
    /// What the token may do at most; the subject's key narrows it further.
    pub scopes: BTreeSet<Scope>,
    /// The kind of actor, should the subject be registered now.
    pub actor_type: ActorType,
    /// Whether a subject that the tenant does not know is registered now.
    pub register: bool,
}

/// The subject of a token whose signature was checked.
///
/// # Errors
/// `Rule`, when no rule fits, or the one that fits names a claim that is no text of 1 to 255 visible signs.
pub fn identify(claimed: &Claimed<'_>, settings: &TokenSettings) -> Result<TokenIdentity, TokenFault> {
    let (claims, issuer) = (&claimed.jws().claims, claimed.issuer());
    let fits = |rule: &&TokenRule| rule.when.iter().all(|(name, text)| says(claims, name, text));
    let rule = issuer.rules.iter().find(fits).ok_or(TokenFault::Rule)?;
    let subject = claim(claims, &rule.subject_claim).and_then(Value::as_str);
    let subject = subject.and_then(|text| TokenSubject::new(text).ok()).ok_or(TokenFault::Rule)?;
    let issuer = UrlText::new(issuer.issuer.as_str()).map_err(|_| TokenFault::Rule)?;
    let mut scopes = match &rule.scopes {
        Some(granted) => granted.iter().copied().collect(),
        None => own_scopes(claims, &settings.scope_prefix),
    };
    // Whoever manages tenants does so with a key that is kept here.
    scopes.remove(&Scope::Operator);
    Ok(TokenIdentity {
        tenant: rule.tenant.clone(),
        binding: TokenBinding { issuer, subject },
        scopes,
        actor_type: rule.actor_type,
        register: rule.register,
    })
}

/// A claim by its name, or by a JSON pointer.
fn claim<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let Some(path) = name.strip_prefix('/') else { return claims.get(name) };
    let unescaped = |token: &str| token.replace("~1", "/").replace("~0", "~");
    let mut tokens = path.split('/').map(unescaped);
    let first = claims.get(&tokens.next()?)?;
    tokens.try_fold(first, |value, token| match value {
        Value::Object(members) => members.get(&token),
        _ => None,
    })
}

/// Whether a claim is this text, or a list that holds it; of `scope`, whether one of its words is.
fn says(claims: &Map<String, Value>, name: &str, expected: &str) -> bool {
    let is_it = |value: &Value| match value {
        Value::String(text) => text == expected,
        Value::Bool(flag) => expected.parse() == Ok(*flag),
        Value::Number(number) => number.as_i64().is_some_and(|number| expected.parse() == Ok(number)),
        _ => false,
    };
    match claim(claims, name) {
        Some(Value::Array(values)) => values.iter().any(is_it),
        Some(Value::String(text)) if name == "scope" => text.split(' ').any(|word| word == expected),
        Some(value) => is_it(value),
        None => false,
    }
}

/// The scopes that the token names (RFC 9068 section 2.2.3), or those of `scp`, as some issuers write it.
fn own_scopes(claims: &Map<String, Value>, prefix: &str) -> BTreeSet<Scope> {
    let words: Vec<&str> = match claims.get("scope").or_else(|| claims.get("scp")) {
        Some(Value::String(text)) => text.split(' ').collect(),
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    words.iter().filter_map(|word| word.strip_prefix(prefix)?.parse().ok()).collect()
}

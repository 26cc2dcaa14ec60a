//! The section `[tokens]`: whose access tokens are let in. Its issuers are tables of a file; no variable and no flag
//! could say as much.

use std::collections::BTreeMap;

use config::{Map, Value, ValueKind};
use portcullis_schemas::api_keys::tokens::{TokenAlgorithm, TokenIssuer, TokenRule, TokenSettings};
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::principal::{ActorType, Scope};
use url::Url;

use super::reader::Reader;
use super::rules::{self, Given};

/// Most issuers, and most rules of one.
const MAX_ITEMS: usize = 64;
/// Longest text of a claim or an audience.
const MAX_TEXT: usize = 2048;
const SKEW_SECONDS: u64 = 30;
const MAX_SKEW: i64 = 300;

/// The settings of tokens; `None` without an issuer.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<TokenSettings> {
    let resource = reader.read("tokens.resource", rules::resource);
    let scope_prefix = reader.read("tokens.scope_prefix", rules::scope_prefix).unwrap_or_default();
    let issuers = reader.read("tokens.issuers", issuers)?;
    if resource.is_none() {
        let expected =
            "expected the origin under which callers know this server, since tokens are made for it";
        reader.demand("tokens.resource", "tokens.issuers", expected);
    }
    resource.map(|resource| TokenSettings { resource, scope_prefix, issuers })
}

fn issuers(given: Given<'_>) -> Result<Vec<TokenIssuer>, String> {
    let ValueKind::Array(items) = given.value else {
        return Err("expected tables `[[tokens.issuers]]` in a configuration file".to_owned());
    };
    if items.is_empty() || items.len() > MAX_ITEMS {
        return Err(format!("expected 1 to {MAX_ITEMS} tables `[[tokens.issuers]]`"));
    }
    let read =
        |(at, item): (usize, &Value)| issuer(item).map_err(|wrong| format!("item {}: {wrong}", at + 1));
    let issuers = items.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
    for (at, issuer) in issuers.iter().enumerate() {
        if issuers[..at].iter().any(|earlier| earlier.issuer == issuer.issuer) {
            return Err(format!("item {}: issuer: expected each issuer once", at + 1));
        }
    }
    Ok(issuers)
}

fn issuer(item: &Value) -> Result<TokenIssuer, String> {
    let table = Table::of(item, &["issuer", "jwks_uri", "audiences", "algorithms", "skew_seconds", "rules"])?;
    let url = "expected a URL like `https://login.example/realms/acme`, without user, query and fragment";
    let issuer = table.text("issuer")?.filter(|text| is_plain_url(text));
    let issuer = issuer.ok_or_else(|| format!("issuer: {url}"))?;
    let jwks_uri = table.text("jwks_uri")?;
    if jwks_uri.as_deref().is_some_and(|text| Url::parse(text).is_err()) {
        return Err("jwks_uri: expected a URL, or none to find it by discovery".to_owned());
    }
    let algorithms = match table.texts("algorithms")? {
        None => TokenAlgorithm::ALL.to_vec(),
        Some(names) => named(&names, "algorithms")?,
    };
    let skew = table.number("skew_seconds")?.map_or(Ok(SKEW_SECONDS), |seconds| match seconds {
        0..=MAX_SKEW => Ok(seconds.unsigned_abs()),
        _ => Err(format!("skew_seconds: expected a whole number of seconds from 0 to {MAX_SKEW}")),
    })?;
    let rules = table.tables("rules")?;
    if rules.is_empty() || rules.len() > MAX_ITEMS {
        let expected =
            "expected 1 to 64 tables `[[tokens.issuers.rules]]`: a token that no rule fits is refused";
        return Err(format!("rules: {expected}"));
    }
    let read =
        |(at, item): (usize, &Value)| rule(item).map_err(|wrong| format!("rules, item {}: {wrong}", at + 1));
    Ok(TokenIssuer {
        issuer,
        jwks_uri,
        audiences: table.texts("audiences")?.unwrap_or_default(),
        algorithms,
        skew_seconds: skew,
        rules: rules.iter().enumerate().map(read).collect::<Result<_, _>>()?,
    })
}

fn rule(item: &Value) -> Result<TokenRule, String> {
    let table = Table::of(item, &["tenant", "subject_claim", "actor_type", "scopes", "register", "when"])?;
    let tenant = table.text("tenant")?.and_then(|text| TenantId::from_trusted(&text).ok());
    let actor_type = match table.text("actor_type")?.as_deref() {
        None | Some("machine") => ActorType::Machine,
        Some("human") => ActorType::Human,
        Some(_) => return Err("actor_type: expected `human` or `machine`".to_owned()),
    };
    let scopes = match table.texts("scopes")? {
        None => None,
        Some(names) if names.iter().any(|name| name == Scope::Operator.as_str()) => {
            return Err(
                "scopes: expected invoke, read, admin: tenants are managed with an API key".to_owned()
            );
        }
        Some(names) => Some(named(&names, "scopes")?),
    };
    Ok(TokenRule {
        tenant: tenant.ok_or("tenant: expected the id of a tenant, like `ten_` and 26 characters")?,
        subject_claim: table.text("subject_claim")?.unwrap_or_else(|| "sub".to_owned()),
        actor_type,
        scopes,
        register: table.flag("register")?.unwrap_or(false),
        when: table.map("when")?,
    })
}

/// The values of these names, one or more, each once.
fn named<T: std::str::FromStr + PartialEq>(names: &[String], key: &str) -> Result<Vec<T>, String>
where
    T::Err: std::fmt::Display,
{
    let mut values: Vec<T> = Vec::new();
    for name in names {
        let value = name.parse().map_err(|expected| format!("{key}: {expected}"))?;
        if values.contains(&value) {
            return Err(format!("{key}: expected each once"));
        }
        values.push(value);
    }
    if values.is_empty() { Err(format!("{key}: expected one or more")) } else { Ok(values) }
}

/// An identifier of an issuer (RFC 8414 section 2), or of one that listens without TLS, for which the operator has
/// waived the egress rules.
fn is_plain_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let is_web = matches!(url.scheme(), "https" | "http") && url.has_host();
        let is_bare = url.username().is_empty() && url.password().is_none();
        is_web && is_bare && url.query().is_none() && url.fragment().is_none()
    })
}

/// A table of known keys.
struct Table<'a>(&'a Map<String, Value>);

impl<'a> Table<'a> {
    fn of(item: &'a Value, known: &[&str]) -> Result<Self, String> {
        let ValueKind::Table(members) = &item.kind else { return Err("expected a table".to_owned()) };
        match members.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(Self(members)),
            Some(key) => Err(format!("{key}: unknown setting; expected one of {}", known.join(", "))),
        }
    }

    fn kind(&self, key: &str) -> Option<&'a ValueKind> {
        self.0.get(key).map(|value| &value.kind)
    }

    fn text(&self, key: &str) -> Result<Option<String>, String> {
        self.kind(key).map(|kind| text(kind).ok_or_else(|| format!("{key}: expected a text"))).transpose()
    }

    fn flag(&self, key: &str) -> Result<Option<bool>, String> {
        match self.kind(key) {
            None => Ok(None),
            Some(ValueKind::Boolean(flag)) => Ok(Some(*flag)),
            Some(_) => Err(format!("{key}: expected true or false")),
        }
    }

    fn number(&self, key: &str) -> Result<Option<i64>, String> {
        match self.kind(key) {
            None => Ok(None),
            Some(ValueKind::I64(number)) => Ok(Some(*number)),
            Some(_) => Err(format!("{key}: expected a whole number")),
        }
    }

    fn texts(&self, key: &str) -> Result<Option<Vec<String>>, String> {
        let expected = || format!("{key}: expected a list of texts");
        match self.kind(key) {
            None => Ok(None),
            Some(ValueKind::Array(items)) if items.len() <= MAX_ITEMS => {
                let texts = items.iter().map(|item| text(&item.kind)).collect::<Option<Vec<_>>>();
                texts.map(Some).ok_or_else(expected)
            }
            Some(_) => Err(expected()),
        }
    }

    fn tables(&self, key: &str) -> Result<&'a [Value], String> {
        match self.kind(key) {
            None => Ok(&[]),
            Some(ValueKind::Array(items)) => Ok(items),
            Some(_) => Err(format!("{key}: expected tables")),
        }
    }

    fn map(&self, key: &str) -> Result<BTreeMap<String, String>, String> {
        let expected = || format!("{key}: expected names of claims, each with a text that it must say");
        match self.kind(key) {
            None => Ok(BTreeMap::new()),
            Some(ValueKind::Table(members)) => {
                let pair = |(name, value): (&String, &Value)| Some((name.clone(), text(&value.kind)?));
                members.iter().map(pair).collect::<Option<_>>().ok_or_else(expected)
            }
            Some(_) => Err(expected()),
        }
    }
}

fn text(kind: &ValueKind) -> Option<String> {
    match kind {
        ValueKind::String(text) if (1..=MAX_TEXT).contains(&text.len()) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

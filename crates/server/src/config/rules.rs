//! What a valid value is, setting by setting. Each rule answers with the value, or with what was expected.

use std::fs;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use config::{Value, ValueKind};
use http::uri::Authority;
use portcullis::KeyEnvironment;
use portcullis_drivers::egress::{EgressRules, TlsRoots};
use portcullis_trail::note::VerifierKey;
use url::Url;

use super::{LogFormat, LogLevel};

/// Far more than any list needs.
const MAX_ITEMS: usize = 256;
/// Far more than a bundle of certificate authorities has.
const MAX_CA_BYTES: u64 = 4 * 1024 * 1024;

/// A value as a layer gives it. Environment and flags have text only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given<'a> {
    pub(super) value: &'a ValueKind,
    pub(super) is_text: bool,
}

impl Given<'_> {
    fn text(&self) -> Option<&str> {
        match self.value {
            ValueKind::String(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn number(&self) -> Option<u64> {
        match self.value {
            ValueKind::I64(number) => u64::try_from(*number).ok(),
            ValueKind::String(text) if self.is_text => text.parse().ok(),
            _ => None,
        }
    }

    /// A list; in the environment its items are separated by commas.
    fn texts(&self) -> Option<Vec<String>> {
        let texts: Vec<String> = match self.value {
            ValueKind::Array(items) => items.iter().map(item).collect::<Option<_>>()?,
            ValueKind::String(text) if self.is_text && text.is_empty() => Vec::new(),
            ValueKind::String(text) if self.is_text => {
                text.split(',').map(|item| item.trim().to_owned()).collect()
            }
            _ => return None,
        };
        (texts.len() <= MAX_ITEMS).then_some(texts)
    }
}

pub(super) fn path(given: Given<'_>) -> Result<PathBuf, String> {
    given.text().map(PathBuf::from).ok_or_else(|| "expected a path".to_owned())
}

pub(super) fn address(given: Given<'_>) -> Result<SocketAddr, String> {
    let address = given.text().and_then(|text| text.parse().ok());
    address
        .ok_or_else(|| "expected an IP address and a port, like `127.0.0.1:8642` or `[::1]:8642`".to_owned())
}

/// PostgreSQL without a password: settings are shown, and a password is not.
pub(super) fn database_url(given: Given<'_>) -> Result<String, String> {
    let expected = "expected `postgres://user@host/database` without a password: give that in PGPASSWORD or in a \
                    password file (PGPASSFILE)";
    let text = given.text().ok_or(expected)?;
    let url = Url::parse(text).map_err(|_| expected)?;
    let is_postgres = matches!(url.scheme(), "postgres" | "postgresql");
    let is_open = url.password().is_none() && url.query_pairs().all(|(name, _)| name != "password");
    (is_postgres && is_open).then(|| text.to_owned()).ok_or_else(|| expected.to_owned())
}

pub(super) fn environment(given: Given<'_>) -> Result<String, String> {
    let expected = "expected 1 to 16 of `a-z` and `0-9`, like `live`";
    let text = given.text().ok_or(expected)?;
    KeyEnvironment::new(text).map_err(|_| expected)?;
    Ok(text.to_owned())
}

pub(super) fn log_format(given: Given<'_>) -> Result<LogFormat, String> {
    match given.text() {
        Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        _ => Err("expected `text` or `json`".to_owned()),
    }
}

pub(super) fn log_level(given: Given<'_>) -> Result<LogLevel, String> {
    match given.text() {
        Some("error") => Ok(LogLevel::Error),
        Some("warn") => Ok(LogLevel::Warn),
        Some("info") => Ok(LogLevel::Info),
        Some("debug") => Ok(LogLevel::Debug),
        Some("trace") => Ok(LogLevel::Trace),
        _ => Err("expected `error`, `warn`, `info`, `debug` or `trace`".to_owned()),
    }
}

pub(super) fn flag(given: Given<'_>) -> Result<bool, String> {
    match given.value {
        ValueKind::Boolean(flag) => Ok(*flag),
        ValueKind::String(text) if given.is_text && text == "true" => Ok(true),
        ValueKind::String(text) if given.is_text && text == "false" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

pub(super) fn seconds(given: Given<'_>, most: u64) -> Result<u64, String> {
    let number = given.number().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("expected a whole number of seconds from 1 to {most}"))
}

pub(super) fn number(given: Given<'_>, range: &RangeInclusive<u64>) -> Result<u64, String> {
    let number = given.number().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("expected a whole number from {} to {}", range.start(), range.end()))
}

pub(super) fn count(given: Given<'_>, range: &RangeInclusive<u64>) -> Result<usize, String> {
    number(given, range).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

/// The name of a log and of its keys (c2sp.org/signed-note).
pub(super) fn log_origin(given: Given<'_>) -> Result<String, String> {
    let text = given.text().filter(|text| VerifierKey::new(*text, [0; 32]).is_ok());
    text.map(ToOwned::to_owned).ok_or_else(|| {
        "expected 1 to 255 bytes without spaces, `+` and control characters, like `gw.example/trail`"
            .to_owned()
    })
}

/// A URL without user, query and fragment: it is shown, and tokens belong into OTEL_EXPORTER_OTLP_HEADERS.
pub(super) fn collector(given: Given<'_>) -> Result<String, String> {
    if !cfg!(feature = "otlp") {
        return Err("expected none: this binary was built without the feature `otlp`".to_owned());
    }
    let expected = "expected a URL like `http://127.0.0.1:4318`, without user, query and fragment: give a token in \
                    OTEL_EXPORTER_OTLP_HEADERS";
    let text = given.text().ok_or(expected)?;
    let url = Url::parse(text).map_err(|_| expected)?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    let is_plain = is_plain && url.query().is_none() && url.fragment().is_none();
    let is_open = EgressRules::waiving([url.origin().ascii_serialization()]).is_ok();
    (is_plain && is_open).then(|| text.to_owned()).ok_or_else(|| expected.to_owned())
}

pub(super) fn waived_origins(given: Given<'_>) -> Result<Vec<String>, String> {
    let expected =
        "expected a list of exact origins like `http://127.0.0.1:8931`, in canonical form, without a path";
    each(given, expected, |origin| EgressRules::waiving([origin]).is_ok())
}

pub(super) fn hosts(given: Given<'_>) -> Result<Vec<String>, String> {
    each(given, "expected a list of host names like `gw.example` or `gw.example:8443`", is_host)
}

pub(super) fn origins(given: Given<'_>) -> Result<Vec<String>, String> {
    each(given, "expected a list of origins like `https://console.example`, without a path", is_origin)
}

/// This server as its callers see it.
pub(super) fn resource(given: Given<'_>) -> Result<String, String> {
    let origin = given.text().filter(|text| is_origin(text));
    let expected =
        "expected the origin under which callers know this server, like `https://gw.example`, without a path";
    origin.map(ToOwned::to_owned).ok_or_else(|| expected.to_owned())
}

/// What stands before the names of scopes: a part of a scope token (RFC 6749 section 3.3).
pub(super) fn scope_prefix(given: Given<'_>) -> Result<String, String> {
    let is_part = |text: &&str| {
        text.len() <= 256 && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
    };
    let expected = "expected at most 256 visible signs without quotes and backslashes, like `portcullis:`";
    given.text().filter(is_part).map(ToOwned::to_owned).ok_or_else(|| expected.to_owned())
}

/// Where people reach this server. The pages that they are sent to stand at the root.
pub(super) fn public_url(given: Given<'_>) -> Result<String, String> {
    let origin = given.text().map(|text| text.trim_end_matches('/')).filter(|text| is_origin(text));
    let expected =
        "expected the origin under which people reach this server, like `https://gw.example`, without a path";
    origin.map(ToOwned::to_owned).ok_or_else(|| expected.to_owned())
}

/// A client id that is the URL of a document (OAuth Client ID Metadata Document, section 3).
pub(super) fn client_document(given: Given<'_>) -> Result<String, String> {
    let is_id = |text: &&str| {
        let bare =
            |url: &Url| url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let is_one = |url: Url| url.scheme() == "https" && url.path() != "/" && bare(&url);
        text.len() <= 512 && Url::parse(text).is_ok_and(is_one)
    };
    let expected = "expected an https URL with a path, like `https://gw.example/connections/client.json`";
    given.text().filter(is_id).map(ToOwned::to_owned).ok_or_else(|| expected.to_owned())
}

/// A file of certificate authorities; read here so that a wrong one is found before anything starts.
pub(super) fn certificates(given: Given<'_>) -> Result<PathBuf, String> {
    let path = path(given)?;
    let is_small = fs::metadata(&path).is_ok_and(|facts| facts.is_file() && facts.len() <= MAX_CA_BYTES);
    let pem = is_small.then(|| fs::read(&path).ok()).flatten();
    let pem = pem.ok_or("expected a readable file of at most 4 MiB with certificates in PEM")?;
    TlsRoots::mozilla().with_pem(&pem).map(|_| path).map_err(|error| error.to_string())
}

fn each(given: Given<'_>, expected: &str, is_valid: impl Fn(&str) -> bool) -> Result<Vec<String>, String> {
    let texts = given.texts().ok_or_else(|| format!("{expected}; at most {MAX_ITEMS} of them"))?;
    match texts.iter().position(|text| !is_valid(text)) {
        Some(at) => Err(format!("item {}: {expected}", at + 1)),
        None => Ok(texts),
    }
}

fn is_origin(text: &str) -> bool {
    let is_it = |url: Url| url.origin().is_tuple() && url.origin().ascii_serialization() == text;
    Url::parse(text).is_ok_and(is_it)
}

/// A host with an optional port. No scheme, no user, no wildcard.
fn is_host(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else { return false };
    let host = authority.host();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte);
    let written = authority.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    !host.is_empty() && host.bytes().all(is_name) && written == text
}

fn item(value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::String(text) => Some(text.clone()),
        _ => None,
    }
}

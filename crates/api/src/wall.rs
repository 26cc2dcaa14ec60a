//! The wall against pages in a browser: `Host`, then `Origin`.
//!
//! A page whose name is rebound to our address sends its own name as `Host`; a page of another site sends its
//! `Origin`. Neither can forge them. Programs that are no browsers send no `Origin`.

use std::net::Ipv4Addr;

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use portcullis_schemas::codes;
use portcullis_schemas::{Error, ErrorKind};

/// Settings of the HTTP entry.
#[derive(Clone, Debug, Default)]
pub struct ApiOptions {
    /// Names under which this server is reached, as `gw.example` (any port) or `gw.example:8443`. Loopback names and
    /// addresses are always accepted: no page can send them but one that was loaded from there.
    pub allowed_hosts: Vec<String>,
    /// Origins whose pages may call and read the answers, as `https://console.example`. Besides the server's own, none
    /// unless listed.
    pub allowed_origins: Vec<String>,
    /// Under which URL people and agents reach this server, as `https://gw.example`: for the links that they are given.
    /// Unless set, each is given one of the host that it has named itself.
    pub public_url: Option<String>,
}

/// Judges a request by its headers, and by the authority of its target if that is in absolute form.
///
/// # Errors
/// `invalid_header`, denied, with the header's name.
pub(crate) fn check(options: &ApiOptions, parts: &Parts) -> Result<(), Error> {
    let mut hosts: Vec<_> = parts.headers.get_all(HOST).iter().map(|value| value.as_bytes()).collect();
    if hosts.len() > 1 {
        return Err(refused("host", "expected exactly one Host header"));
    }
    hosts.extend(parts.uri.authority().map(|authority| authority.as_str().as_bytes()));
    if hosts.is_empty() || !hosts.iter().all(|host| admits_host(&options.allowed_hosts, host)) {
        let rule = "expected a host that this server is known by: the operator lists them in `allowed_hosts`";
        return Err(refused("host", rule));
    }
    let origins = parts.headers.get_all(ORIGIN);
    let admits = |origin: &[u8]| {
        admits_origin(&options.allowed_origins, origin) || hosts.iter().all(|host| is_own(origin, host))
    };
    if !origins.iter().all(|origin| admits(origin.as_bytes())) {
        let rule = "expected no Origin header, this server's own, or one that the operator lists in `allowed_origins`";
        return Err(refused("origin", rule));
    }
    Ok(())
}

/// Whether a `Host` is on the list, or names this machine itself.
fn admits_host(allowed: &[String], host: &[u8]) -> bool {
    let Some((name, port)) = std::str::from_utf8(host).ok().and_then(split_port) else { return false };
    let listed = |entry: &String| match split_port(entry) {
        Some((listed, None)) => listed.eq_ignore_ascii_case(name),
        Some((listed, exact)) => listed.eq_ignore_ascii_case(name) && exact == port,
        None => false,
    };
    is_loopback(name) || allowed.iter().any(listed)
}

/// Whether the operator lists an origin.
pub(crate) fn admits_origin(allowed: &[String], origin: &[u8]) -> bool {
    allowed.iter().any(|entry| entry.as_bytes().eq_ignore_ascii_case(origin))
}

/// Whether a page was loaded from this very server. Its name was judged before: one that is rebound to us is refused.
fn is_own(origin: &[u8], host: &[u8]) -> bool {
    let schemes: [&[u8]; 2] = [b"http://", b"https://"];
    schemes.iter().filter_map(|scheme| origin.strip_prefix(*scheme)).any(|own| own.eq_ignore_ascii_case(host))
}

/// Whether a `Host`, with its port or without, names this machine itself.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    split_port(host).is_some_and(|(name, _)| is_loopback(name))
}

fn is_loopback(name: &str) -> bool {
    let is_ipv4 = || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    name.eq_ignore_ascii_case("localhost") || name == "[::1]" || is_ipv4()
}

/// `host` or `host:port` (RFC 9110 section 7.2); `None` for anything else.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let end = match text.strip_prefix('[') {
        Some(inner) => inner.find(']')? + 2,
        None => text.find(':').unwrap_or(text.len()),
    };
    let (name, rest) = text.split_at(end);
    let is_name =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'[' | b']' | b':');
    if name.is_empty() || !name.bytes().all(is_name) {
        return None;
    }
    match rest.strip_prefix(':') {
        None if rest.is_empty() => Some((name, None)),
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some((name, Some(port.parse().ok()?)))
        }
        _ => None,
    }
}

fn refused(header: &'static str, rule: &str) -> Error {
    Error::new(ErrorKind::Denied, codes::INVALID_HEADER, rule).with_field(header)
}

#[cfg(test)]
mod tests;

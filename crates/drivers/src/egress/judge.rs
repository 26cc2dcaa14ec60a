//! Judges a URL's text before any name is looked up. Pure.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Position, Url};

use super::address::{AddressClass, classify};
use super::host::{is_full_name, is_special_name};
use super::rules::EgressRules;

/// Most bytes of a URL.
const MAX_URL_BYTES: usize = 2048;
/// Ports that need no waiver.
const ALLOWED_PORTS: [u16; 2] = [443, 8443];

/// The rules, in the order in which they are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Only bytes 0x21 to 0x7e, no backslash, at most 2048 of them: what parsers read differently never gets parsed.
    Charset,
    /// A URL with a host, by the WHATWG standard.
    Parse,
    /// `https`.
    Scheme,
    /// No user information, not even an empty one.
    Userinfo,
    /// The host is written in its canonical form, as a full name or an address.
    HostForm,
    /// No IP address in place of a name.
    IpLiteral,
    /// 443 or 8443.
    Port,
    /// No special-use or local name.
    SpecialName,
    /// The name resolves, within the deadline, to at least one address.
    DnsFail,
    /// Every address that the name resolves to is global.
    Addr,
    /// A redirect's target keeps the rules.
    Redirect,
}

impl Rule {
    /// The rule's name, as it stands in [`EgressError::detail`](portcullis_schemas::egress::EgressError::detail).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Charset => "charset",
            Self::Parse => "parse",
            Self::Scheme => "scheme",
            Self::Userinfo => "userinfo",
            Self::HostForm => "host_form",
            Self::IpLiteral => "ip_literal",
            Self::Port => "port",
            Self::SpecialName => "special_name",
            Self::DnsFail => "dns_fail",
            Self::Addr => "addr",
            Self::Redirect => "redirect",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The first rule that a URL breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("egress rule `{rule}`")]
pub struct Refusal {
    /// The rule.
    pub rule: Rule,
    /// The class of the address that broke `ip_literal` or `addr`.
    pub class: Option<AddressClass>,
}

impl Refusal {
    pub(super) const fn of(rule: Rule) -> Self {
        Self { rule, class: None }
    }

    pub(super) const fn of_address(rule: Rule, class: AddressClass) -> Self {
        Self { rule, class: Some(class) }
    }
}

/// Where a judged URL leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A name that is still to be resolved, and every answer judged.
    Name(String),
    /// An address; only a waived origin has one.
    Address(IpAddr),
}

/// A URL that keeps every rule that its text can break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedUrl {
    url: Url,
    destination: Destination,
    port: u16,
    origin: String,
    waived: bool,
}

impl JudgedUrl {
    /// The URL in canonical form.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Name or address.
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Port, the scheme's own included.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Scheme, host and port in canonical form (RFC 6454).
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether the operator has waived the address rules for this origin.
    pub fn is_waived(&self) -> bool {
        self.waived
    }

    /// Whether the connection is made with TLS. False for waived origins with `http` alone.
    pub fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The URL in canonical form, up to the fragment, which is never sent.
    pub(super) fn without_fragment(&self) -> &str {
        &self.url[..Position::AfterQuery]
    }

    /// Path and query, as they stand in the request line.
    pub(super) fn path_and_query(&self) -> &str {
        &self.url[Position::BeforePath..Position::AfterQuery]
    }

    /// Host, and port unless it is the scheme's own, as they stand in `Host`.
    pub(super) fn authority(&self) -> &str {
        &self.url[Position::BeforeHost..Position::AfterPort]
    }

    pub(super) fn join(&self, reference: &str) -> Result<Url, url::ParseError> {
        self.url.join(reference)
    }
}

/// Judges the text of a URL. Never resolves a name.
///
/// # Errors
/// The first rule that it breaks, in the order of [`Rule`].
pub fn judge_url(text: &str, rules: &EgressRules) -> Result<JudgedUrl, Refusal> {
    if !is_plain(text) {
        return Err(Refusal::of(Rule::Charset));
    }
    let url = Url::parse(text).map_err(|_| Refusal::of(Rule::Parse))?;
    let origin = url.origin().ascii_serialization();
    let waived = rules.waives(&origin);
    let scheme_allowed = url.scheme() == "https" || (waived && url.scheme() == "http");
    if !scheme_allowed {
        return Err(Refusal::of(Rule::Scheme));
    }
    let (Some(host), Some(canonical), Some(port)) = (url.host(), url.host_str(), url.port_or_known_default())
    else {
        return Err(Refusal::of(Rule::Parse));
    };
    let authority = written_authority(text, url.scheme());
    if authority.contains('@') || !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::of(Rule::Userinfo));
    }
    if !written_host(authority).eq_ignore_ascii_case(canonical) {
        return Err(Refusal::of(Rule::HostForm));
    }
    let destination = match host {
        Host::Domain(name) => Destination::Name(name.to_owned()),
        Host::Ipv4(address) => Destination::Address(IpAddr::V4(address)),
        Host::Ipv6(address) => Destination::Address(IpAddr::V6(address)),
    };
    if !waived {
        judge_place(&destination, port)?;
    }
    Ok(JudgedUrl { destination, port, origin, waived, url })
}

/// The rules that a waiver lifts. A single-label name is allowed to a waived origin: the operator has spelled it.
fn judge_place(destination: &Destination, port: u16) -> Result<(), Refusal> {
    let name = match destination {
        Destination::Address(address) => {
            return Err(Refusal::of_address(Rule::IpLiteral, classify(*address)));
        }
        Destination::Name(name) => name,
    };
    if !is_full_name(name) {
        return Err(Refusal::of(Rule::HostForm));
    }
    if !ALLOWED_PORTS.contains(&port) {
        return Err(Refusal::of(Rule::Port));
    }
    if is_special_name(name) {
        return Err(Refusal::of(Rule::SpecialName));
    }
    Ok(())
}

/// Visible ASCII without backslash, short enough.
pub(super) fn is_plain(text: &str) -> bool {
    text.len() <= MAX_URL_BYTES && text.bytes().all(|byte| matches!(byte, 0x21..=0x7e) && byte != b'\\')
}

/// The authority as written: between `scheme://` and the next `/`, `?` or `#`. Empty when the slashes are not two,
/// which parsers repair in different ways.
fn written_authority<'a>(text: &'a str, scheme: &str) -> &'a str {
    let rest = text.get(scheme.len()..).and_then(|rest| rest.strip_prefix("://")).unwrap_or_default();
    &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())]
}

/// The host as written, its port cut off.
fn written_host(authority: &str) -> &str {
    let end = match authority.find(']') {
        Some(bracket) => bracket + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    &authority[..end]
}

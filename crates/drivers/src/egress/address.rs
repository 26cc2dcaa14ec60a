//! Which addresses are global: a class for every IP address.
//!
//! Sources: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890), RFC 4291, RFC 6052 (NAT64), RFC 3056
//! (6to4), RFC 4380 (Teredo), RFC 5214 (ISATAP). An IPv6 address that embeds an IPv4 one is never global, whatever
//! it embeds.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is for. Only [`Global`](Self::Global) may be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// Reachable by anyone, anywhere.
    Global,
    /// `0.0.0.0/8`; Linux connects `0.0.0.0` to the host itself.
    ThisNetwork,
    /// `::`.
    Unspecified,
    /// `127.0.0.0/8`, `::1`.
    Loopback,
    /// RFC 1918.
    Private,
    /// `100.64.0.0/10`, RFC 6598.
    Cgnat,
    /// `169.254.0.0/16`, `fe80::/10`: cloud metadata lives here.
    LinkLocal,
    /// `192.0.0.0/24`, `2001::/23`: protocol assignments.
    Ietf,
    /// Documentation.
    Doc,
    /// `198.18.0.0/15`, RFC 2544.
    Bench,
    /// `192.88.99.0/24`.
    SixToFourRelay,
    /// `192.31.196.0/24`, `192.175.48.0/24`: AS112 sinks.
    As112,
    /// `192.52.193.0/24`: multicast tunnelling.
    Amt,
    /// Multicast.
    Multicast,
    /// `240.0.0.0/4`, broadcast included.
    Reserved,
    /// A public address at which a cloud serves metadata: `168.63.129.16`.
    Metadata,
    /// `::ffff:0:0/96`.
    Mapped,
    /// `::/96`, deprecated.
    Compat,
    /// `64:ff9b::/96`, `64:ff9b:1::/48`.
    Nat64,
    /// `2002::/16`.
    SixToFour,
    /// `2001::/32`.
    Teredo,
    /// An interface id of `0:5efe:a.b.c.d` or `200:5efe:a.b.c.d`.
    Isatap,
    /// `fc00::/7`.
    Ula,
    /// `fec0::/10`, deprecated.
    SiteLocal,
    /// `100::/64`.
    Discard,
    /// IPv6 outside of `2000::/3` and of every range above.
    Unallocated,
}

impl AddressClass {
    /// The class in a word, as it stands in refusals and test corpora.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::ThisNetwork => "this_network",
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Cgnat => "cgnat",
            Self::LinkLocal => "link_local",
            Self::Ietf => "ietf",
            Self::Doc => "doc",
            Self::Bench => "bench",
            Self::SixToFourRelay => "6to4_relay",
            Self::As112 => "as112",
            Self::Amt => "amt",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
            Self::Metadata => "metadata",
            Self::Mapped => "mapped",
            Self::Compat => "compat",
            Self::Nat64 => "nat64",
            Self::SixToFour => "6to4",
            Self::Teredo => "teredo",
            Self::Isatap => "isatap",
            Self::Ula => "ula",
            Self::SiteLocal => "site_local",
            Self::Discard => "discard",
            Self::Unallocated => "unallocated",
        }
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The class of an address.
pub fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => classify_v6(address),
    }
}

/// Azure's WireServer: a public address, and so in no registry.
const WIRE_SERVER: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

fn classify_v4(address: Ipv4Addr) -> AddressClass {
    if address == WIRE_SERVER {
        return AddressClass::Metadata;
    }
    match address.octets() {
        [0, ..] => AddressClass::ThisNetwork,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressClass::Private,
        [100, 64..=127, ..] => AddressClass::Cgnat,
        [127, ..] => AddressClass::Loopback,
        [169, 254, ..] => AddressClass::LinkLocal,
        [192, 0, 0, _] => AddressClass::Ietf,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => AddressClass::Doc,
        [192, 31, 196, _] | [192, 175, 48, _] => AddressClass::As112,
        [192, 52, 193, _] => AddressClass::Amt,
        [192, 88, 99, _] => AddressClass::SixToFourRelay,
        [198, 18..=19, ..] => AddressClass::Bench,
        [224..=239, ..] => AddressClass::Multicast,
        [240..=255, ..] => AddressClass::Reserved,
        _ => AddressClass::Global,
    }
}

fn classify_v6(address: Ipv6Addr) -> AddressClass {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressClass::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressClass::Loopback,
        [0, 0, 0, 0, 0, 0xffff, ..] => AddressClass::Mapped,
        [0, 0, 0, 0, 0, 0, ..] => AddressClass::Compat,
        [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..] => AddressClass::Nat64,
        [0x100, 0, 0, 0, ..] => AddressClass::Discard,
        [0x2001, 0, ..] => AddressClass::Teredo,
        [0x2001, 0x0001..=0x01ff, ..] => AddressClass::Ietf,
        [0x2001, 0xdb8, ..] | [0x3fff, 0x0000..=0x0fff, ..] => AddressClass::Doc,
        [0x2002, ..] => AddressClass::SixToFour,
        [0xfc00..=0xfdff, ..] => AddressClass::Ula,
        [0xfe80..=0xfebf, ..] => AddressClass::LinkLocal,
        [0xfec0..=0xfeff, ..] => AddressClass::SiteLocal,
        [0xff00..=0xffff, ..] => AddressClass::Multicast,
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => AddressClass::Isatap,
        [0x2000..=0x3fff, ..] => AddressClass::Global,
        _ => AddressClass::Unallocated,
    }
}

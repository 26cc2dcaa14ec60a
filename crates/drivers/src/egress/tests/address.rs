//! Address classes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use crate::egress::{AddressClass, classify};

#[test]
fn edges_of_every_range() {
    for (class, addresses) in [
        ("this_network", "0.0.0.0 0.255.255.255"),
        ("global", "1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0"),
        ("private", "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255"),
        ("cgnat", "100.64.0.0 100.127.255.255"),
        ("loopback", "127.0.0.0 127.255.255.255 ::1"),
        ("link_local", "169.254.0.0 169.254.255.255 fe80:: febf::1 fe80::5efe:a00:1"),
        ("global", "169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0"),
        ("ietf", "192.0.0.0 192.0.0.255 2001:1:: 2001:1ff:ffff:ffff:: 2001:20::1"),
        ("doc", "192.0.2.0 198.51.100.255 203.0.113.1 2001:db8:: 3fff:: 3fff:fff:ffff::"),
        ("as112", "192.31.196.1 192.175.48.1"),
        ("amt", "192.52.193.1"),
        ("6to4_relay", "192.88.99.0 192.88.99.255"),
        ("bench", "198.18.0.0 198.19.255.255"),
        ("global", "198.17.255.255 198.20.0.0 223.255.255.255 168.63.129.15 168.63.129.17"),
        ("multicast", "224.0.0.0 239.255.255.255 ff00:: ff02::1"),
        ("reserved", "240.0.0.0 255.255.255.255"),
        ("metadata", "168.63.129.16"),
        ("unspecified", "::"),
        ("mapped", "::ffff:8.8.8.8 ::ffff:127.0.0.1"),
        ("compat", "::8.8.8.8 ::7f00:1"),
        ("nat64", "64:ff9b::8.8.8.8 64:ff9b:1::1 64:ff9b:1:ffff::1"),
        ("unallocated", "64:ff9b:2::1 4000:: 1fff::1 5f00::1 100:0:0:1::1 ::ffff:0:1.2.3.4"),
        ("discard", "100:: 100::ffff"),
        ("teredo", "2001:: 2001:0:ffff::1"),
        ("6to4", "2002:808:808::1"),
        ("isatap", "2606:4700::5efe:a00:1 2606:4700::200:5efe:a00:1"),
        ("ula", "fc00:: fdff::1"),
        ("site_local", "fec0:: feff::1"),
        ("global", "2000:: 2001:200:: 2001:4860:4860::8888 2606:4700:4700::1111 3ffe::1 3fff:1000::1"),
    ] {
        for address in addresses.split(' ') {
            assert_eq!(classify(address.parse().unwrap()).as_str(), class, "{address}");
        }
    }
}

proptest! {
    /// An IPv6 address that embeds an IPv4 one is never global, whatever it embeds.
    #[test]
    fn embedded_addresses_are_never_global(inner in any::<u32>()) {
        let [a, b, c, d] = inner.to_be_bytes();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        for segments in [
            [0, 0, 0, 0, 0, 0xffff, high, low],
            [0, 0, 0, 0, 0, 0, high, low],
            [0x64, 0xff9b, 0, 0, 0, 0, high, low],
            [0x2002, high, low, 0, 0, 0, 0, 1],
            [0x2606, 0x4700, 0, 0, 0, 0x5efe, high, low],
        ] {
            let address = IpAddr::V6(Ipv6Addr::from(segments));
            prop_assert_ne!(classify(address), AddressClass::Global, "{}", address);
        }
    }

    /// Whatever the standard library knows to be local is not global here.
    #[test]
    fn local_v4_is_never_global(bits in any::<u32>()) {
        let address = Ipv4Addr::from(bits);
        let local = address.is_private() || address.is_loopback() || address.is_link_local()
            || address.is_multicast() || address.is_unspecified() || address.is_documentation();
        prop_assert!(!local || classify(IpAddr::V4(address)) != AddressClass::Global);
    }
}

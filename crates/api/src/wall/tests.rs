//! Hosts and origins that are let through and refused.

use http::Request;

use super::*;

fn options() -> ApiOptions {
    ApiOptions {
        allowed_hosts: vec!["gw.example".to_owned(), "Pinned.Example:8443".to_owned()],
        allowed_origins: vec!["https://console.example".to_owned()],
        ..ApiOptions::default()
    }
}

/// The header that is refused, or nothing.
fn verdict(uri: &str, headers: &[(&str, &str)]) -> Option<String> {
    let mut request = Request::builder().uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    check(&options(), &parts).err().map(|error| error.field().unwrap().to_owned())
}

#[test]
fn hosts() {
    let table = [
        ("gw.example", true),
        ("GW.EXAMPLE", true),
        ("gw.example:1", true),
        ("pinned.example:8443", true),
        ("localhost", true),
        ("LocalHost:8080", true),
        ("127.0.0.1", true),
        ("127.9.9.9:80", true),
        ("[::1]:8080", true),
        ("pinned.example", false),
        ("pinned.example:443", false),
        ("evil.example", false),
        ("gw.example.evil.example", false),
        ("evil-gw.example", false),
        ("gw.example.", false),
        ("gw.example:", false),
        ("gw.example:x", false),
        ("gw.example:99999", false),
        ("gw.example:1:2", false),
        ("gw.example@evil.example", false),
        ("evil.example#gw.example", false),
        ("localhost.evil.example", false),
        ("127.0.0.1.nip.example", false),
        ("0.0.0.0", false),
        ("127.1", false),
        ("[::ffff:127.0.0.1]", false),
        ("[::1", false),
        ("", false),
    ];
    for (host, admitted) in table {
        assert_eq!(verdict("/", &[("host", host)]).is_none(), admitted, "{host}");
    }
}

#[test]
fn origins_are_judged_apart_from_hosts() {
    let table = [
        ("https://console.example", None),
        ("https://console.example:444", Some("origin")),
        ("http://console.example", Some("origin")),
        ("https://console.example.evil.example", Some("origin")),
        ("http://gw.example", None),
        ("https://GW.example", None),
        ("https://gw.example:444", Some("origin")),
        ("http://localhost:8080", Some("origin")),
        ("null", Some("origin")),
        ("", Some("origin")),
    ];
    for (origin, refused) in table {
        let found = verdict("/", &[("host", "gw.example"), ("origin", origin)]);
        assert_eq!(found.as_deref(), refused, "{origin}");
    }
    let both = [("host", "evil.example"), ("origin", "https://console.example")];
    assert_eq!(verdict("/", &both).as_deref(), Some("host"));
}

#[test]
fn a_request_names_one_host() {
    assert_eq!(verdict("/", &[]).as_deref(), Some("host"));
    assert_eq!(verdict("/", &[("host", "gw.example"), ("host", "gw.example")]).as_deref(), Some("host"));
    assert_eq!(verdict("http://evil.example/", &[("host", "gw.example")]).as_deref(), Some("host"));
    assert_eq!(verdict("http://gw.example/", &[("host", "gw.example")]), None);
    let two =
        [("host", "gw.example"), ("origin", "https://console.example"), ("origin", "https://evil.example")];
    assert_eq!(verdict("/", &two).as_deref(), Some("origin"));
}
